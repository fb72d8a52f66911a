//! What cannot work, said in the user's words.

use crate::{
    diag::Diag,
    model::{Function, plain_type},
    params::{SelfKind, self_kind},
    policy::{Handling, Retry},
};
use quote::ToTokens;
use syn::{FnArg, Pat, Type, visit::Visit};

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
            path.path.segments.len() == 1 && PLAIN.iter().any(|name| path.path.segments[0].ident == name)
        }
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
        SelfKind::Mut => {
            if let Some(borrow) = function.returns().and_then(|ty| borrow_of_self(ty, receiver)) {
                diag.at(borrow, "a retried function cannot return a borrow of `&mut self`: the next attempt needs it");
            }
        }
        _ => {}
    }
}

/// The part of a return type that borrows from `&mut self`: a reference without a lifetime, `'_`, or the receiver's own.
fn borrow_of_self<'a>(ty: &'a Type, receiver: &syn::Receiver) -> Option<&'a dyn ToTokens> {
    struct Find<'a> {
        own: Option<String>,
        found: Option<&'a dyn ToTokens>,
    }
    impl<'a> Visit<'a> for Find<'a> {
        fn visit_type_reference(&mut self, reference: &'a syn::TypeReference) {
            let borrows = match &reference.lifetime {
                None => true,
                Some(lifetime) => lifetime.ident == "_" || self.own.as_deref() == Some(&lifetime.ident.to_string()),
            };
            if borrows {
                self.found.get_or_insert(reference);
            } else {
                syn::visit::visit_type_reference(self, reference);
            }
        }

        fn visit_lifetime(&mut self, lifetime: &'a syn::Lifetime) {
            if lifetime.ident == "_" || self.own.as_deref() == Some(&lifetime.ident.to_string()) {
                self.found.get_or_insert(lifetime);
            }
        }

        // Lifetimes of a function type are its own.
        fn visit_type_fn_ptr(&mut self, _: &'a syn::TypeFnPtr) {}

        fn visit_parenthesized_generic_arguments(&mut self, _: &'a syn::ParenthesizedGenericArguments) {}
    }
    let own = match &receiver.kind {
        syn::ReceiverKind::Reference(_, lifetime, _) => lifetime.as_ref(),
        syn::ReceiverKind::Typed(_, ty) => match plain_type(ty) {
            Type::Reference(reference) => reference.lifetime.as_ref(),
            _ => None,
        },
        _ => None,
    };
    let mut find = Find { own: own.map(|lifetime| lifetime.ident.to_string()), found: None };
    find.visit_type(ty);
    find.found
}

/// What `#[enhanced_error_handling]` cannot do with this function.
pub(crate) fn handled(function: &Function, handling: &Handling, diag: &mut Diag) {
    let arguments: Vec<String> = function
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(input) => match &*input.pat {
                Pat::Ident(pat) => Some(pat.ident.to_string()),
                _ => None,
            },
            FnArg::Receiver(_) => Some("self".to_owned()),
        })
        .collect();
    for name in &handling.capture {
        if !arguments.iter().any(|argument| name == argument) {
            let near = crate::args::nearest(&name.to_string(), arguments.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            diag.at(name, format!("the function has no argument `{name}`{hint}"));
        }
    }
}
