//! Imports of the runtime crate: down the layers of `layers.txt`, from the module that defines the
//! item, and without circles between modules.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
};
use syn::{Attribute, Item, ItemUse, Meta, UseTree, visit_mut::VisitMut};

/// The layer of each module, and the layers that each layer may import.
struct Layers {
    of_module: BTreeMap<String, u8>,
    may_import: BTreeMap<u8, BTreeSet<u8>>,
}

impl Layers {
    fn parse(text: &str) -> Self {
        let (mut of_module, mut may_import) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (left, right) = line.split_once(':').expect("a colon in each line");
            let mut left = left.split_whitespace();
            let layer: u8 = left
                .next()
                .and_then(|number| number.parse().ok())
                .expect("a layer first");
            for module in left {
                let before = of_module.insert(module.to_owned(), layer);
                assert!(before.is_none(), "{module} has two layers");
            }
            let allowed = right
                .split_whitespace()
                .map(|number| number.parse().unwrap());
            may_import.insert(layer, allowed.collect());
        }
        Self {
            of_module,
            may_import,
        }
    }

    /// Returns the rule that an import from one module to another breaks.
    fn violation(&self, from: &str, to: &str) -> Option<String> {
        let Some(high) = self.of_module.get(from) else {
            return Some(format!("`{from}` is in no line of layers.txt"));
        };
        let Some(low) = self.of_module.get(to) else {
            // Macros that are exported for generated code have no other path.
            return (!to.starts_with("__")).then(|| {
                format!(
                    "`crate::{to}` is no module: import the item from the module that defines it"
                )
            });
        };
        let is_legal = from == to || self.may_import[high].contains(low);
        (!is_legal).then(|| format!("`{from}` (layer {high}) imports `{to}` (layer {low})"))
    }
}

/// A path from the crate's root, `["error", "AppError"]` for `crate::error::AppError`.
type ModulePath = Vec<String>;

/// The imports of one file outside of its tests: the name that each introduces, and its path.
#[derive(Default)]
struct Imports {
    module: ModulePath,
    children: BTreeSet<String>,
    found: Vec<(String, ModulePath)>,
}

impl Imports {
    fn of_file(module: ModulePath, text: &str) -> syn::Result<Self> {
        let mut file = syn::parse_file(text)?;
        let children = file.items.iter().filter_map(|item| match item {
            Item::Mod(child) => Some(child.ident.to_string()),
            _ => None,
        });
        let mut imports = Self {
            children: children.collect(),
            module,
            found: Vec::new(),
        };
        imports.visit_file_mut(&mut file);
        Ok(imports)
    }

    fn add(&mut self, tree: &UseTree, before: &mut ModulePath) {
        let (name, alias) = match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add(&path.tree, before);
                before.pop();
                return;
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.add(item, before));
                return;
            }
            UseTree::Glob(_) => (None, String::new()),
            UseTree::Name(name) => (Some(&name.ident), name.ident.to_string()),
            UseTree::Rename(name) => (Some(&name.ident), name.rename.to_string()),
        };
        let names = before
            .iter()
            .cloned()
            .chain(name.map(ToString::to_string).filter(|name| name != "self"));
        let path: ModulePath = names.collect();
        if let Some(path) = self.absolute(&path) {
            self.found.push((alias, path));
        }
    }

    /// Returns the path from the crate's root; `None` for a path into another crate.
    fn absolute(&self, path: &[String]) -> Option<ModulePath> {
        let supers = path.iter().take_while(|name| *name == "super").count();
        let start = match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "super" => self.module.len().checked_sub(supers)?,
            "self" => return Some([&self.module, &path[1..]].concat()),
            name if self.children.contains(name) => self.module.len(),
            _ => return None,
        };
        Some([&self.module[..start], &path[supers..]].concat())
    }
}

impl VisitMut for Imports {
    fn visit_item_use_mut(&mut self, import: &mut ItemUse) {
        if !is_test_only(&import.attrs) {
            self.add(&import.tree, &mut Vec::new());
        }
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if !is_test_only(&module.attrs) {
            self.module.push(module.ident.to_string());
            syn::visit_mut::visit_item_mod_mut(self, module);
            self.module.pop();
        }
    }
}

fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition.starts_with("test") || condition.starts_with("all (test")
        }
        _ => false,
    })
}

/// Bound on the re-exports that a path is followed through.
const MOST_RE_EXPORTS: usize = 8;

/// The files of a crate by module.
struct Source(BTreeMap<ModulePath, Imports>);

impl Source {
    /// Reads a folder and those below it, without the files of unit tests.
    fn read(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        Self::read_into(folder, &Vec::new(), &mut files);
        Self(files)
    }

    fn read_into(folder: &Path, module: &ModulePath, files: &mut BTreeMap<ModulePath, Imports>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let child = [&module[..], &[name.to_owned()]].concat();
            if name.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                Self::read_into(&path, &child, files);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let module = match name {
                "lib" => continue,
                "mod" => module.clone(),
                _ => child,
            };
            let text = fs::read_to_string(&path).unwrap();
            let imports = Imports::of_file(module.clone(), &text);
            files.insert(
                module,
                imports.unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            );
        }
    }

    /// Returns the module of the file that defines the item at a path, through re-exports.
    fn defining(&self, path: &[String], steps: usize) -> Option<ModulePath> {
        if self.0.contains_key(path) {
            return Some(path.to_vec());
        }
        let (name, parent) = path.split_last()?;
        let Some(imports) = self.0.get(parent) else {
            return self.defining(parent, steps);
        };
        match imports.found.iter().find(|(alias, _)| alias == name) {
            Some((_, origin)) if steps > 0 => self.defining(origin, steps - 1),
            _ => Some(parent.to_vec()),
        }
    }

    /// Returns for each file the files that it imports from.
    fn graph(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let targets = |imports: &Imports| {
            let paths = imports.found.iter().map(|(_, path)| path);
            let files = paths.filter_map(|path| self.defining(path, MOST_RE_EXPORTS));
            files.filter(|file| *file != imports.module).collect()
        };
        self.0
            .iter()
            .map(|(module, imports)| (module, targets(imports)))
            .collect()
    }

    /// Returns the imports from one top-level module to another that close a circle of files, each
    /// with the way back.
    fn circles(&self) -> Vec<String> {
        let graph = self.graph();
        let way = |from: &ModulePath, to: &ModulePath| -> Option<Vec<ModulePath>> {
            let mut ways = VecDeque::from([vec![from.clone()]]);
            let mut seen = BTreeSet::from([from.clone()]);
            while let Some(way) = ways.pop_front() {
                let last = way.last()?;
                if last == to {
                    return Some(way);
                }
                for next in graph.get(last).into_iter().flatten() {
                    if seen.insert(next.clone()) {
                        ways.push_back([&way[..], std::slice::from_ref(next)].concat());
                    }
                }
            }
            None
        };
        let across = graph
            .iter()
            .flat_map(|(from, files)| files.iter().map(move |to| (*from, to)))
            .filter(|(from, to)| from.first() != to.first());
        let circles = across.filter_map(|(from, to)| {
            let back = way(to, from)?;
            let names = back.iter().map(|module| module.join("::"));
            let names: Vec<String> = [from.join("::")].into_iter().chain(names).collect();
            Some(names.join(" -> "))
        });
        circles.collect()
    }

    /// Returns every import that breaks a rule of the layers.
    fn violations(&self, layers: &Layers) -> Vec<String> {
        let mut violations = Vec::new();
        for imports in self.0.values() {
            let targets = imports.found.iter().filter_map(|(_, path)| path.first());
            for target in targets.collect::<BTreeSet<_>>() {
                let broken = layers.violation(&imports.module[0], target);
                violations
                    .extend(broken.map(|rule| format!("{}: {rule}", imports.module.join("::"))));
            }
        }
        violations
    }
}

fn layers() -> Layers {
    Layers::parse(include_str!("layers.txt"))
}

fn runtime() -> Source {
    Source::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src"))
}

#[test]
fn imports_of_the_runtime_crate_point_down() {
    let source = runtime();
    let imports: usize = source.0.values().map(|file| file.found.len()).sum();
    assert!(imports > 500, "only {imports} imports were found");
    let violations = source.violations(&layers());
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// The one place where two modules need each other: a frame keeps the rejections of the calls
/// inside it, and a rejection that is dropped notifies its frame. A function pointer between the
/// two would hide that, and cost every rejection an indirect call.
const ENTWINED: [&str; 2] = ["call::current", "error::rejection"];

#[test]
fn files_of_different_modules_import_each_other_in_no_circle() {
    let mut circles = runtime().circles();
    let all = circles.len();
    circles.retain(|circle| !ENTWINED.iter().all(|file| circle.contains(file)));
    assert!(circles.is_empty(), "\n{}\n", circles.join("\n"));
    assert!(all > 0, "the exception is not needed any more");
}

#[test]
fn architecture_page_lists_every_module_in_its_layer() {
    let page = include_str!("../../../ARCHITECTURE.md");
    let source = runtime();
    let modules: BTreeSet<&String> = source.0.keys().filter_map(|path| path.first()).collect();
    assert!(modules.len() > 10, "{modules:?}");
    for module in modules {
        let layer = layers().of_module[module];
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {layer} ")))
            .unwrap_or_else(|| panic!("no row for layer {layer}"));
        assert!(
            row.contains(&format!("`{module}`")),
            "`{module}` is missing in: {row}"
        );
    }
}

/// A crate of files with the given modules and texts.
fn source(files: &[(&str, &str)]) -> Source {
    let files = files.iter().map(|(module, text)| {
        let module: ModulePath = module.split("::").map(str::to_owned).collect();
        (module.clone(), Imports::of_file(module, text).unwrap())
    });
    Source(files.collect())
}

#[test]
fn imports_upwards_between_policies_and_through_the_root_are_violations() {
    let found = |module: &str, text: &str| source(&[(module, text)]).violations(&layers()).len();
    let legal = "use crate::error::AppError; use crate::time; use super::config; use std::fmt;";
    assert_eq!(found("breaker::inner", legal), 0);
    assert_eq!(found("breaker::inner", "use crate::retry::Retry;"), 1);
    let both = "use crate::{error::{self, x}, monitor::stats, retry};";
    assert_eq!(found("breaker::inner", both), 2);
    assert_eq!(found("breaker::inner", "use super::super::retry;"), 1);
    assert_eq!(
        found("breaker::inner", "fn f() { use crate::health::x; }"),
        1
    );
    assert_eq!(found("monitor", "use crate::breaker;"), 1);
    assert_eq!(found("breaker", "use crate::AppError;"), 1);
    assert_eq!(
        found("error", "#[cfg(test)] mod tests { use crate::breaker::X; }"),
        0
    );
    assert_eq!(found("error", "#[cfg(test)] use crate::breaker::X;"), 0);
    assert_eq!(found("__private", "use crate::{breaker, health};"), 0);
    assert_eq!(found("attic", "use crate::time;"), 1, "no layer");
}

#[test]
fn circles_are_found_through_re_exports_and_only_between_modules() {
    let found = |files: &[_]| source(files).circles();
    let event = (
        "event",
        "mod bus; mod kinds; pub use bus::emit; pub use kinds::Kind;",
    );
    let call = ("call", "use crate::event::emit;");
    let apart = [
        event,
        call,
        ("event::bus", ""),
        ("event::kinds", "use crate::call::Frame;"),
    ];
    assert_eq!(found(&apart), [""; 0]);
    let circle = [
        event,
        call,
        ("event::bus", "use crate::call::Frame;"),
        ("event::kinds", ""),
    ];
    assert_eq!(
        found(&circle),
        [
            "call -> event::bus -> call",
            "event::bus -> call -> event::bus"
        ]
    );
    let within = [
        event,
        ("event::bus", "use super::kinds::Kind;"),
        ("event::kinds", "use super::bus::emit;"),
    ];
    assert_eq!(found(&within), [""; 0]);
}
