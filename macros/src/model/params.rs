//! Variables that the parameters of a function bind.

use super::{Function, types, variables::mentions};
use crate::{groups::ungrouped_type, span::ends};
use proc_macro2::Span;
use syn::{Attribute, FnArg, Generics, Ident, Pat, PatIdent, Token, Type, ext::IdentExt};

/// A variable that a parameter binds.
pub(crate) struct Binding {
    /// The `#[cfg(..)]` attributes of the parameter.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) mutability: Option<Token![mut]>,
    pub(crate) ident: Ident,
    /// Whether it is a `&mut` that each attempt reborrows.
    pub(crate) reborrowed: bool,
    /// Whether it is a `ref mut` to a part of an owned parameter, which is cloned for each attempt.
    pub(crate) refers_to_owned: bool,
    /// Whether dropping it may run code.
    pub(crate) may_drop: bool,
    /// The first and last span of its type, or its own if the type is not written.
    pub(crate) type_span: (Span, Span),
}

/// Returns the variables that the parameters bind, in their order.
pub(crate) fn bindings(function: &Function) -> Vec<Binding> {
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

/// Returns the variables that the body mentions.
pub(crate) fn used_bindings(function: &Function) -> Vec<Binding> {
    let mut all = bindings(function);
    let body = function.body.stream();
    // The others stay as they are: they need no `Clone`, and the compiler may report them as
    // unused.
    all.retain(|binding| mentions(&body, &binding.ident.unraw().to_string()));
    all
}

/// Removes `mut` from the parameters: generated code rebinds the variables that the body uses, with
/// `mut` there.
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

/// How a pattern reaches the value that it matches.
#[derive(Clone, Copy)]
enum Access {
    /// As a part of the parameter itself.
    Owned,
    /// Through a `&` or `&mut` in the pattern.
    Dereferenced,
    /// Through a `&` that the pattern omits: the variables are references.
    Shared,
    /// Through a `&mut` that the pattern omits: the variables are `&mut`.
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
            // All alternatives bind the same variables.
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

    /// Collects the parts of a destructuring pattern.
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

    /// Returns `true` if a one-word pattern seems to name a unit struct and to bind nothing: its
    /// type has that name.
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

/// Returns the type and the access behind the references that a destructuring pattern omits.
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
