//! Properties of types that their tokens show.

use crate::groups::ungrouped_type;
use syn::{GenericArgument, PathArguments, Token, Type, spanned::Spanned};

/// Returns a type for the signature of a closure: `impl Trait` is left to inference.
pub(crate) fn inferable(ty: &Type) -> Type {
    let mut ty = ty.clone();
    infer(&mut ty);
    ty
}

/// Replaces each `impl Trait` by `_`, and returns whether there was one.
///
/// This and the other walks over few kinds of nodes are written by hand: each visitor of syn would
/// be compiled with all of its two hundred functions.
fn infer(ty: &mut Type) -> bool {
    match ty {
        Type::ImplTrait(_) => {
            *ty = Type::Infer(syn::TypeInfer {
                attrs: Vec::new(),
                underscore_token: Token![_](ty.span()),
            });
            true
        }
        Type::Array(array) => infer(&mut array.elem),
        Type::Group(group) => infer(&mut group.elem),
        Type::Paren(paren) => infer(&mut paren.elem),
        Type::Reference(reference) => infer(&mut reference.elem),
        Type::Slice(slice) => infer(&mut slice.elem),
        Type::Tuple(tuple) => tuple
            .elems
            .iter_mut()
            .fold(false, |found, elem| infer(elem) | found),
        Type::Path(path) => {
            let mut found = path
                .qself
                .as_mut()
                .is_some_and(|qself| infer(&mut qself.ty));
            for segment in &mut path.path.segments {
                if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                    for argument in &mut arguments.args {
                        found |= match argument {
                            GenericArgument::Type(ty) => infer(ty),
                            GenericArgument::AssocType(assoc) => infer(&mut assoc.ty),
                            _ => false,
                        };
                    }
                }
            }
            found
        }
        _ => false,
    }
}

/// Returns a type with the same error type as the return type and nothing left to infer: each
/// argument that holds an `impl Trait` is replaced by `()`.
pub(crate) fn same_error(ty: &Type) -> Type {
    let mut ty = ungrouped_type(ty).clone();
    if let Type::Path(path) = &mut ty
        && let Some(last) = path.path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
    {
        for argument in &mut arguments.args {
            if let GenericArgument::Type(inner) = argument
                && infer(inner)
            {
                *inner = Type::Tuple(syn::TypeTuple {
                    attrs: Vec::new(),
                    paren_token: syn::token::Paren(inner.span()),
                    elems: syn::punctuated::Punctuated::new(),
                });
            }
        }
    }
    ty
}

pub(crate) fn only_type_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Returns `true` unless the type is known to run no code when it is dropped.
pub(crate) fn may_drop(ty: &Type) -> bool {
    const PLAIN: &[&str] = &[
        "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "u128", "u16",
        "u32", "u64", "u8", "usize",
    ];
    match ungrouped_type(ty) {
        Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) | Type::Never(_) => false,
        Type::Array(array) => may_drop(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(may_drop),
        Type::Path(path) => !path
            .path
            .get_ident()
            .is_some_and(|ident| PLAIN.iter().any(|plain| ident == plain)),
        _ => true,
    }
}
