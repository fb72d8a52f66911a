//! Receivers of methods, and `self` in their bodies.

use super::{Binding, Function, params, types::only_type_argument, variables::mentions_in};
use crate::groups::ungrouped_type;
use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Ident, Receiver, ReceiverKind, Type};

/// How a method takes `self`.
pub(crate) enum SelfKind {
    /// `&self`, also with a lifetime or as `self: &Self`.
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

fn pointer_kind(ty: &Type) -> SelfKind {
    match ungrouped_type(ty) {
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

/// Returns `true` if the body captures nothing but `&self`, which it can then borrow. Parameters
/// are passed to a closure, and an async block must own them.
pub(crate) fn borrows_self(function: &Function) -> bool {
    let is_shared = function
        .sig
        .receiver()
        .is_some_and(|receiver| matches!(self_kind(receiver), SelfKind::Ref));
    let is_captured = |binding: &Binding| function.is_async() || !binding.cfgs.is_empty();
    // The statements before a returned future may bind more variables.
    let is_plain = function.sig.asyncness.is_some() || !function.is_async();
    is_shared && is_plain && !params::used_bindings(function).iter().any(is_captured)
}

/// Returns `true` if a body names `self` where [`rename_self`] does not reach: in a format string,
/// or in the definition of a macro.
pub(crate) fn has_fixed_self(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Group(group) => {
            let is_definition = index >= 3
                && matches!(&tokens[index - 3], TokenTree::Ident(word) if word == "macro_rules");
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

/// Replaces the variable `self` by another one, but not in paths (`self::x`), nor in nested
/// functions.
pub(crate) fn rename_self(tokens: TokenStream, to: &Ident) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    // A nested function, `use` or macro definition is another scope up to its end.
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
                    && p.spacing() == Spacing::Joint);
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
                let mut inner = Group::new(group.delimiter(), rename_self(group.stream(), to));
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
    use proc_macro2::Span;

    #[test]
    fn self_is_renamed_except_in_paths() {
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
