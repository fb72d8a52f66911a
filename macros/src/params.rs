//! The arguments of a function as the variables that its body uses.

use crate::model::{Function, only_type_argument, plain_type};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, FnArg, Generics, Ident, Pat, PatIdent, Receiver, ReceiverKind, Token, Type,
    ext::IdentExt,
};

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
                let inner = match ty.map(plain_type) {
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
            |ty: &Type| matches!(plain_type(ty), Type::Reference(r) if r.mutability.is_some());
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
                && ty.is_none_or(crate::drops::may_drop),
            type_span: ty.map_or_else(|| (pat.ident.span(), pat.ident.span()), crate::model::ends),
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
            || match ty.map(plain_type) {
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
    match ty.map(plain_type) {
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

/// Tells whether the tokens name a variable, also within a format string.
///
/// Fields, methods and parts of paths are none. Of what cannot be told apart, too much counts
/// rather than too little.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    mentions_in(tokens.clone(), name, false)
}

/// `in_macro` is true for the arguments of a macro, which may be anything.
fn mentions_in(tokens: TokenStream, name: &str, in_macro: bool) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |place: Option<usize>, char: char| matches!(place.and_then(|place| tokens.get(place)), Some(TokenTree::Punct(p)) if p.as_char() == char);
    let is_path = |place: usize| is(Some(place), ':') && is(Some(place + 1), ':');
    tokens.iter().enumerate().any(|(place, token)| match token {
        TokenTree::Ident(ident) if ident.unraw() == name => {
            let (before, second) = (place.checked_sub(1), place.checked_sub(2));
            let is_member = is(before, '.') && !is(second, '.');
            let in_path = second.is_some_and(is_path) || (is_path(place + 1) && name != "self");
            // `field: value`, and what is bound anew with a type.
            let is_field = !in_macro && is(Some(place + 1), ':') && !is_path(place + 1);
            !is_member && !in_path && !is_field
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) => false,
        TokenTree::Group(group) => {
            let of_macro = place
                .checked_sub(1)
                .is_some_and(|before| is(Some(before), '!'));
            mentions_in(group.stream(), name, in_macro || of_macro)
        }
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.contains('"') && in_format_string(&text, name)
        }
    })
}

/// `{name}`, `{name:?}`, `{:name$}`: a word anywhere between braces counts, since one clone too
/// many is harmless and one too few is not.
fn in_format_string(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut depth = 0_usize;
    let mut word = String::new();
    for c in text.chars() {
        if is_word(c) {
            word.push(c);
            continue;
        }
        if depth > 0 && word == name {
            return true;
        }
        word.clear();
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Tells whether a body names `self` where [`rename_self`] does not reach: in a format string, or
/// in the definition of a macro.
pub(crate) fn has_fixed_self(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().any(|(place, token)| match token {
        TokenTree::Group(group) => {
            let is_definition = place >= 3
                && matches!(&tokens[place - 3], TokenTree::Ident(word) if word == "macro_rules");
            has_fixed_self(&group.stream())
                || is_definition && mentions_in(group.stream(), "self", true)
        }
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
    /// `self: Arc<Self>`, `Rc<Self>` or a shared reference, also pinned: a handle that is cloned
    /// cheaply.
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

/// Whether the body captures nothing but `&self`, which it then may borrow: arguments are
/// parameters of a closure, and an async block must own them.
pub(crate) fn borrows_self(function: &Function) -> bool {
    let is_shared = function
        .sig
        .receiver()
        .is_some_and(|receiver| matches!(self_kind(receiver), SelfKind::Ref));
    let is_captured = |binding: &Binding| function.is_async() || !binding.cfgs.is_empty();
    // Of a future that is returned, the statements before it may bind more.
    let is_plain = function.sig.asyncness.is_some() || !function.is_async();
    is_shared && is_plain && !used(function).iter().any(is_captured)
}

fn pointer_kind(ty: &Type) -> SelfKind {
    match plain_type(ty) {
        Type::Reference(reference) if reference.mutability.is_some() => SelfKind::Mut,
        Type::Reference(_) => SelfKind::Ref,
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Arc" || last.ident == "Rc" => SelfKind::Handle,
            Some(last) if last.ident == "Pin" => {
                match only_type_argument(&last.arguments).map(pointer_kind) {
                    Some(SelfKind::Mut) => SelfKind::PinnedMut,
                    Some(SelfKind::Ref | SelfKind::Handle) => SelfKind::Handle,
                    _ => SelfKind::Pointer,
                }
            }
            Some(last) if last.ident != "Self" && !last.arguments.is_none() => SelfKind::Pointer,
            _ => SelfKind::Value,
        },
        _ => SelfKind::Value,
    }
}

/// Replaces the variable `self` by another one, but not in paths (`self::x`), nor in functions
/// nested in the body.
pub(crate) fn rename_self(tokens: TokenStream, to: &Ident) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    // In a nested function, `use` or macro definition, everything up to its end is another scope.
    let mut foreign_until_end = false;
    let mut after_pub = false;
    while let Some(token) = tokens.next() {
        let is_pub = matches!(&token, TokenTree::Ident(ident) if ident == "pub");
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
            // `pub(self)` names a module.
            TokenTree::Group(group) if after_pub => TokenTree::Group(group),
            TokenTree::Group(group) if foreign_until_end => {
                if group.delimiter() == Delimiter::Brace {
                    foreign_until_end = false;
                }
                TokenTree::Group(group)
            }
            TokenTree::Group(group) => {
                let mut inner =
                    proc_macro2::Group::new(group.delimiter(), rename_self(group.stream(), to));
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
        after_pub = is_pub;
        token.to_tokens(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, name: &str) -> bool {
        mentions(&text.parse().unwrap(), name)
    }

    #[test]
    fn fields_methods_and_paths_of_the_same_name_are_no_variables() {
        for text in [
            "self.conn.send()",
            "self.conn()",
            "x?.conn",
            "Request { conn: other, id }",
            "struct Request { pub(self) conn: u8 }",
            "let conn: u8 = 1;",
            "let Request { id, conn: other } = x;",
            "conn::open()",
            "db::conn",
            "format!(\"no conn for {host}\")",
            "\"conn {}\"",
        ] {
            assert!(!named(text, "conn"), "{text}");
        }
        for text in [
            "conn",
            "conn.send()",
            "send(conn)",
            "0..conn",
            "..conn",
            "Request { conn }",
            "Request { conn: conn }",
            "x.map(|y| conn + y)",
            "format!(\"{conn}\")",
            "format!(\"{conn:?}\")",
            "format!(\"{:>conn$}\", 1)",
            "json!({ conn: 1 })",
        ] {
            assert!(named(text, "conn"), "{text}");
        }
    }

    #[test]
    fn self_is_renamed_but_not_where_it_names_a_module() {
        let renamed = |text: &str| {
            let to = Ident::new("this", Span::call_site());
            rename_self(text.parse().unwrap(), &to)
                .to_string()
                .replace(' ', "")
        };
        assert_eq!(renamed("self.a(self)"), "this.a(this)");
        assert_eq!(
            renamed("struct A { pub(self) a: u8, pub(in self::b) c: u8 }"),
            "structA{pub(self)a:u8,pub(inself::b)c:u8}"
        );
        assert_eq!(
            renamed("pub(self) const A: u8 = 1; self.a"),
            "pub(self)constA:u8=1;this.a"
        );
        assert_eq!(
            renamed("fn f(&self) { self.a } self.b"),
            "fnf(&self){self.a}this.b"
        );
    }
}
