//! What cannot run a second time.

use crate::{
    diag::Diag,
    model::{Function, only_type_argument, plain_type},
    params::{SelfKind, self_kind},
    policy::Retry,
};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    FnArg, GenericArgument, GenericParam, Ident, Lifetime, Path, PathArguments, Type,
    TypeParamBound, TypeReference,
};

/// What cannot run a second time.
pub(crate) fn retried(function: &Function, retry: &Retry, diag: &mut Diag) {
    if let Some(key) = &retry.attempt_timeout
        && !function.is_async()
    {
        diag.at(
            key,
            "`attempt_timeout` needs an `async fn`: blocking code cannot be cut off",
        );
    }
    let Some(receiver) = function.sig.receiver() else {
        if let Some(borrow) = borrow_of_argument(function) {
            diag.at(
                borrow,
                "a retried function cannot return a borrow of a `&mut` argument: the next attempt needs it",
            );
        }
        return;
    };
    match self_kind(receiver) {
        SelfKind::Value => diag.at(
            receiver.self_token,
            "`self` by value cannot be used for a second attempt; take `&self`, `&mut self` or `self: Arc<Self>`",
        ),
        SelfKind::Mut | SelfKind::PinnedMut => {
            if let Some(borrow) = function.returns().and_then(|ty| borrow_of_self(ty, receiver, function)) {
                diag.at(borrow, "a retried function cannot return a borrow of `&mut self`: the next attempt needs it");
            }
        }
        SelfKind::Pointer => {
            if let Some(used_up) = used_up_self(function.body.stream()) {
                diag.at(
                    used_up,
                    "the body uses `self` up here, and a second attempt would have none: only borrow it, or take \
                     `self: Arc<Self>`",
                );
            }
        }
        _ => {}
    }
}

/// The place where a body gives `self` away whole, as an argument or into a variable.
fn used_up_self(tokens: TokenStream) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |place: Option<&TokenTree>, chars: &[char]| matches!(place, Some(TokenTree::Punct(p)) if chars.contains(&p.as_char()));
    for (place, token) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| tokens.get(before));
        match token {
            TokenTree::Ident(ident) if ident == "self" => {
                let next = tokens.get(place + 1);
                let begins = before.is_none() || is(before, &[',', '=', ';', ':']);
                let is_comparison = is(before, &['='])
                    && place > 1
                    && is(tokens.get(place - 2), &['=', '!', '<', '>']);
                if begins && !is_comparison && (next.is_none() || is(next, &[',', ';'])) {
                    return Some(ident.clone());
                }
            }
            // The arguments of a macro may be borrowed by it; those of a nested function are its
            // own.
            TokenTree::Group(_)
                if place > 1
                    && matches!(&tokens[place - 2], TokenTree::Ident(word) if word == "fn") => {}
            TokenTree::Group(_) if is(before, &['!']) => {}
            TokenTree::Group(group) => {
                // A group of parentheses alone, as in `(self).x`, moves nothing yet.
                let is_call = is_called(before, group);
                if (is_call || group.stream().into_iter().nth(1).is_some())
                    && let Some(found) = used_up_self(group.stream())
                {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a group holds the arguments of a call, or is none of parentheses.
fn is_called(before: Option<&TokenTree>, group: &Group) -> bool {
    const WORDS: &[&str] = &["match", "if", "while", "in", "return", "break", "else"];
    match before {
        _ if group.delimiter() != Delimiter::Parenthesis => true,
        Some(TokenTree::Ident(word)) => !WORDS.iter().any(|keyword| word == keyword),
        Some(TokenTree::Punct(punct)) => punct.as_char() == '>',
        Some(TokenTree::Group(_)) => true,
        _ => false,
    }
}

/// The place where a body moves out of what `self` points to, unless that is copied:
/// `let it = *self;`, `f(*self)`, `return *self`, or `*self` as its value.
pub(crate) fn moved_out_of_self(tokens: TokenStream) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |token: Option<&TokenTree>, chars: &[char]| matches!(token, Some(TokenTree::Punct(p)) if chars.contains(&p.as_char()));
    let before =
        |place: usize, back: usize| place.checked_sub(back).and_then(|place| tokens.get(place));
    tokens.iter().enumerate().find_map(|(place, token)| match token {
        TokenTree::Ident(word) if word == "self" && is(before(place, 1), &['*']) => {
            let ends = tokens.get(place + 1).is_none_or(|next| is(Some(next), &[',', ';']));
            let begins = match before(place, 2) {
                None => true,
                // `let name = `, where no pattern may borrow instead.
                Some(TokenTree::Punct(p)) if p.as_char() == '=' => {
                    matches!(before(place, 3), Some(TokenTree::Ident(_)))
                        && matches!(before(place, 4), Some(TokenTree::Ident(word)) if word == "let" || word == "mut")
                }
                Some(TokenTree::Ident(word)) => word == "return" || word == "break",
                Some(token) => is(Some(token), &[',', ';']) || matches!(token, TokenTree::Group(_)),
            };
            (begins && ends).then(|| word.clone())
        }
        // The arguments of a macro may be borrowed by it; those of a nested function are its own.
        TokenTree::Group(_) if is(before(place, 1), &['!']) => None,
        TokenTree::Group(_) if matches!(before(place, 2), Some(TokenTree::Ident(word)) if word == "fn") => None,
        // Parentheses alone move nothing: `(*self).field`, `match (*self) { .. }`.
        TokenTree::Group(group) if group.stream().into_iter().count() == 2 && !is_called(before(place, 1), group) => {
            None
        }
        TokenTree::Group(group) => moved_out_of_self(group.stream()),
        _ => None,
    })
}

/// The part of a return type that can only borrow from a `&mut` argument: the elided lifetime of a
/// function whose one lifetime is that argument's, or a named one that nothing else bears.
fn borrow_of_argument(function: &Function) -> Option<TokenStream> {
    let returns = function.returns()?;
    let inputs = || function.sig.inputs.iter();
    let lent = inputs().find_map(|input| match input {
        FnArg::Typed(input) => match plain_type(&input.ty) {
            Type::Reference(reference) if reference.mutability.is_some() => Some(reference),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    })?;
    let own = lent
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
            let bears = |ty: &Type| {
                borrowed_as(ty, &|lifetime| {
                    lifetime.is_some_and(|lifetime| lifetime == own)
                })
                .is_some()
            };
            let others = types_beside(function, lent).any(bears) || is_bound_to(own);
            let is_own =
                |lifetime: Option<&Lifetime>| lifetime.is_some_and(|lifetime| lifetime == own);
            (!others).then(|| borrowed_as(returns, &is_own)).flatten()
        }
        None => {
            let others = types_beside(function, lent)
                .any(|ty| borrowed_as(ty, &|_| true).is_some() || is_opaque(ty));
            let is_elided =
                |lifetime: Option<&Lifetime>| lifetime.is_none_or(|lifetime| lifetime.ident == "_");
            (!others)
                .then(|| borrowed_as(returns, &is_elided))
                .flatten()
        }
    }
}

/// The types of the arguments but for `self`.
fn typed_inputs(function: &Function) -> impl Iterator<Item = &Type> {
    function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(&*input.ty),
        FnArg::Receiver(_) => None,
    })
}

/// What else may bear a lifetime: the other arguments, and what the reference points to.
fn types_beside<'a>(
    function: &'a Function,
    lent: &'a TypeReference,
) -> impl Iterator<Item = &'a Type> {
    let others = function.sig.inputs.iter().filter_map(move |input| match input {
        FnArg::Typed(input) if matches!(plain_type(&input.ty), Type::Reference(other) if std::ptr::eq(other, lent)) => {
            None
        }
        FnArg::Typed(input) => Some(&*input.ty),
        FnArg::Receiver(_) => None,
    });
    others.chain([&*lent.elem])
}

/// A type whose lifetimes one cannot see.
fn is_opaque(ty: &Type) -> bool {
    matches!(
        plain_type(ty),
        Type::Macro(_) | Type::ImplTrait(_) | Type::TraitObject(_)
    )
}

/// The part of a return type that borrows from `&mut self`: a reference without a lifetime, `'_`,
/// or the receiver's own.
fn borrow_of_self(ty: &Type, receiver: &syn::Receiver, function: &Function) -> Option<TokenStream> {
    let own = match &receiver.kind {
        syn::ReceiverKind::Reference(_, lifetime, _) => lifetime.as_ref(),
        syn::ReceiverKind::Typed(_, ty) => match plain_type(ty) {
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
    // What bears a lifetime that arguments or the type itself bear too may be borrowed from them.
    let own = own.filter(|own| {
        let bears = |lifetime: Option<&Lifetime>| lifetime == Some(*own);
        let is_declared = function
            .sig
            .generics
            .lifetimes()
            .any(|param| param.lifetime == **own);
        is_declared && !typed_inputs(function).any(|ty| borrowed_as(ty, &bears).is_some())
    });
    let is_own = |lifetime: Option<&Lifetime>| {
        lifetime
            .is_none_or(|lifetime| lifetime.ident == "_" || own.is_some_and(|own| own == lifetime))
    };
    borrowed_as(ty, &is_own)
}

/// The first part of a type that bears a lifetime; `None` stands for the one that a reference does
/// not write.
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
        // Lifetimes of a function type are its own.
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
