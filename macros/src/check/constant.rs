//! Values that all calls of a function share.

use crate::{
    args::Args,
    diag::Diag,
    model::{Function, params},
    tokens::{begins_path, continues_path, is_member},
};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, GenericParam, Ident, Pat, ext::IdentExt};

/// Keys whose values are evaluated in each call, or at compile time.
const OF_EACH_CALL: &[&str] = &[
    "capture",
    "catch_panics",
    "crate",
    "delay",
    "failure_if",
    "fallback",
    "ignore_if",
    "key",
    "on",
    "rethrow",
    "retry_if",
    "retry_if_result",
    "to",
    "user",
];

/// Removes and reports values that depend on a call or on an instance of a generic function.
pub(crate) fn constant(function: &Function, args: &mut Args, diag: &mut Diag) {
    let arguments: Vec<String> = params::bindings(function)
        .iter()
        .map(|bound| bound.ident.unraw().to_string())
        .chain(self_of(function))
        .collect();
    let generics: Vec<String> = generics_of(function).collect();
    args.reject(|key, value| {
        let key = key.unraw().to_string();
        if OF_EACH_CALL.contains(&key.as_str()) {
            return false;
        }
        let remedy = "use a literal or a path to a `const`";
        if let Some(found) = free_word(value, &arguments, false) {
            let what = if found == "self" { "`self`".to_owned() } else { format!("the argument `{found}`") };
            diag.at(&found, format!("`{key}` is the same for all calls, and cannot depend on {what}: {remedy}"));
            return true;
        }
        let Some(found) = free_word(value, &generics, true) else { return false };
        let remedy = if found == "Self" { "name the type in place of `Self`" } else { remedy };
        diag.at(
            &found,
            format!("`{key}` is the same for all instances of the function, and cannot depend on `{found}`: {remedy}"),
        );
        true
    });
}

fn self_of(function: &Function) -> Option<String> {
    function.sig.receiver().map(|_| "self".to_owned())
}

fn generics_of(function: &Function) -> impl Iterator<Item = String> {
    let params = function
        .sig
        .generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(param.ident.to_string()),
            GenericParam::Const(param) => Some(param.ident.to_string()),
            GenericParam::Lifetime(_) => None,
        });
    params.chain(["Self".to_owned()])
}

/// Returns the first of the words that an expression mentions and does not bind itself; with
/// `in_paths` also at the start of a path.
fn free_word(value: &Expr, words: &[String], in_paths: bool) -> Option<Ident> {
    let mut bound = Vec::new();
    if let Expr::Closure(closure) = value {
        closure
            .inputs
            .iter()
            .for_each(|input| names_of(input, &mut bound));
    }
    let is_free = |word: &Ident| {
        let word = word.unraw().to_string();
        words.contains(&word) && !bound.contains(&word)
    };
    find(value.to_token_stream(), in_paths, &is_free)
}

/// Collects the words of a pattern, some of which bind variables.
fn names_of(pat: &Pat, into: &mut Vec<String>) {
    for token in pat.to_token_stream() {
        words_of(token, into);
    }
}

fn words_of(token: TokenTree, into: &mut Vec<String>) {
    match token {
        TokenTree::Ident(word) => into.push(word.unraw().to_string()),
        TokenTree::Group(group) => group
            .stream()
            .into_iter()
            .for_each(|token| words_of(token, into)),
        _ => {}
    }
}

/// Finds a word that is not a field, a method or a part of a longer path.
fn find(tokens: TokenStream, in_paths: bool, is_wanted: &dyn Fn(&Ident) -> bool) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens
        .iter()
        .enumerate()
        .find_map(|(index, token)| match token {
            TokenTree::Group(group) => find(group.stream(), in_paths, is_wanted),
            TokenTree::Ident(word) if is_wanted(word) => {
                let is_part = is_member(&tokens, index) || continues_path(&tokens, index);
                let is_allowed = in_paths || !begins_path(&tokens, index);
                (!is_part && is_allowed).then(|| word.clone())
            }
            _ => None,
        })
}
