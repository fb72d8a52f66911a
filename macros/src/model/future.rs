//! Futures that a function returns.

use super::types::only_type_argument;
use crate::groups::ungrouped_type;
use syn::{Expr, GenericArgument, PathArguments, Type, TypeParamBound};

/// Returns the output of a returned future: `X` of `Pin<Box<dyn Future<Output = X> + ..>>`, of
/// `BoxFuture<'_, X>` and of `impl Future<Output = X>`.
pub(super) fn future_output(ty: &Type) -> Option<Type> {
    match ungrouped_type(ty) {
        Type::ImplTrait(imp) => imp.bounds.iter().find_map(output_of_bound),
        Type::TraitObject(object) => object.bounds.iter().find_map(output_of_bound),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
                // The aliases of the crate futures, whose argument is the output.
                return only_type_argument(&last.arguments).cloned();
            }
            if last.ident != "Pin" && last.ident != "Box" {
                return None;
            }
            only_type_argument(&last.arguments).and_then(future_output)
        }
        _ => None,
    }
}

fn output_of_bound(bound: &TypeParamBound) -> Option<Type> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let last = bound
        .path
        .segments
        .last()
        .filter(|last| last.ident == "Future")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(assoc) if assoc.ident == "Output" => Some(assoc.ty.clone()),
        _ => None,
    })
}

pub(super) fn is_box_pin(function: &Expr) -> bool {
    let Expr::Path(path) = function else {
        return false;
    };
    let mut names = path
        .path
        .segments
        .iter()
        .rev()
        .map(|segment| &segment.ident);
    names.next().is_some_and(|last| last == "pin")
        && names.next().is_some_and(|before| before == "Box")
}
