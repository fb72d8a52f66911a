//! Every field that the library logs is in the catalogue of names.

use super::monitoring_page::fields;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const MACROS: [&str; 6] = ["event", "trace", "debug", "info", "warn", "error"];

/// The names of the fields in what stands between the parentheses of one of `tracing`'s macros.
fn fields_of(arguments: TokenStream, into: &mut BTreeSet<String>) {
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',');
    let arguments: Vec<TokenTree> = arguments.into_iter().collect();
    for argument in arguments.split(is_comma) {
        let mut name = String::new();
        match argument {
            // All fields stand in braces.
            [TokenTree::Group(group)] if group.delimiter() == Delimiter::Brace => {
                fields_of(group.stream(), into);
            }
            // One of which a part is no identifier.
            [TokenTree::Literal(text), TokenTree::Punct(equals), ..] if equals.as_char() == '=' => {
                into.insert(text.to_string().trim_matches('"').to_owned());
            }
            _ => {}
        }
        let mut rest = argument.iter().peekable();
        // `%value` and `?value` are fields named after the value.
        let is_sigil = |token: &&TokenTree| matches!(token, TokenTree::Punct(it) if "%?".contains(it.as_char()));
        let has_sigil = rest.next_if(|token| is_sigil(token)).is_some();
        while let Some(token) = rest.next_if(|token| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(dot) => dot.as_char() == '.',
            _ => false,
        }) {
            name.push_str(&token.to_string());
        }
        let is_alone = rest.peek().is_none() && !name.contains('.');
        let is_set = matches!(rest.peek(), Some(TokenTree::Punct(it)) if it.as_char() == '=');
        // `target:` has a colon, a level a path, and a message is a literal.
        // The name of a span is a constant.
        let is_field = name.contains(char::is_lowercase);
        if is_field && (is_set || has_sigil || is_alone) {
            into.insert(name);
        }
    }
}

/// Looks for `tracing::macro!(..)` at any depth, also inside of other macros.
fn look(tokens: TokenStream, into: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let before: String = tokens[i.saturating_sub(6)..i]
            .iter()
            .map(ToString::to_string)
            .collect();
        let name = before
            .rsplit_once("tracing::")
            .and_then(|(_, name)| name.strip_suffix('!'));
        // A macro of the library's own may choose the level: `tracing::$level!(..)`.
        // Spans of tests are none of the library's.
        let is_span = || name == Some("info_span") && group.to_string().contains("TARGET_SPAN");
        let is_logged = group.delimiter() == Delimiter::Parenthesis
            && (name.is_some_and(|name| MACROS.contains(&name) || name.starts_with('$'))
                || is_span());
        if is_logged {
            fields_of(group.stream(), into);
        } else {
            look(group.stream(), into);
        }
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_field_that_is_logged_is_in_the_catalogue() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src");
    let mut logged = BTreeSet::new();
    for path in rust_files(&source) {
        look(
            fs::read_to_string(path).unwrap().parse().unwrap(),
            &mut logged,
        );
    }
    assert!(
        [
            "error.id",
            "breaker",
            "otel.kind",
            "attempt.number",
            "error.type"
        ]
        .iter()
        .all(|name| logged.contains(*name))
            && logged.len() > 30,
        "{logged:?}"
    );
    let catalogue = fields();
    let missing: Vec<&String> = logged
        .iter()
        .filter(|name| !catalogue.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
