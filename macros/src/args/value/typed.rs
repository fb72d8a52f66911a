//! Checked values, and their expressions in generated code.

use crate::span::{at, path_at};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::time::Duration;
use syn::{Expr, ExprLit, ExprUnary, Lit, Path, UnOp, spanned::Spanned};

/// The expression that the user wrote, and its value if that is known at compile time.
#[derive(Clone)]
pub(crate) struct Value<T> {
    pub(crate) known: Option<T>,
    pub(crate) expr: Expr,
}

impl<T> Value<T> {
    /// Makes the value of an expression that is evaluated at run time.
    pub(super) fn unknown(expr: Expr) -> Option<Self> {
        Some(Self { known: None, expr })
    }

    /// Makes the value of a literal.
    pub(super) fn known(known: T, expr: Expr) -> Option<Self> {
        let known = Some(known);
        Some(Self { known, expr })
    }
}

impl Value<String> {
    /// Returns the expression of type `&'static str`; another type is reported at the user's
    /// tokens.
    pub(crate) fn text_tokens(&self, krate: &Path) -> TokenStream {
        self.typed(krate, "text")
    }
}

impl Value<u32> {
    /// Returns the expression of type `u32`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        self.typed(krate, "count")
    }

    /// Returns the expression of type `u32` of a value that is at least 1: a path to a constant
    /// that is less does not compile.
    pub(crate) fn positive_tokens(&self, krate: &Path) -> TokenStream {
        match &self.expr {
            Expr::Path(path) if self.known.is_none() => {
                // An item, which the compiler evaluates even if the function is never called.
                let krate = path_at(krate, path);
                quote_spanned!(at(path)=> {
                    const COUNT: u32 = #krate::__private::typed::at_least_one(#path);
                    COUNT
                })
            }
            _ => self.tokens(krate),
        }
    }
}

impl Value<u64> {
    /// Returns the expression of type `u64`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        self.typed(krate, "seed")
    }
}

impl Value<f64> {
    /// Returns the expression of type `f64`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        match self.known {
            // An integer literal is a number too.
            Some(known) => {
                let mut literal = proc_macro2::Literal::f64_suffixed(known);
                literal.set_span(self.expr.span());
                quote!(#literal)
            }
            None => self.typed(krate, "number"),
        }
    }
}

impl Value<Duration> {
    /// Returns the expression of type `Duration`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        match self.known {
            Some(known) => {
                let (seconds, nanos) = (known.as_secs(), known.subsec_nanos());
                quote!(#krate::__private::Duration::new(#seconds, #nanos))
            }
            None => self.typed(krate, "duration"),
        }
    }
}

impl<T> Value<T> {
    fn typed(&self, krate: &Path, function: &str) -> TokenStream {
        let expr = &self.expr;
        if self.known.is_some() {
            return quote!(#expr);
        }
        let span = at(expr);
        let function = syn::Ident::new(function, span);
        quote_spanned!(span=> #krate::__private::typed::#function(#expr))
    }
}

/// Returns a literal, and whether a minus precedes it.
pub(super) fn literal(expr: &Expr) -> Option<(bool, &Lit)> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => Some((false, lit)),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match &**expr {
            Expr::Lit(ExprLit { lit, .. }) => Some((true, lit)),
            Expr::Group(group) => match &*group.expr {
                Expr::Lit(ExprLit { lit, .. }) => Some((true, lit)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
