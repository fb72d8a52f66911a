//! The variables that the arguments of a function bind.

use super::{Function, types, variables::mentions};
use crate::{groups::ungrouped_type, span::ends};
use proc_macro2::Span;
use syn::{Attribute, FnArg, Generics, Ident, Pat, PatIdent, Token, Type, ext::IdentExt};

/// One variable that the arguments bind.
pub(crate) struct Binding {
    /// `#[cfg(..)]` of the argument.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) mutability: Option<Token![mut]>,
    pub(crate) ident: Ident,
    /// Whether it is a `&mut` that each attempt borrows anew.
    pub(crate) reborrowed: bool,
    /// Whether it is a `ref mut` to a part of an owned argument, of which each attempt has a clone.
    pub(crate) refers_to_owned: bool,
    /// Whether it may do something when it is dropped.
    pub(crate) may_drop: bool,
    /// Where its type begins and ends, or it itself where the type is not written.
    pub(crate) type_span: (Span, Span),
}

/// The variables that the arguments bind, in their order.
pub(crate) fn all(function: &Function) -> Vec<Binding> {
    let mut all = Vec::new();
    for input in &function.sig.inputs {
        if let FnArg::Typed(input) = input {
            let cfgs: Vec<_> = input
                .attrs
                .iter()
                .filter(|attr| attr.path().is_ident("cfg"))
                .cloned()
                .collect();
            let mut collector = Collector {
                generics: &function.sig.generics,
                cfgs: &cfgs,
                into: &mut all,
            };
            collector.collect(&input.pat, Some(&input.ty), Access::Owned);
        }
    }
    all
}

/// Those of them that the body mentions.
pub(crate) fn used(function: &Function) -> Vec<Binding> {
    let mut all = all(function);
    let body = function.body.stream();
    // An argument that the body does not mention is left alone: it needs no `Clone`, and stays as
    // unused as it is.
    all.retain(|binding| mentions(&body, &binding.ident.unraw().to_string()));
    all
}

/// Takes `mut` off the arguments: the variables that the body uses are bound anew, and bear it
/// there.
pub(crate) fn without_mut(function: &mut Function, bound: &[Binding]) {
    for input in &mut function.sig.inputs {
        if let FnArg::Typed(input) = input {
            strip_mut(&mut input.pat, bound);
        }
    }
}

fn strip_mut(pat: &mut Pat, bound: &[Binding]) {
    match pat {
        Pat::Ident(pat) => {
            if pat.by_ref.is_none() && bound.iter().any(|binding| binding.ident == pat.ident) {
                pat.mutability = None;
            }
            if let Some((_, inner)) = &mut pat.subpat {
                strip_mut(inner, bound);
            }
        }
        Pat::Or(cases) => cases
            .cases
            .iter_mut()
            .for_each(|case| strip_mut(case, bound)),
        Pat::Paren(paren) => strip_mut(&mut paren.pat, bound),
        Pat::Reference(reference) => strip_mut(&mut reference.pat, bound),
        Pat::Slice(pats) => pats.elems.iter_mut().for_each(|pat| strip_mut(pat, bound)),
        Pat::Struct(pats) => pats
            .fields
            .iter_mut()
            .for_each(|field| strip_mut(&mut field.pat, bound)),
        Pat::Tuple(pats) => pats.elems.iter_mut().for_each(|pat| strip_mut(pat, bound)),
        Pat::TupleStruct(pats) => pats.elems.iter_mut().for_each(|pat| strip_mut(pat, bound)),
        _ => {}
    }
}

/// How a pattern reaches what it matches.
#[derive(Clone, Copy)]
enum Access {
    /// As a part of the argument itself.
    Owned,
    /// Through a `&` or `&mut` of the pattern.
    Dereferenced,
    /// Through a `&` that the pattern does not write: the variables are references.
    Shared,
    /// Through a `&mut` that the pattern does not write: the variables are `&mut`.
    Mutable,
}

struct Collector<'a> {
    generics: &'a Generics,
    cfgs: &'a [Attribute],
    into: &'a mut Vec<Binding>,
}

impl Collector<'_> {
    fn collect(&mut self, pat: &Pat, ty: Option<&Type>, access: Access) {
        match pat {
            Pat::Ident(pat) => {
                if self.is_constant(pat, ty) {
                    return;
                }
                self.bind(pat, ty, access);
                if let Some((_, inner)) = &pat.subpat {
                    self.collect(inner, ty, access);
                }
            }
            Pat::Paren(paren) => self.collect(&paren.pat, ty, access),
            // Each case binds the same variables.
            Pat::Or(cases) => cases
                .cases
                .iter()
                .take(1)
                .for_each(|case| self.collect(case, ty, access)),
            Pat::Reference(reference) => {
                let inner = match ty.map(ungrouped_type) {
                    Some(Type::Reference(ty)) => Some(&*ty.elem),
                    _ => None,
                };
                self.collect(&reference.pat, inner, Access::Dereferenced);
            }
            _ => {
                let (ty, access) = within(ty, access);
                self.parts(pat, ty, access);
            }
        }
    }

    /// The parts of a pattern that takes something apart.
    fn parts(&mut self, pat: &Pat, ty: Option<&Type>, access: Access) {
        let mut all = |pats: &mut dyn Iterator<Item = &Pat>| {
            pats.for_each(|pat| self.collect(pat, None, access));
        };
        match pat {
            Pat::Tuple(tuple) => match ty {
                Some(Type::Tuple(types)) if types.elems.len() == tuple.elems.len() => {
                    tuple
                        .elems
                        .iter()
                        .zip(&types.elems)
                        .for_each(|(pat, ty)| self.collect(pat, Some(ty), access));
                }
                _ => all(&mut tuple.elems.iter()),
            },
            Pat::TupleStruct(pats) => all(&mut pats.elems.iter()),
            Pat::Slice(pats) => all(&mut pats.elems.iter()),
            Pat::Struct(pats) => all(&mut pats.fields.iter().map(|field| &*field.pat)),
            _ => {}
        }
    }

    fn bind(&mut self, pat: &PatIdent, ty: Option<&Type>, access: Access) {
        let is_mut_ref =
            |ty: &Type| matches!(ungrouped_type(ty), Type::Reference(r) if r.mutability.is_some());
        let is_ref_mut = pat.by_ref.is_some() && pat.mutability.is_some();
        self.into.push(Binding {
            cfgs: self.cfgs.to_vec(),
            mutability: pat.mutability.filter(|_| pat.by_ref.is_none()),
            ident: pat.ident.clone(),
            reborrowed: match access {
                _ if pat.by_ref.is_some() => is_ref_mut,
                Access::Mutable => true,
                Access::Shared => false,
                Access::Owned | Access::Dereferenced => ty.is_some_and(is_mut_ref),
            },
            refers_to_owned: is_ref_mut && matches!(access, Access::Owned),
            may_drop: pat.by_ref.is_none()
                && matches!(access, Access::Owned)
                && ty.is_none_or(types::may_drop),
            type_span: ty.map_or_else(|| (pat.ident.span(), pat.ident.span()), ends),
        });
    }

    /// Whether a pattern of one word names a unit struct and binds nothing, as far as one can see:
    /// its type has that name.
    fn is_constant(&self, pat: &PatIdent, ty: Option<&Type>) -> bool {
        let name = pat.ident.unraw().to_string();
        if !name.starts_with(char::is_uppercase) || pat.by_ref.is_some() || pat.mutability.is_some()
        {
            return false;
        }
        if pat.subpat.is_some()
            || self
                .generics
                .type_params()
                .any(|param| param.ident == pat.ident)
        {
            return false;
        }
        let from_std = matches!(name.as_str(), "PhantomData" | "PhantomPinned");
        from_std
            || match ty.map(ungrouped_type) {
                Some(Type::Path(path)) => path.path.segments.last().is_some_and(|last| {
                    last.ident.unraw() == name
                        || last.ident == "Self" && name.contains(char::is_lowercase)
                }),
                _ => false,
            }
    }
}

/// What a pattern that takes a reference apart reaches behind it.
fn within(ty: Option<&Type>, access: Access) -> (Option<&Type>, Access) {
    match ty.map(ungrouped_type) {
        Some(Type::Reference(reference)) => {
            let access = match (access, reference.mutability) {
                (Access::Shared, _) | (_, None) => Access::Shared,
                _ => Access::Mutable,
            };
            within(Some(&reference.elem), access)
        }
        ty => (ty, access),
    }
}
