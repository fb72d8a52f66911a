//! Invisible groups and parentheses around expressions, types and blocks.

use proc_macro2::{Delimiter, Group, TokenTree};
use syn::{Expr, Type, parse::ParseStream};

/// Removes parentheses, and the invisible groups that `macro_rules!` puts around fragments.
pub(crate) fn ungrouped(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => ungrouped(*group.expr),
        Expr::Paren(paren) => ungrouped(*paren.expr),
        other => other,
    }
}

/// Removes invisible groups and parentheses around a type.
pub(crate) fn ungrouped_type(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped_type(&group.elem),
        Type::Paren(paren) => ungrouped_type(&paren.elem),
        other => other,
    }
}

/// Parses the braces of a block, also if `macro_rules!` passed them as one `$body:block`.
pub(crate) fn braces(input: ParseStream<'_>, expected: &str) -> syn::Result<Group> {
    match ungrouped_token(input.parse()?) {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Ok(group),
        other => Err(syn::Error::new(other.span(), expected)),
    }
}

fn ungrouped_token(token: TokenTree) -> TokenTree {
    match &token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inner = group.stream().into_iter();
            match (inner.next(), inner.next()) {
                (Some(only), None) => ungrouped_token(only),
                _ => token,
            }
        }
        _ => token,
    }
}
