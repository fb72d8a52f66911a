//! The arguments of a function as the variables that its body uses.

use crate::model::{Function, only_type_argument, plain_type};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, FnArg, Ident, Pat, Receiver, ReceiverKind, Token, Type, ext::IdentExt};

/// One variable that the arguments bind.
pub(crate) struct Binding {
    /// `#[cfg(..)]` of the argument.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) mutability: Option<Token![mut]>,
    pub(crate) ident: Ident,
    /// Whether it is a `&mut` that each attempt borrows anew.
    pub(crate) reborrowed: bool,
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
            let cfgs: Vec<_> = input.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
            collect(&input.pat, Some(&input.ty), &cfgs, &mut all);
        }
    }
    all
}

/// Those of them that the body mentions.
pub(crate) fn used(function: &Function) -> Vec<Binding> {
    let mut all = all(function);
    let body = function.body.stream();
    // An argument that the body does not mention is left alone: it needs no `Clone`, and stays as unused as it is.
    all.retain(|binding| mentions(&body, &binding.ident.unraw().to_string()));
    all
}

fn collect(pat: &Pat, ty: Option<&Type>, cfgs: &[Attribute], into: &mut Vec<Binding>) {
    let mut all = |pats: &mut dyn Iterator<Item = &Pat>| pats.for_each(|pat| collect(pat, None, cfgs, into));
    match pat {
        Pat::Ident(pat) => {
            // A pattern that starts with a capital is a constant or a unit struct, and binds nothing.
            if pat.ident.unraw().to_string().starts_with(|c: char| c.is_uppercase()) {
                return;
            }
            let is_mut_ref = |ty: &Type| matches!(plain_type(ty), Type::Reference(r) if r.mutability.is_some());
            into.push(Binding {
                cfgs: cfgs.to_vec(),
                mutability: pat.mutability.filter(|_| pat.by_ref.is_none()),
                ident: pat.ident.clone(),
                reborrowed: match (&pat.by_ref, pat.mutability) {
                    (Some(_), mutability) => mutability.is_some(),
                    (None, _) => ty.is_some_and(is_mut_ref),
                },
                may_drop: pat.by_ref.is_none() && ty.is_none_or(crate::drops::may_drop),
                type_span: ty.map_or_else(|| (pat.ident.span(), pat.ident.span()), crate::model::ends),
            });
            if let Some((_, inner)) = &pat.subpat {
                collect(inner, None, cfgs, into);
            }
        }
        Pat::Tuple(tuple) => match ty.map(plain_type) {
            Some(Type::Tuple(types)) if types.elems.len() == tuple.elems.len() => {
                tuple.elems.iter().zip(&types.elems).for_each(|(pat, ty)| collect(pat, Some(ty), cfgs, into));
            }
            _ => all(&mut tuple.elems.iter()),
        },
        Pat::Paren(paren) => collect(&paren.pat, ty, cfgs, into),
        Pat::Reference(reference) => {
            let inner = match ty.map(plain_type) {
                Some(Type::Reference(ty)) => Some(&*ty.elem),
                _ => None,
            };
            collect(&reference.pat, inner, cfgs, into);
        }
        Pat::TupleStruct(pats) => all(&mut pats.elems.iter()),
        Pat::Slice(pats) => all(&mut pats.elems.iter()),
        Pat::Struct(pats) => all(&mut pats.fields.iter().map(|field| &*field.pat)),
        _ => {}
    }
}

/// Takes `mut` off the arguments: the variables that the body uses are bound anew, and bear it there.
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
        Pat::Paren(paren) => strip_mut(&mut paren.pat, bound),
        Pat::Reference(reference) => strip_mut(&mut reference.pat, bound),
        Pat::Slice(pats) => pats.elems.iter_mut().for_each(|pat| strip_mut(pat, bound)),
        Pat::Struct(pats) => pats.fields.iter_mut().for_each(|field| strip_mut(&mut field.pat, bound)),
        Pat::Tuple(pats) => pats.elems.iter_mut().for_each(|pat| strip_mut(pat, bound)),
        Pat::TupleStruct(pats) => pats.elems.iter_mut().for_each(|pat| strip_mut(pat, bound)),
        _ => {}
    }
}

/// Tells whether the tokens name a variable, also within a format string.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident.unraw() == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.contains('"') && in_format_string(&text, name)
        }
        TokenTree::Punct(_) => false,
    })
}

/// `{name}`, `{name:?}`, `{:name$}`: anything where the name stands after a brace, colon or dot counts, since one
/// clone too many is harmless and one too few is not.
fn in_format_string(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.contains('{')
        && text
            .match_indices(name)
            .any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word))
}

/// Tells whether a text names `self` as a format string does.
pub(crate) fn mentions_self_in_text(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions_self_in_text(&group.stream()),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.contains("{self}") || text.contains("{self:")
        }
        _ => false,
    })
}

/// How a method takes `self`.
pub(crate) enum SelfKind {
    /// `&self`, also behind a lifetime or as `self: &Self`.
    Ref,
    /// `&mut self`.
    Mut,
    /// `self: Pin<&mut Self>`.
    PinnedMut,
    /// `self: Arc<Self>`, `Rc<Self>` or a shared reference, also pinned: a handle that is cloned cheaply.
    Handle,
    /// `self: Box<Self>` and other pointers.
    Pointer,
    /// `self`.
    Value,
}

pub(crate) fn self_kind(receiver: &Receiver) -> SelfKind {
    let ty = match &receiver.kind {
        ReceiverKind::Reference(_, _, None) => return SelfKind::Ref,
        ReceiverKind::Reference(_, _, Some(_)) => return SelfKind::Mut,
        ReceiverKind::Typed(_, ty) => ty,
        _ => return SelfKind::Value,
    };
    pointer_kind(ty)
}

fn pointer_kind(ty: &Type) -> SelfKind {
    match plain_type(ty) {
        Type::Reference(reference) if reference.mutability.is_some() => SelfKind::Mut,
        Type::Reference(_) => SelfKind::Ref,
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Arc" || last.ident == "Rc" => SelfKind::Handle,
            Some(last) if last.ident == "Pin" => match only_type_argument(&last.arguments).map(pointer_kind) {
                Some(SelfKind::Mut) => SelfKind::PinnedMut,
                Some(SelfKind::Ref | SelfKind::Handle) => SelfKind::Handle,
                _ => SelfKind::Pointer,
            },
            Some(last) if last.ident != "Self" && !last.arguments.is_none() => SelfKind::Pointer,
            _ => SelfKind::Value,
        },
        _ => SelfKind::Value,
    }
}

/// Replaces the variable `self` by another one, but not in paths (`self::x`), nor in functions nested in the body.
pub(crate) fn rename_self(tokens: TokenStream, to: &Ident) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    // In a nested function, `use` or macro definition, everything up to its end is another scope.
    let mut foreign_until_end = false;
    while let Some(token) = tokens.next() {
        let token = match token {
            TokenTree::Ident(ident) if ident == "fn" => {
                let named = matches!(tokens.peek(), Some(TokenTree::Ident(_)));
                foreign_until_end |= named;
                TokenTree::Ident(ident)
            }
            TokenTree::Ident(ident) if ident == "use" || ident == "macro_rules" => {
                foreign_until_end = true;
                TokenTree::Ident(ident)
            }
            TokenTree::Ident(ident) if ident == "self" && !foreign_until_end => {
                let in_path = matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == ':'
                    && p.spacing() == proc_macro2::Spacing::Joint);
                if in_path {
                    TokenTree::Ident(ident)
                } else {
                    let mut renamed = to.clone();
                    renamed.set_span(to.span().located_at(ident.span()));
                    TokenTree::Ident(renamed)
                }
            }
            TokenTree::Group(group) if foreign_until_end => {
                if group.delimiter() == proc_macro2::Delimiter::Brace {
                    foreign_until_end = false;
                }
                TokenTree::Group(group)
            }
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), rename_self(group.stream(), to));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            TokenTree::Punct(punct) => {
                if punct.as_char() == ';' {
                    foreign_until_end = false;
                }
                TokenTree::Punct(punct)
            }
            other => other,
        };
        token.to_tokens(&mut out);
    }
    out
}
