//! Exits of a block, rewritten for the boundary around it.

use super::{
    flow::{Jumps, Target},
    rewriter::{Form, Rewriter, Rule},
};
use crate::span::{local, local_at, moved_to};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Ident, Lifetime, parse_quote, parse2, spanned::Spanned};

/// Returns the label of a block in place; hygiene separates it from the user's.
pub(super) fn label() -> Lifetime {
    Lifetime::new("'gardefou", Span::mixed_site())
}

/// Returns the variable of type `Returns`, which fixes the type of returned values.
pub(super) fn returns() -> Ident {
    local("returns")
}

impl Rewriter<'_> {
    /// Returns code that leaves the block with an outcome.
    pub(super) fn leave(&mut self, outcome: &TokenStream) -> TokenStream {
        match self.form {
            Form::InPlace => {
                self.uses_label = true;
                let label = label();
                quote!(break #label #outcome)
            }
            Form::Closure => quote!(return #outcome),
        }
    }

    /// Returns code that leaves the block with an error.
    fn fail(&mut self, error: &TokenStream) -> TokenStream {
        let runtime = &self.runtime;
        let outcome = quote!(#runtime::failed(#error));
        self.leave(&outcome)
    }

    /// Rewrites `expr?`.
    pub(super) fn question(&mut self, expr: &Expr, question: Span) -> Expr {
        let value = local("value");
        let error = local("error");
        let exit = self.fail(&quote!(#error));
        // The call has the span of the user's `?`: a missing conversion is reported there, and it
        // is the location of the error.
        let runtime = moved_to(self.runtime.clone(), question);
        let branch = quote_spanned!(question=> #runtime::branch);
        let mut call: syn::ExprCall = parse_quote!(#branch(#expr));
        call.paren_token = syn::token::Paren(question);
        let expanded = quote! {
            (match #call {
                ::core::result::Result::Ok(#value) => #value,
                ::core::result::Result::Err(#error) => #exit,
            })
        };
        parse2(expanded).unwrap_or_else(|_| expr.clone())
    }

    pub(super) fn exit_of_return(&mut self, value: Option<&Expr>, span: Span) -> Option<Expr> {
        let runtime = self.runtime.clone();
        let exit = match self.rule {
            Rule::Commit => {
                let value = value.map_or_else(|| quote!(()), ToTokens::to_token_stream);
                self.leave(&quote!(#runtime::done(#value)))
            }
            Rule::Through if self.form == Form::InPlace => return None,
            Rule::Through => {
                let returns = returns();
                // The hint gives the value the enclosing function's type, coercions included.
                let carried = match value {
                    Some(value) => quote!(#runtime::Returns::same(&#returns, #value)),
                    None => quote!(()),
                };
                self.jump(
                    Target::Return(Span::mixed_site().located_at(span)),
                    value.is_some(),
                    &carried,
                )
            }
        };
        parse2(exit).ok()
    }

    /// Returns code that leaves the block with a jump that is made after it.
    fn jump(&mut self, target: Target, has_value: bool, value: &TokenStream) -> TokenStream {
        let index = self.jumps.index_of(target, has_value);
        let runtime = self.runtime.clone();
        let flow = Jumps::value(index, value, &runtime);
        self.leave(&quote!(#runtime::done(#flow)))
    }

    /// Rewrites a `break` or `continue`. Returns `None` if it can stay as it is.
    pub(super) fn exit_of_jump(
        &mut self,
        jump: &Expr,
        label: Option<&Lifetime>,
        value: Option<&Expr>,
    ) -> Option<Expr> {
        let stays = match label {
            None => self.loops > 0,
            Some(label) => self.labels.contains(&label.ident.to_string()),
        };
        if stays {
            return None;
        }
        if self.rule == Rule::Commit {
            let word = if matches!(jump, Expr::Break(_)) {
                "break"
            } else {
                "continue"
            };
            self.diag.at(
                jump,
                format!(
                    "this `{word}` would leave the transaction neither committed nor rolled back: end the body \
                     with `return value` or `bail!(..)`, and jump after the transaction"
                ),
            );
            return Some(parse_quote!(::core::panic!()));
        }
        if self.form == Form::InPlace && label.is_some() {
            return None;
        }
        let span = Span::mixed_site().located_at(jump.span());
        let target = match jump {
            Expr::Break(_) => Target::Break(label.cloned(), span),
            _ => Target::Continue(label.cloned(), span),
        };
        let carried = value.map_or_else(|| quote!(()), ToTokens::to_token_stream);
        parse2(self.jump(target, value.is_some(), &carried)).ok()
    }

    /// Rewrites `base.await` so that every frame is left while it waits.
    pub(super) fn awaited(&self, base: &Expr, word: Span) -> Option<TokenStream> {
        let runtime = moved_to(self.runtime.clone(), word);
        // The argument has the span of the word `await`, as the call does: the compiler then
        // reports one error and not two if it is not a future. What it borrows for the statement
        // stays borrowed.
        let future = local_at("future", word);
        let suspended = self.frames.iter().rev().fold(
            quote_spanned!(word=> match #base { #future => #future }),
            |future, frame| quote_spanned!(word=> #runtime::suspend(#future, &mut #frame)),
        );
        (!self.frames.is_empty()).then_some(suspended)
    }
}
