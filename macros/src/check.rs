//! What cannot work, said in the user's words.

use crate::{
    diag::Diag,
    model::{Function, only_type_argument, plain_type},
    params::{self, SelfKind, self_kind},
    policy::{Handling, Retry},
};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericArgument, Lifetime, Path, PathArguments, Type, TypeParamBound};

/// What no attribute can guard.
pub(crate) fn function(function: &Function, diag: &mut Diag) {
    let sig = &function.sig;
    if let Some(constness) = &sig.constness {
        diag.at(constness, "a `const fn` cannot be wrapped: the generated code needs run-time state");
    }
    if let Some(variadic) = &sig.variadic {
        diag.at(variadic, "a variadic function cannot be wrapped: its arguments cannot be handed on");
    }
    match function.returns() {
        None => diag.at(&sig.ident, "the function must return `Result<T, E>`; it returns `()`"),
        Some(ty) => {
            if let Some(found) = surely_no_result(ty) {
                diag.at(ty, format!("the function must return `Result<T, E>`; it returns `{found}`"));
            }
        }
    }
}

/// A type that is no `Result` under any name; all others are left to the compiler.
fn surely_no_result(ty: &Type) -> Option<String> {
    const PLAIN: &[&str] = &[
        "bool", "char", "str", "String", "Option", "Vec", "Box", "i8", "i16", "i32", "i64", "i128", "isize", "u8",
        "u16", "u32", "u64", "u128", "usize", "f32", "f64",
    ];
    let plain = plain_type(ty);
    let no_result = match plain {
        Type::Path(path) if path.qself.is_none() => {
            let segments = &path.path.segments;
            let of_std = segments.first().is_some_and(|first| first.ident == "std" || first.ident == "core");
            (segments.len() == 1 || of_std)
                && segments.last().is_some_and(|last| PLAIN.iter().any(|name| last.ident == name))
        }
        Type::ImplTrait(_) | Type::TraitObject(_) | Type::FnPtr(_) => true,
        Type::Tuple(_) | Type::Reference(_) | Type::Array(_) | Type::Slice(_) | Type::Never(_) | Type::Ptr(_) => true,
        _ => false,
    };
    no_result.then(|| text_of(plain))
}

/// A type as users write it: without the blanks that tokens are joined with.
fn text_of(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    let text = text.replace(" < ", "<").replace(" >", ">").replace(" :: ", "::").replace(" ,", ",");
    text.replace("& ", "&").replace("( ", "(").replace(" )", ")")
}

/// What cannot run a second time.
pub(crate) fn retried(function: &Function, retry: &Retry, diag: &mut Diag) {
    if let Some(key) = &retry.attempt_timeout
        && !function.is_async()
    {
        diag.at(key, "`attempt_timeout` needs an `async fn`: blocking code cannot be cut off");
    }
    let Some(receiver) = function.sig.receiver() else { return };
    match self_kind(receiver) {
        SelfKind::Value => diag.at(
            receiver.self_token,
            "`self` by value cannot be used for a second attempt; take `&self`, `&mut self` or `self: Arc<Self>`",
        ),
        SelfKind::Mut | SelfKind::PinnedMut => {
            if let Some(borrow) = function.returns().and_then(|ty| borrow_of_self(ty, receiver)) {
                diag.at(borrow, "a retried function cannot return a borrow of `&mut self`: the next attempt needs it");
            }
        }
        _ => {}
    }
}

/// The part of a return type that borrows from `&mut self`: a reference without a lifetime, `'_`, or the receiver's own.
fn borrow_of_self(ty: &Type, receiver: &syn::Receiver) -> Option<TokenStream> {
    let own = match &receiver.kind {
        syn::ReceiverKind::Reference(_, lifetime, _) => lifetime.as_ref(),
        syn::ReceiverKind::Typed(_, ty) => match plain_type(ty) {
            Type::Reference(reference) => reference.lifetime.as_ref(),
            Type::Path(pin) => match pin.path.segments.last().and_then(|last| only_type_argument(&last.arguments)) {
                Some(Type::Reference(reference)) => reference.lifetime.as_ref(),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    let is_own = |lifetime: &Lifetime| lifetime.ident == "_" || own.is_some_and(|own| *own == *lifetime);
    borrowed(ty, &is_own)
}

fn borrowed(ty: &Type, is_own: &dyn Fn(&Lifetime) -> bool) -> Option<TokenStream> {
    match ty {
        Type::Reference(reference) if reference.lifetime.as_ref().is_none_or(is_own) => {
            Some(reference.to_token_stream())
        }
        Type::Reference(reference) => borrowed(&reference.elem, is_own),
        Type::Array(array) => borrowed(&array.elem, is_own),
        Type::Group(group) => borrowed(&group.elem, is_own),
        Type::Paren(paren) => borrowed(&paren.elem, is_own),
        Type::Slice(slice) => borrowed(&slice.elem, is_own),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|elem| borrowed(elem, is_own)),
        Type::ImplTrait(imp) => imp.bounds.iter().find_map(|bound| bounded(bound, is_own)),
        Type::TraitObject(object) => object.bounds.iter().find_map(|bound| bounded(bound, is_own)),
        Type::Path(path) => in_path(&path.path, is_own),
        // Lifetimes of a function type are its own.
        _ => None,
    }
}

fn bounded(bound: &TypeParamBound, is_own: &dyn Fn(&Lifetime) -> bool) -> Option<TokenStream> {
    match bound {
        TypeParamBound::Lifetime(lifetime) => is_own(lifetime).then(|| lifetime.to_token_stream()),
        TypeParamBound::Trait(bound) => in_path(&bound.path, is_own),
        _ => None,
    }
}

fn in_path(path: &Path, is_own: &dyn Fn(&Lifetime) -> bool) -> Option<TokenStream> {
    path.segments.iter().find_map(|segment| {
        let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Lifetime(lifetime) => is_own(lifetime).then(|| lifetime.to_token_stream()),
            GenericArgument::Type(ty) => borrowed(ty, is_own),
            GenericArgument::AssocType(assoc) => borrowed(&assoc.ty, is_own),
            _ => None,
        })
    })
}

/// What `#[enhanced_error_handling]` cannot do with this function.
pub(crate) fn handled(function: &Function, handling: &Handling, diag: &mut Diag) {
    let mut arguments: Vec<String> = params::all(function).iter().map(|bound| bound.ident.to_string()).collect();
    arguments.extend(function.sig.receiver().map(|_| "self".to_owned()));
    for name in &handling.capture {
        if arguments.iter().any(|argument| name == argument) {
            continue;
        }
        if name == "self" {
            diag.at(name, "`self` cannot be captured: this function has none");
        } else {
            let near = crate::args::nearest(&name.to_string(), arguments.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            diag.at(name, format!("the function has no argument `{name}`{hint}"));
        }
    }
}
