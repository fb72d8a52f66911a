//! Macro calls in a block.

use super::{
    awaits::first_await,
    call::Nested,
    foreign_macros::{self, Visited},
    rewriter::{Form, Rewriter},
};
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Expr, Macro, Token, parse2, punctuated::Punctuated, visit_mut::VisitMut};

impl Rewriter<'_> {
    /// Rewrites the arguments of a macro call; makes `bail!` and `ensure!` of gardefou end in the
    /// boundary.
    ///
    /// They are still called by the user's own path, so that an import of them stays used.
    pub(super) fn call(&mut self, call: &mut Macro) {
        let Some(last) = call.path.segments.last() else {
            return;
        };
        let foreign = call.path.segments.len() > 1
            && call
                .path
                .segments
                .first()
                .is_some_and(|s| s.ident == "anyhow");
        let name = last.ident.to_string();
        match name.as_str() {
            "transaction_boundary" => self.pass_frames(call),
            "error_boundary" => {
                self.nested_boundary(call);
                match self.unreachable.take() {
                    Some(error) => self.refuse(call, error),
                    None => self.pass_frames(call),
                }
            }
            "macro_rules" | "stringify" | "quote" | "parse_quote" => {}
            _ if self.hides_await(call, &name) => {
                let error = syn::Error::new_spanned(
                    &call.path,
                    format!(
                        "the boundary cannot see what `{name}!` awaits: write the body as `async {{ .. }}`, which is \
                         also awaited in place, or await before the call"
                    ),
                );
                self.refuse(call, error);
            }
            "bail" | "ensure" if !foreign && !self.nested => {
                self.arguments(call);
                let leave = self.leave(&TokenStream::new());
                let arguments = std::mem::take(&mut call.tokens);
                call.tokens = quote!(@leave(#leave) #arguments);
            }
            "assert" | "debug_assert" => self.assertion(call),
            _ => self.arguments(call),
        }
    }

    /// Passes the variables of the frames to a nested boundary that awaits.
    fn pass_frames(&self, call: &mut Macro) {
        // Compensations are awaited too; a function that the body calls may register them.
        let waits = |word| foreign_macros::find_word(call.tokens.clone(), word).is_some();
        if self.form == Form::InPlace
            && !self.nested
            && ["await", "async", "on_rollback_async"]
                .into_iter()
                .any(waits)
        {
            let (frames, arguments) = (&self.frames, &call.tokens);
            call.tokens = quote!(@within(#(#frames)*) #arguments);
        }
    }

    /// Returns `true` if a macro call awaits where the frames cannot be left.
    ///
    /// Macros whose arguments do not run are excluded before.
    fn hides_await(&self, call: &Macro, name: &str) -> bool {
        if self.form != Form::InPlace || self.nested {
            return false;
        }
        let ours = matches!(name, "bail" | "ensure" | "app_error")
            && foreign_macros::is_list(call.tokens.clone());
        let awaits = first_await(call.tokens.clone()).is_some() && !ours;
        // The arms of crossbeam's `select!` block the thread.
        let mut tokens = call.tokens.clone().into_iter();
        let blocks = matches!(tokens.next(), Some(TokenTree::Ident(arm)) if arm == "recv" || arm == "send" || arm == "default")
            && matches!(tokens.next(), Some(TokenTree::Group(_)));
        awaits || matches!(name, "join" | "try_join" | "select" | "select_biased") && !blocks
    }

    /// Rewrites an assertion. The user's condition becomes the message if there is none, because
    /// the panic would show the rewritten one.
    fn assertion(&mut self, call: &mut Macro) {
        let written = call.tokens.clone();
        self.arguments(call);
        let only = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        if let Ok(only) = only
            && let (1, Some(condition)) = (only.len(), only.first())
            && call.tokens.to_string() != written.to_string()
        {
            let text = written.to_string();
            let text = text
                .trim_end_matches(',')
                .replace('{', "{{")
                .replace('}', "}}");
            let message = format!("assertion failed: {text}");
            call.tokens = quote!(#condition, #message);
        }
    }

    fn arguments(&mut self, call: &mut Macro) {
        let name = call
            .path
            .segments
            .last()
            .map_or_else(String::new, |last| last.ident.to_string());
        call.tokens = self.visit_arguments(call.tokens.clone(), &name);
        if let Some(error) = self.unreachable.take() {
            self.refuse(call, error);
        }
    }

    fn visit_arguments(&mut self, tokens: TokenStream, name: &str) -> TokenStream {
        let Visited { tokens, unseen } = foreign_macros::visit(tokens, self);
        for question in unseen {
            self.refuse_unseen(question, name);
        }
        tokens
    }

    /// Replaces a call by an error: the compiler then reports nothing else about it, nor about the
    /// use of its value.
    fn refuse(&mut self, call: &mut Macro, error: syn::Error) {
        match parse2(error.to_compile_error()) {
            Ok(refused) => *call = refused,
            Err(_) => self.diag.push(error),
        }
    }

    /// Rewrites a nested boundary. Its block keeps its `?`; its jumps pass through this one too.
    fn nested_boundary(&mut self, call: &mut Macro) {
        let Some(mut nested) = Nested::parse(call.tokens.clone()) else {
            return;
        };
        let before = self.visit_arguments(nested.before, "error_boundary");
        if self.unreachable.is_some() {
            return;
        }
        let outside = std::mem::replace(&mut self.nested, true);
        self.visit_block_mut(&mut nested.block.block);
        self.nested = outside;
        let (block, after) = (nested.block, nested.after);
        call.tokens = quote!(#before #block #after);
    }
}
