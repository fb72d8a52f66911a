//! Items that are not functions.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Ident, Signature, Token, ext::IdentExt, parse::ParseStream};

/// Returns `true` if the tokens begin like a closure.
pub(crate) fn is_closure(item: &TokenStream) -> bool {
    match item.clone().into_iter().next() {
        Some(TokenTree::Punct(punct)) => punct.as_char() == '|',
        Some(TokenTree::Ident(word)) => word == "move",
        _ => false,
    }
}

/// Returns the error about an item that is not a function.
pub(super) fn not_a_function(input: ParseStream<'_>) -> Option<syn::Error> {
    let ahead = input.fork();
    if ahead.parse::<Signature>().is_ok() {
        return None;
    }
    let ahead = input.fork();
    let elsewhere =
        |what: &str| Some(input.error(format!("this attribute goes on a `fn`, not on {what}")));
    if ahead.peek(Token![|]) || ahead.peek(Token![||]) || ahead.peek(Token![move]) {
        return elsewhere("a closure");
    }
    if ahead.peek(Token![async])
        && (ahead.peek2(Token![|]) || ahead.peek2(Token![||]) || ahead.peek2(Token![move]))
    {
        return elsewhere("a closure");
    }
    if ahead.peek(Token![let]) {
        return elsewhere("a `let` statement");
    }
    let Ok(word) = ahead.call(Ident::parse_any) else {
        return elsewhere("an expression");
    };
    // `unsafe`, `auto` and `const` may precede the keyword of the item.
    let kinds = [
        "struct",
        "enum",
        "union",
        "trait",
        "impl",
        "mod",
        "type",
        "static",
        "use",
        "const",
        "macro_rules",
    ];
    let mut kind = word.clone();
    if (kind == "unsafe" || kind == "auto")
        && let Ok(next) = ahead.call(Ident::parse_any)
    {
        kind = next;
    }
    if kind == "extern"
        && ahead.parse::<Option<syn::LitStr>>().is_ok()
        && ahead.peek(syn::token::Brace)
    {
        return Some(syn::Error::new(
            kind.span(),
            "this attribute goes on a `fn`, not on an `extern` block",
        ));
    }
    let begins_function = ["fn", "async", "default", "extern", "safe"]
        .iter()
        .any(|known| kind == known);
    if !begins_function && !kinds.iter().any(|known| kind == known) {
        return elsewhere("an expression");
    }
    kinds.iter().any(|known| kind == known).then(|| {
        let article = if matches!(kind.to_string().as_str(), "enum" | "impl") {
            "an"
        } else {
            "a"
        };
        syn::Error::new(
            kind.span(),
            format!("this attribute goes on a `fn`, not on {article} `{kind}`"),
        )
    })
}
