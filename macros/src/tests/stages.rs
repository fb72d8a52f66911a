//! Stages: each file imports only from earlier ones.

use super::coverage::files;
use proc_macro2::{TokenStream, TokenTree};
use std::{collections::BTreeSet, fs, path::Path};

/// The modules of each stage, which do not import each other.
const STAGES: &[&[&str]] = &[
    &["diag", "foreign_attributes", "groups", "span", "tokens"],
    &["args"],
    &["krate"],
    &["model"],
    &["policy"],
    &["check"],
    &["block", "coded", "expand", "health"],
    &["lib"],
];

fn stage_of(module: &str) -> Option<usize> {
    STAGES.iter().position(|stage| stage.contains(&module))
}

/// Collects the modules after `crate::`, also within the braces of a `use`.
fn modules_named_in(tokens: TokenStream, into: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (place, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            modules_named_in(group.stream(), into);
        }
        let is_root = matches!(token, TokenTree::Ident(word) if word == "crate");
        let colons = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if !is_root || !colons(tokens.get(place + 1)) || !colons(tokens.get(place + 2)) {
            continue;
        }
        match tokens.get(place + 3) {
            Some(TokenTree::Ident(module)) => drop(into.insert(module.to_string())),
            Some(TokenTree::Group(group)) => {
                let mut is_first = true;
                for token in group.stream() {
                    match token {
                        TokenTree::Ident(module) if is_first => {
                            into.insert(module.to_string());
                            is_first = false;
                        }
                        TokenTree::Punct(punct) => is_first = punct.as_char() == ',',
                        _ => is_first = false,
                    }
                }
            }
            _ => {}
        }
    }
}

/// Returns the imports of a module that are not of an earlier stage.
fn late_imports(module: &str, text: &str) -> Vec<String> {
    // Unit tests at the end of a file may use any stage.
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let mut imports = BTreeSet::new();
    modules_named_in(text.parse().unwrap(), &mut imports);
    imports.remove(module);
    let is_late = |import: &String| stage_of(import) >= stage_of(module);
    imports.into_iter().filter(is_late).collect()
}

#[test]
fn every_file_imports_only_from_earlier_stages() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in files(&source, "rs") {
        let inner = file.strip_prefix(&source).unwrap().with_extension("");
        let module = inner.iter().next().unwrap().to_string_lossy();
        let is_test = inner
            .iter()
            .any(|part| part == "tests" || part == "snapshots");
        if is_test {
            continue;
        }
        if stage_of(&module).is_none() {
            wrong.push(format!("`{module}` stands in no stage"));
        }
        let text = fs::read_to_string(&file).unwrap();
        for import in late_imports(&module, &text) {
            wrong.push(format!("{}: imports `{import}`", inner.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn late_imports_are_found_in_use_items_braces_and_paths() {
    assert_eq!(
        late_imports("policy", "use crate::check::function;"),
        ["check"]
    );
    assert_eq!(
        late_imports(
            "args",
            "use crate::{diag::Diag, model::{Function, policy}, span::at};"
        ),
        ["model"]
    );
    assert_eq!(
        late_imports("model", "fn f() { crate::expand::attribute() }"),
        ["expand"]
    );
    assert_eq!(
        late_imports("expand", "use crate::block::error_boundary;"),
        ["block"]
    );
    assert!(late_imports("check", "use crate::{args::Args, check::moved, policy};").is_empty());
}
