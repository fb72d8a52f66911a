//! Mentions of variables in tokens.

use crate::tokens::{before, begins_path, continues_path, is_member, is_punct};
use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;

/// Returns `true` if the tokens name a variable, also within a format string.
///
/// Fields, methods and parts of paths are not variables. Ambiguous names count as mentions.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    mentions_in(tokens.clone(), name, false)
}

/// `in_macro` is `true` for the arguments of a macro, where a name before `:` may be a variable
/// too.
pub(super) fn mentions_in(tokens: TokenStream, name: &str, in_macro: bool) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Ident(ident) if ident.unraw() == name => {
            let begins_path = begins_path(&tokens, index);
            let in_path = continues_path(&tokens, index) || (begins_path && name != "self");
            // `field: value`, or a new variable with a type.
            let is_label = !in_macro && is_punct(tokens.get(index + 1), &[':']) && !begins_path;
            !is_member(&tokens, index) && !in_path && !is_label
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) => false,
        TokenTree::Group(group) => {
            let of_macro = is_punct(before(&tokens, index, 1), &['!']);
            mentions_in(group.stream(), name, in_macro || of_macro)
        }
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.contains('"') && in_format_string(&text, name)
        }
    })
}

/// Finds `{name}`, `{name:?}` and `{:name$}`. A word anywhere between braces counts: an unneeded
/// clone is harmless, a missing one is not.
fn in_format_string(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut depth = 0_usize;
    let mut word = String::new();
    for c in text.chars() {
        if is_word(c) {
            word.push(c);
            continue;
        }
        if depth > 0 && word == name {
            return true;
        }
        word.clear();
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, name: &str) -> bool {
        mentions(&text.parse().unwrap(), name)
    }

    #[test]
    fn fields_methods_and_paths_are_not_variables() {
        for text in [
            "self.conn.send()",
            "self.conn()",
            "x?.conn",
            "Request { conn: other, id }",
            "struct Request { pub(self) conn: u8 }",
            "let conn: u8 = 1;",
            "let Request { id, conn: other } = x;",
            "conn::open()",
            "db::conn",
            "format!(\"no conn for {host}\")",
            "\"conn {}\"",
        ] {
            assert!(!named(text, "conn"), "{text}");
        }
        for text in [
            "conn",
            "conn.send()",
            "send(conn)",
            "0..conn",
            "..conn",
            "Request { conn }",
            "Request { conn: conn }",
            "x.map(|y| conn + y)",
            "format!(\"{conn}\")",
            "format!(\"{conn:?}\")",
            "format!(\"{:>conn$}\", 1)",
            "json!({ conn: 1 })",
        ] {
            assert!(named(text, "conn"), "{text}");
        }
    }
}
