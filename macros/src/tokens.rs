//! Tokens among their neighbours.

use proc_macro2::TokenTree;

/// Returns `true` if a token is one of the punctuation characters.
pub(crate) fn is_punct(token: Option<&TokenTree>, chars: &[char]) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if chars.contains(&punct.as_char()))
}

/// Returns `true` if a token is the word.
pub(crate) fn is_word(token: Option<&TokenTree>, expected: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if word == expected)
}

/// Returns the token `distance` before another.
pub(crate) fn before(tokens: &[TokenTree], index: usize, distance: usize) -> Option<&TokenTree> {
    tokens.get(index.checked_sub(distance)?)
}

/// Returns `true` for a field or a method: a word after one `.`.
pub(crate) fn is_member(tokens: &[TokenTree], index: usize) -> bool {
    is_punct(before(tokens, index, 1), &['.']) && !is_punct(before(tokens, index, 2), &['.'])
}

/// Returns `true` for a word after `::`.
pub(crate) fn continues_path(tokens: &[TokenTree], index: usize) -> bool {
    is_punct(before(tokens, index, 1), &[':']) && is_punct(before(tokens, index, 2), &[':'])
}

/// Returns `true` for a word before `::`.
pub(crate) fn begins_path(tokens: &[TokenTree], index: usize) -> bool {
    is_punct(tokens.get(index + 1), &[':']) && is_punct(tokens.get(index + 2), &[':'])
}
