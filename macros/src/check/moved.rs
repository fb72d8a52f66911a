//! Moves out of `self`.

use crate::tokens::{before, is_punct, is_word};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Ident;

/// Finds a place where a body moves `self`, as an argument or into a variable.
pub(super) fn moved_self(tokens: TokenStream) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let previous = before(&tokens, index, 1);
        match token {
            TokenTree::Ident(ident) if ident == "self" => {
                let next = tokens.get(index + 1);
                let begins = previous.is_none() || is_punct(previous, &[',', '=', ';', ':']);
                let is_comparison = is_punct(previous, &['='])
                    && index > 1
                    && is_punct(tokens.get(index - 2), &['=', '!', '<', '>']);
                if begins && !is_comparison && (next.is_none() || is_punct(next, &[',', ';'])) {
                    return Some(ident.clone());
                }
            }
            // The arguments of a macro may be borrowed by it; those of a nested function are its
            // own.
            TokenTree::Group(_) if is_word(before(&tokens, index, 2), "fn") => {}
            TokenTree::Group(_) if is_punct(previous, &['!']) => {}
            TokenTree::Group(group) => {
                // Parentheses alone do not move: `(self).x`.
                let is_call = is_called(previous, group);
                if (is_call || group.stream().into_iter().nth(1).is_some())
                    && let Some(found) = moved_self(group.stream())
                {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// Finds a place where a body moves out of what `self` points to, unless that is `Copy`: `let it =
/// *self;`, `f(*self)`, `return *self`, or `*self` as its value.
pub(crate) fn moved_out_of_self(tokens: TokenStream) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().find_map(|(index, token)| match token {
        TokenTree::Ident(word) if word == "self" && is_punct(before(&tokens, index, 1), &['*']) => {
            let ends = tokens.get(index + 1).is_none_or(|next| is_punct(Some(next), &[',', ';']));
            let begins = match before(&tokens, index, 2) {
                None => true,
                // `let name = `, where no pattern can borrow instead.
                Some(TokenTree::Punct(p)) if p.as_char() == '=' => {
                    matches!(before(&tokens, index, 3), Some(TokenTree::Ident(_)))
                        && matches!(before(&tokens, index, 4), Some(TokenTree::Ident(word)) if word == "let" || word == "mut")
                }
                Some(TokenTree::Ident(word)) => word == "return" || word == "break",
                Some(token) => is_punct(Some(token), &[',', ';']) || matches!(token, TokenTree::Group(_)),
            };
            (begins && ends).then(|| word.clone())
        }
        // The arguments of a macro may be borrowed by it; those of a nested function are its own.
        TokenTree::Group(_) if is_punct(before(&tokens, index, 1), &['!']) => None,
        TokenTree::Group(_) if is_word(before(&tokens, index, 2), "fn") => None,
        // Parentheses alone do not move: `(*self).field`, `match (*self) { .. }`.
        TokenTree::Group(group) if group.stream().into_iter().count() == 2 && !is_called(before(&tokens, index, 1), group) => {
            None
        }
        TokenTree::Group(group) => moved_out_of_self(group.stream()),
        _ => None,
    })
}

/// Returns `true` if a group holds the arguments of a call, or is not in parentheses.
fn is_called(before: Option<&TokenTree>, group: &Group) -> bool {
    const WORDS: &[&str] = &["match", "if", "while", "in", "return", "break", "else"];
    match before {
        _ if group.delimiter() != Delimiter::Parenthesis => true,
        Some(TokenTree::Ident(word)) => !WORDS.iter().any(|keyword| word == keyword),
        Some(TokenTree::Punct(punct)) => punct.as_char() == '>',
        Some(TokenTree::Group(_)) => true,
        _ => false,
    }
}
