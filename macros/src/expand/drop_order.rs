//! The order in which arguments are dropped.
//!
//! A function drops its arguments from the last to the first. Those that the body uses are dropped
//! with the closure that it becomes. An unused one would be left to the function, and dropped after
//! them wherever it stands, so some are passed to the closure for their drop alone.

use super::order::ends_with_ours;
use crate::{
    model::{
        Binding, Function, SelfKind, params, receiver::self_kind, types::may_drop,
        variables::mentions,
    },
    span::local,
};
use proc_macro2::TokenStream;
use syn::{FnArg, Ident, Pat, PatIdent, ext::IdentExt};

/// Returns the variables that the closure takes: those that the body uses, and the unused ones that
/// are dropped before them. Gives a name to `_` among them. What `after` mentions is needed once
/// the closure has run.
pub(crate) fn captured(function: &mut Function, after: &TokenStream) -> Vec<Binding> {
    // A foreign attribute that expands later might read the new name.
    if ends_with_ours(&function.attrs) {
        name_wildcards(function);
    }
    let used: Vec<Ident> = params::used_bindings(function)
        .into_iter()
        .map(|binding| binding.ident)
        .collect();
    let mut one_before = takes_self(function);
    let mut all = params::bindings(function);
    all.retain(|binding| {
        let is_used = used.contains(&binding.ident);
        one_before |= is_used;
        // With another name, the lint for unused variables would fire no more.
        is_used
            || (one_before
                && binding.may_drop
                && may_stay_unused(&binding.ident)
                && !mentions(after, &binding.ident.unraw().to_string()))
    });
    all
}

/// Returns `true` if a variable may be unused without a warning.
pub(crate) fn may_stay_unused(ident: &Ident) -> bool {
    ident.unraw().to_string().starts_with('_')
}

/// Gives `_` a name if its value is dropped before something that the closure takes.
fn name_wildcards(function: &mut Function) {
    let used: Vec<Ident> = params::used_bindings(function)
        .into_iter()
        .map(|binding| binding.ident)
        .collect();
    let mut one_before = takes_self(function);
    for (index, input) in function.sig.inputs.iter_mut().enumerate() {
        let FnArg::Typed(input) = input else { continue };
        match &*input.pat {
            Pat::Wild(_) if one_before && input.attrs.is_empty() && may_drop(&input.ty) => {
                let ident = local(&format!("unused_{index}"));
                *input.pat = Pat::Ident(PatIdent {
                    attrs: Vec::new(),
                    by_ref: None,
                    mutability: None,
                    ident,
                    subpat: None,
                });
            }
            Pat::Ident(pat) => one_before |= used.contains(&pat.ident),
            _ => one_before |= !used.is_empty(),
        }
    }
}

/// Returns `true` if the body takes `self`.
fn takes_self(function: &Function) -> bool {
    let by_value = function.sig.receiver().is_some_and(|receiver| {
        matches!(
            self_kind(receiver),
            SelfKind::Value | SelfKind::Pointer | SelfKind::Handle
        )
    });
    by_value && mentions(&function.body.stream(), "self")
}
