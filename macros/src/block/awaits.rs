//! Places where a block awaits.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Block, Ident};

/// Finds the first place where a block awaits, as far as its tokens show.
///
/// Searched in the tokens: a second visitor would be compiled with all of its functions.
pub(super) fn awaits(block: &Block) -> Option<Span> {
    first_await(block.to_token_stream())
}

/// Returns the `await` of an expansion. It has the span of the block's own, so that both are one
/// error where neither is allowed.
pub(super) fn awaited(awaits: Option<Span>) -> Ident {
    Ident::new("await", awaits.unwrap_or_else(Span::mixed_site))
}

pub(super) fn first_await(tokens: TokenStream) -> Option<Span> {
    // An async block, an async closure or a nested function awaits on its own.
    let mut of_another = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "async" => of_another = true,
            TokenTree::Ident(word) if word == "fn" => {
                of_another |= matches!(tokens.peek(), Some(TokenTree::Ident(_)));
            }
            TokenTree::Ident(word) if word == "await" && !of_another => return Some(word.span()),
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => of_another = false,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && of_another => {
                of_another = false;
            }
            TokenTree::Group(group) if !of_another => {
                if let Some(found) = first_await(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}
