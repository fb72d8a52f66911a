//! The expression that chooses a guard by key.

use super::site::{Site, one_line};
use crate::{policy::Key, span::at};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

/// Returns the statement that looks up the guard of the call's key.
pub(super) fn choose(key: &Key, site: &Site<'_>, name: &Ident, chosen: &Ident) -> TokenStream {
    let (krate, key) = (site.krate, reference(key));
    quote!(let #chosen = #krate::__private::Site::of_key(&#name, #key);)
}

/// Returns the statement that looks up two guards of the call's key, which is read once.
pub(super) fn choose_both(
    key: &Key,
    site: &Site<'_>,
    names: [&Ident; 2],
    chosen: [&Ident; 2],
) -> TokenStream {
    let (krate, key) = (site.krate, reference(key));
    let ([name, other_name], [first, other]) = (names, chosen);
    quote!(let (#first, #other) = #krate::__private::Site::of_key_with(&#name, &#other_name, #key);)
}

/// Returns a reference to the value of the expression, which therefore moves nothing.
fn reference(key: &Key) -> TokenStream {
    let expr = &key.expr;
    let needs_no_parentheses = matches!(
        expr,
        Expr::Path(_)
            | Expr::Field(_)
            | Expr::MethodCall(_)
            | Expr::Call(_)
            | Expr::Index(_)
            | Expr::Macro(_)
            | Expr::Paren(_)
            | Expr::Block(_)
            | Expr::Unary(_)
            | Expr::Reference(_)
    );
    if needs_no_parentheses {
        quote_spanned!(at(expr)=> &#expr)
    } else {
        quote_spanned!(at(expr)=> &(#expr))
    }
}

/// Returns the setter of the expression's text in the list of guarded functions.
pub(super) fn described(key: &Key) -> TokenStream {
    let text = one_line(&key.expr.to_token_stream());
    quote!(.with_key(#text))
}
