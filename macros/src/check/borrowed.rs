//! Return types that borrow from what the next attempt needs.

use crate::{
    groups::ungrouped_type,
    model::{Function, types::only_type_argument},
};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    FnArg, GenericArgument, GenericParam, Lifetime, Path, PathArguments, Type, TypeParamBound,
    TypeReference,
};

/// Returns the part of a return type that can only borrow from a `&mut` argument: an elided
/// lifetime, if the function has only that of the argument, or a named one that no other type has.
pub(super) fn borrow_of_argument(function: &Function) -> Option<TokenStream> {
    let returns = function.returns()?;
    let inputs = || function.sig.inputs.iter();
    let reborrowed = inputs().find_map(|input| match input {
        FnArg::Typed(input) => match ungrouped_type(&input.ty) {
            Type::Reference(reference) if reference.mutability.is_some() => Some(reference),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    })?;
    let own = reborrowed
        .lifetime
        .as_ref()
        .filter(|lifetime| lifetime.ident != "_");
    let is_bound_to = |own: &Lifetime| {
        function
            .sig
            .generics
            .params
            .iter()
            .any(|param| match param {
                GenericParam::Lifetime(param) => {
                    param.lifetime != *own && param.bounds.iter().any(|bound| bound == own)
                }
                _ => false,
            })
            || function.sig.generics.where_clause.is_some()
    };
    match own {
        Some(own) => {
            let has = |ty: &Type| {
                borrowed_as(ty, &|lifetime| {
                    lifetime.is_some_and(|lifetime| lifetime == own)
                })
                .is_some()
            };
            let others = types_beside(function, reborrowed).any(has) || is_bound_to(own);
            let is_own =
                |lifetime: Option<&Lifetime>| lifetime.is_some_and(|lifetime| lifetime == own);
            (!others).then(|| borrowed_as(returns, &is_own)).flatten()
        }
        None => {
            let others = types_beside(function, reborrowed)
                .any(|ty| borrowed_as(ty, &|_| true).is_some() || is_opaque(ty));
            let is_elided =
                |lifetime: Option<&Lifetime>| lifetime.is_none_or(|lifetime| lifetime.ident == "_");
            (!others)
                .then(|| borrowed_as(returns, &is_elided))
                .flatten()
        }
    }
}

/// Returns the part of a return type that borrows from `&mut self`: a reference without a lifetime,
/// `'_`, or the receiver's own lifetime.
pub(super) fn borrow_of_self(
    ty: &Type,
    receiver: &syn::Receiver,
    function: &Function,
) -> Option<TokenStream> {
    let own = match &receiver.kind {
        syn::ReceiverKind::Reference(_, lifetime, _) => lifetime.as_ref(),
        syn::ReceiverKind::Typed(_, ty) => match ungrouped_type(ty) {
            Type::Reference(reference) => reference.lifetime.as_ref(),
            Type::Path(pin) => match pin
                .path
                .segments
                .last()
                .and_then(|last| only_type_argument(&last.arguments))
            {
                Some(Type::Reference(reference)) => reference.lifetime.as_ref(),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    // A lifetime of the arguments or of the type itself may be borrowed from them.
    let own = own.filter(|own| {
        let has = |lifetime: Option<&Lifetime>| lifetime == Some(*own);
        let is_declared = function
            .sig
            .generics
            .lifetimes()
            .any(|param| param.lifetime == **own);
        is_declared && !typed_inputs(function).any(|ty| borrowed_as(ty, &has).is_some())
    });
    let is_own = |lifetime: Option<&Lifetime>| {
        lifetime
            .is_none_or(|lifetime| lifetime.ident == "_" || own.is_some_and(|own| own == lifetime))
    };
    borrowed_as(ty, &is_own)
}

/// Returns the types of the arguments except `self`.
fn typed_inputs(function: &Function) -> impl Iterator<Item = &Type> {
    function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(&*input.ty),
        FnArg::Receiver(_) => None,
    })
}

/// Returns the other types that may have a lifetime: the other arguments, and the target of the
/// reference.
fn types_beside<'a>(
    function: &'a Function,
    reborrowed: &'a TypeReference,
) -> impl Iterator<Item = &'a Type> {
    let others = function.sig.inputs.iter().filter_map(move |input| match input {
        FnArg::Typed(input) if matches!(ungrouped_type(&input.ty), Type::Reference(other) if std::ptr::eq(other, reborrowed)) => {
            None
        }
        FnArg::Typed(input) => Some(&*input.ty),
        FnArg::Receiver(_) => None,
    });
    others.chain([&*reborrowed.elem])
}

/// Returns `true` for a type whose tokens do not show its lifetimes.
fn is_opaque(ty: &Type) -> bool {
    matches!(
        ungrouped_type(ty),
        Type::Macro(_) | Type::ImplTrait(_) | Type::TraitObject(_)
    )
}

/// Returns the first part of a type that has a lifetime of its own; `None` is the elided one of a
/// reference.
fn borrowed_as(ty: &Type, is_own: &dyn Fn(Option<&Lifetime>) -> bool) -> Option<TokenStream> {
    match ty {
        Type::Reference(reference) if is_own(reference.lifetime.as_ref()) => {
            Some(reference.to_token_stream())
        }
        Type::Reference(reference) => borrowed_as(&reference.elem, is_own),
        Type::Array(array) => borrowed_as(&array.elem, is_own),
        Type::Group(group) => borrowed_as(&group.elem, is_own),
        Type::Paren(paren) => borrowed_as(&paren.elem, is_own),
        Type::Slice(slice) => borrowed_as(&slice.elem, is_own),
        Type::Tuple(tuple) => tuple
            .elems
            .iter()
            .find_map(|elem| borrowed_as(elem, is_own)),
        Type::ImplTrait(imp) => imp.bounds.iter().find_map(|bound| bounded(bound, is_own)),
        Type::TraitObject(object) => object
            .bounds
            .iter()
            .find_map(|bound| bounded(bound, is_own)),
        Type::Path(path) => in_path(&path.path, is_own),
        // The lifetimes of a function type are its own.
        _ => None,
    }
}

fn bounded(
    bound: &TypeParamBound,
    is_own: &dyn Fn(Option<&Lifetime>) -> bool,
) -> Option<TokenStream> {
    match bound {
        TypeParamBound::Lifetime(lifetime) => {
            is_own(Some(lifetime)).then(|| lifetime.to_token_stream())
        }
        TypeParamBound::Trait(bound) => in_path(&bound.path, is_own),
        _ => None,
    }
}

fn in_path(path: &Path, is_own: &dyn Fn(Option<&Lifetime>) -> bool) -> Option<TokenStream> {
    path.segments.iter().find_map(|segment| {
        let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Lifetime(lifetime) => {
                is_own(Some(lifetime)).then(|| lifetime.to_token_stream())
            }
            GenericArgument::Type(ty) => borrowed_as(ty, is_own),
            GenericArgument::AssocType(assoc) => borrowed_as(&assoc.ty, is_own),
            _ => None,
        })
    })
}
