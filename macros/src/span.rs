//! Spans and names of generated code.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Ident, spanned::Spanned};

/// Returns the identifier of a variable of the expansion. Hygiene separates it from the user's
/// variables, the underscores from constants and statics, which a pattern would match instead of
/// binding a variable.
pub(crate) fn local(name: &str) -> Ident {
    local_at(name, Span::mixed_site())
}

/// Returns a variable at a span of [`at`], for messages about it.
pub(crate) fn local_at(name: &str, span: Span) -> Ident {
    Ident::new(&format!("__{name}"), span)
}

/// Returns a span for generated code: names resolve at the macro, messages point at the user's
/// tokens.
pub(crate) fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// Returns the spans of the first and the last token. A message about code from one to the other
/// underlines all of the tokens.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut all = tokens
        .to_token_stream()
        .into_iter()
        .map(|token| token.span());
    let first = all.next().unwrap_or_else(Span::mixed_site);
    (first, all.last().unwrap_or(first))
}

/// Returns the path to the runtime crate with the user's span, for calls whose trait bounds the
/// user can fail to meet.
pub(crate) fn path_at(krate: &syn::Path, tokens: &impl Spanned) -> TokenStream {
    let span = tokens.span();
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(span));
        token
    });
    moved.collect()
}

/// Gives the tokens of the expansion a span of the user's. Groups keep theirs.
pub(crate) fn moved_to(tokens: TokenStream, span: Span) -> TokenStream {
    let moved = |mut token: TokenTree| {
        if let TokenTree::Group(_) = token {
            return token;
        }
        token.set_span(span);
        token
    };
    tokens.into_iter().map(moved).collect()
}
