//! Spans and names of generated code.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Ident, spanned::Spanned};

/// A variable of the expansion's own. Hygiene keeps it apart from the user's variables; the
/// underscores do from the constants and statics, which a pattern would name instead of binding
/// anew.
pub(crate) fn own(name: &str) -> Ident {
    own_at(name, Span::mixed_site())
}

/// The same at a place of the user's, for messages that speak of it; the span is one of [`at`].
pub(crate) fn own_at(name: &str, span: Span) -> Ident {
    Ident::new(&format!("__{name}"), span)
}

/// A place that the generated code may stand at: resolved as the macro's own, shown as the user's.
pub(crate) fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// The first and the last place of some tokens: what begins at the one and ends at the other is
/// underlined as a whole.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut all = tokens
        .to_token_stream()
        .into_iter()
        .map(|token| token.span());
    let first = all.next().unwrap_or_else(Span::mixed_site);
    (first, all.last().unwrap_or(first))
}

/// The path to the runtime crate, shown at the user's tokens: for calls whose bounds the user can
/// miss.
pub(crate) fn path_at(krate: &syn::Path, tokens: &impl Spanned) -> TokenStream {
    let place = tokens.span();
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    moved.collect()
}

/// Moves the tokens that the expansion made to a place of the user's.
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
