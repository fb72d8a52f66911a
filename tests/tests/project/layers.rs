//! Imports of the runtime crate point down: see `layers.txt`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use syn::{Attribute, File, Item, Meta, UseTree, visit_mut::VisitMut};

/// What `layers.txt` says: the layer of each module, and the layers that each layer may import.
struct Table {
    layer: BTreeMap<String, u8>,
    may_import: BTreeMap<u8, BTreeSet<u8>>,
}

impl Table {
    fn parse(text: &str) -> Self {
        let (mut layer, mut may_import) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (left, right) = line.split_once(':').expect("a colon in each line");
            let mut left = left.split_whitespace();
            let number: u8 = left
                .next()
                .and_then(|number| number.parse().ok())
                .expect("a layer first");
            left.for_each(|module| {
                assert!(
                    layer.insert(module.to_owned(), number).is_none(),
                    "{module} stands twice"
                );
            });
            may_import.insert(
                number,
                right
                    .split_whitespace()
                    .map(|number| number.parse().unwrap())
                    .collect(),
            );
        }
        Self { layer, may_import }
    }

    /// Says what is wrong with an import, if anything is.
    fn check(&self, from: &str, to: &str) -> Result<(), String> {
        let layer = |module: &str| {
            self.layer
                .get(module)
                .copied()
                .ok_or(format!("`{module}` has no layer"))
        };
        let (low, high) = (layer(to)?, layer(from)?);
        match from == to || self.may_import[&high].contains(&low) {
            true => Ok(()),
            false => Err(format!(
                "`{from}` (layer {high}) imports `{to}` (layer {low})"
            )),
        }
    }
}

/// A source file without its tests.
struct Source {
    path: PathBuf,
    /// The modules that it stands in, outermost first; empty for the crate's root.
    module: Vec<String>,
    file: File,
}

fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition: String = list.tokens.to_string().split_whitespace().collect();
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    })
}

struct WithoutTests;

impl VisitMut for WithoutTests {
    fn visit_file_mut(&mut self, file: &mut File) {
        self.prune(&mut file.items);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            self.prune(items);
        }
    }
}

impl WithoutTests {
    fn prune(&mut self, items: &mut Vec<Item>) {
        items.retain(|item| match item {
            Item::Mod(module) => !is_test_only(&module.attrs),
            Item::Use(import) => !is_test_only(&import.attrs),
            Item::Fn(function) => !is_test_only(&function.attrs),
            Item::Impl(block) => !is_test_only(&block.attrs),
            _ => true,
        });
        items.iter_mut().for_each(|item| self.visit_item_mut(item));
    }
}

/// Reads the file of a module and those of the modules that it declares.
fn read(path: &Path, module: &[String], sources: &mut Vec<Source>) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file =
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    WithoutTests.visit_file_mut(&mut file);
    let own_folder = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib") => path
            .parent()
            .expect("a file lies in a folder")
            .to_path_buf(),
        _ => path.with_extension(""),
    };
    for item in &file.items {
        if let Item::Mod(inner) = item
            && inner.content.is_none()
        {
            let name = inner.ident.to_string();
            let candidates = [
                own_folder.join(format!("{name}.rs")),
                own_folder.join(&name).join("mod.rs"),
            ];
            let found = candidates.iter().find(|candidate| candidate.exists());
            let found =
                found.unwrap_or_else(|| panic!("{}: no file of `mod {name}`", path.display()));
            read(found, &[module, &[name]].concat(), sources);
        }
    }
    sources.push(Source {
        path: path.to_path_buf(),
        module: module.to_vec(),
        file,
    });
}

/// The names that the crate's root re-exports, each with the module that it comes from.
fn reexports(root: &File) -> BTreeMap<String, String> {
    fn names(tree: &UseTree, module: &str, found: &mut BTreeMap<String, String>) {
        match tree {
            UseTree::Path(path) => names(&path.tree, module, found),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|item| names(item, module, found)),
            UseTree::Name(name) => drop(found.insert(name.ident.to_string(), module.to_owned())),
            UseTree::Rename(name) => drop(found.insert(name.rename.to_string(), module.to_owned())),
            UseTree::Glob(_) => {}
        }
    }
    let mut found = BTreeMap::new();
    for item in &root.items {
        match item {
            Item::Use(import) => {
                if let UseTree::Path(path) = &import.tree {
                    names(&path.tree, &path.ident.to_string(), &mut found);
                }
            }
            // The root's own `Result` names the error of layer 1.
            Item::Type(alias) => drop(found.insert(alias.ident.to_string(), "error".into())),
            _ => {}
        }
    }
    found
}

/// Collects the first names of all paths that begin at the crate's root, inside macros too.
fn names_from_root(tokens: TokenStream, depth: usize, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            names_from_root(group.stream(), depth, found);
        }
        let ident = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        };
        let colons = |at: usize| {
            let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
            colon(at) && colon(at + 1)
        };
        let after_path = at >= 2 && colons(at - 2);
        // In `$crate` the macro's caller stands, wherever that is; a path is looked at from its
        // start.
        let after_dollar =
            at >= 1 && matches!(&tokens[at - 1], TokenTree::Punct(punct) if punct.as_char() == '$');
        if after_path || after_dollar {
            continue;
        }
        let mut next = at;
        match ident(at).as_deref() {
            Some("crate") if colons(at + 1) => next = at + 3,
            Some("super") => {
                let mut steps = 0;
                while ident(next).as_deref() == Some("super") && colons(next + 1) {
                    (next, steps) = (next + 3, steps + 1);
                }
                if steps < depth {
                    continue;
                }
            }
            _ => continue,
        }
        match tokens.get(next) {
            Some(TokenTree::Ident(name)) => drop(found.insert(name.to_string())),
            Some(TokenTree::Group(group)) => found.extend(first_names(group.stream())),
            _ => {}
        }
    }
}

/// The first name of each path in the braces of a `use`.
fn first_names(group: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut at_start = true;
    for token in group {
        match &token {
            TokenTree::Ident(ident) if at_start => names.push(ident.to_string()),
            _ => {}
        }
        at_start = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
    }
    names
}

/// Everything that is wrong with the crate whose root file this is.
fn violations(root: &Path, table: &Table) -> (usize, Vec<String>) {
    let mut sources = Vec::new();
    read(root, &[], &mut sources);
    let aliases = reexports(
        &sources
            .iter()
            .find(|source| source.module.is_empty())
            .expect("a root")
            .file,
    );
    let (mut imports, mut wrong) = (0, Vec::new());
    for source in sources.iter().filter(|source| !source.module.is_empty()) {
        let from = &source.module[0];
        let mut names = BTreeSet::new();
        names_from_root(
            source.file.to_token_stream(),
            source.module.len(),
            &mut names,
        );
        for name in names {
            let to = if table.layer.contains_key(&name) {
                Some(&name)
            } else {
                aliases.get(&name)
            };
            // What is neither a module nor re-exported is a macro: it lives wherever it is used.
            let Some(to) = to else { continue };
            imports += 1;
            if let Err(problem) = table.check(from, to) {
                wrong.push(format!(
                    "{}: {problem}, by the name `{name}`",
                    source.path.display()
                ));
            }
        }
    }
    let modules: BTreeSet<&String> = sources
        .iter()
        .filter_map(|source| source.module.first())
        .collect();
    wrong.extend(
        modules
            .iter()
            .filter(|module| !table.layer.contains_key(**module))
            .map(|module| format!("module `{module}` stands in no line of layers.txt")),
    );
    (imports, wrong)
}

fn table() -> Table {
    Table::parse(include_str!("layers.txt"))
}

#[test]
fn imports_of_the_runtime_crate_point_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/lib.rs");
    let (imports, wrong) = violations(&root, &table());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(
        imports > 20,
        "only {imports} imports were found: the scan is blind"
    );
}

#[test]
fn the_architecture_page_shows_every_module_in_its_layer() {
    let page = include_str!("../../../ARCHITECTURE.md");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src");
    let exists = |module: &str| {
        source.join(module).is_dir() || source.join(format!("{module}.rs")).is_file()
    };
    let table = table();
    let modules: Vec<_> = table
        .layer
        .iter()
        .filter(|(module, _)| exists(module))
        .collect();
    assert!(modules.len() > 10, "{modules:?}");
    for (module, layer) in modules {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {layer} ")));
        let row = row.unwrap_or_else(|| panic!("no row for layer {layer}"));
        assert!(
            row.contains(&format!("`{module}`")),
            "`{module}` is missing in: {row}"
        );
    }
}

#[test]
fn imports_upwards_and_between_policies_are_found_however_they_are_written() {
    let found = |from: &str, code: &str| {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lib.rs");
        fs::create_dir(folder.path().join(from)).unwrap();
        fs::write(
            &root,
            format!("mod {from}; pub use health::health_check; pub use error::AppError;"),
        )
        .unwrap();
        fs::write(folder.path().join(from).join("mod.rs"), "mod inner;").unwrap();
        fs::write(folder.path().join(from).join("inner.rs"), code).unwrap();
        violations(&root, &table()).1.len()
    };
    assert_eq!(
        found(
            "breaker",
            "use crate::error::AppError; use crate::time; use super::config;"
        ),
        0
    );
    assert_eq!(found("breaker", "use crate::retry::Retry;"), 1);
    assert_eq!(
        found(
            "breaker",
            "use crate::{error::{self, x}, monitor::stats, retry};"
        ),
        2
    );
    assert_eq!(
        found("breaker", "fn f() { crate::health_check().run() }"),
        1
    );
    assert_eq!(
        found("breaker", "fn f() { vec![crate::boundary::x()]; }"),
        1
    );
    assert_eq!(found("retry", "use super::super::breaker;"), 1);
    assert_eq!(
        found("error", "#[cfg(test)] mod tests { use crate::breaker::X; }"),
        0
    );
    assert_eq!(found("error", "#[cfg(test)] use crate::breaker::X;"), 0);
    assert_eq!(
        found("error", "macro_rules! m { () => { $crate::health::x() } }"),
        0
    );
    assert_eq!(found("monitor", "use crate::breaker;"), 1);
    assert_eq!(found("__private", "use crate::{breaker, health};"), 0);
    assert_eq!(found("attic", "fn f() {}"), 1, "a module without a layer");
}
