//! The key `on_store_loss`.

use crate::{args::value, diag::Diag};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Expr, Path};

/// Parses the name of what a shared guard does without its store.
pub(super) fn store_loss(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<TokenStream> {
    let value = value::choice("on_store_loss", expr, STORE_LOSSES, diag)?;
    let Some(known) = value.known.as_deref() else {
        let path = value.expr;
        return Some(quote!(#path));
    };
    let variant = match known {
        "open" => format_ident!("Open"),
        "closed" => format_ident!("Closed"),
        _ => format_ident!("Local"),
    };
    Some(quote!(#krate::breaker::StoreLoss::#variant))
}

const STORE_LOSSES: &[&str] = &["local", "open", "closed"];
