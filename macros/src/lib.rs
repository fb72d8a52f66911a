//! The attributes and block macros of gardefou.

mod args;
mod block;
mod diag;

use proc_macro::TokenStream;

/// A named `try` block whose errors are coded, logged and recorded once.
#[proc_macro]
pub fn error_boundary(tokens: TokenStream) -> TokenStream {
    block::error_boundary(tokens.into()).into()
}

/// A boundary that undoes what was done before the failure.
#[proc_macro]
pub fn transaction_boundary(tokens: TokenStream) -> TokenStream {
    block::transaction_boundary(tokens.into()).into()
}
