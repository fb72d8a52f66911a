//! Which arguments go into the body's closure for the sake of their drop alone.
//!
//! A function drops its arguments from the last to the first. Those that the body uses end with the
//! closure that it becomes; one that it does not use would be left to the function, and dropped
//! after them wherever it stands.

use super::order::ends_with_ours;
use crate::{
    model::{
        Binding, Function, SelfKind, params, receiver::self_kind, types::may_drop,
        variables::mentions,
    },
    span::own,
};
use proc_macro2::TokenStream;
use syn::{FnArg, Ident, Pat, PatIdent, ext::IdentExt};

/// The variables that the closure takes: those that the body uses, and the unused ones that are
/// dropped before them. Gives such arguments a name where they have none. What `after` names is
/// needed once the closure has run.
pub(crate) fn moved(function: &mut Function, after: &TokenStream) -> Vec<Binding> {
    // An attribute of others that is still to come might read the new name.
    if ends_with_ours(&function.attrs) {
        name_wildcards(function);
    }
    let used: Vec<Ident> = params::used(function)
        .into_iter()
        .map(|binding| binding.ident)
        .collect();
    let mut one_before = takes_self(function);
    let mut all = params::all(function);
    all.retain(|binding| {
        let is_used = used.contains(&binding.ident);
        one_before |= is_used;
        // With a name that says nothing of it, the lint for unused variables stays silent as it is.
        is_used
            || (one_before
                && binding.may_drop
                && is_silent(&binding.ident)
                && !mentions(after, &binding.ident.unraw().to_string()))
    });
    all
}

/// Whether a variable may stay unused without a word.
pub(crate) fn is_silent(ident: &Ident) -> bool {
    ident.unraw().to_string().starts_with('_')
}

/// Gives `_` a name where what it stands for is dropped before something that the closure takes.
fn name_wildcards(function: &mut Function) {
    let used: Vec<Ident> = params::used(function)
        .into_iter()
        .map(|binding| binding.ident)
        .collect();
    let mut one_before = takes_self(function);
    for (place, input) in function.sig.inputs.iter_mut().enumerate() {
        let FnArg::Typed(input) = input else { continue };
        match &*input.pat {
            Pat::Wild(_) if one_before && input.attrs.is_empty() && may_drop(&input.ty) => {
                let ident = own(&format!("unused_{place}"));
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

/// Whether the body takes `self` along.
fn takes_self(function: &Function) -> bool {
    let by_value = function.sig.receiver().is_some_and(|receiver| {
        matches!(
            self_kind(receiver),
            SelfKind::Value | SelfKind::Pointer | SelfKind::Handle
        )
    });
    by_value && mentions(&function.body.stream(), "self")
}
