//! Functions: a parsed signature, and the body as the tokens that the user wrote.

use super::{
    future::{future_output, is_box_pin},
    item::not_a_function,
};
use crate::{
    diag::Diag,
    groups::{braces, ungrouped},
};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Expr, Meta, ReturnType, Signature, Stmt, Token, Type, Visibility,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// A function under an attribute.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The braces of the code that guards run: the whole body, or the async block of a function
    /// that returns a future.
    pub(crate) body: Group,
    pub(crate) form: Form,
}

/// How the function runs its body.
pub(crate) enum Form {
    Sync,
    Async,
    /// It returns a future, which its last expression builds from an async block, as the expansion
    /// of `async_trait` does.
    Future(Box<FutureShell>),
}

/// The code around the async block of a function that returns a future.
pub(crate) struct FutureShell {
    /// The braces of the function, kept for their span.
    braces: Group,
    before: TokenStream,
    /// The path of `Box::pin`, if the future is boxed.
    boxed: Option<Expr>,
    output: Type,
}

impl Function {
    /// Parses the item; reports anything that is not a function with a body.
    pub(crate) fn parse(item: TokenStream, diag: &mut Diag) -> Option<Self> {
        let parser = |input: ParseStream<'_>| {
            let mut attrs = Attribute::parse_outer(input)?;
            let vis: Visibility = input.parse()?;
            if let Some(error) = not_a_function(input) {
                return Err(error);
            }
            let sig: Signature = input.parse()?;
            if input.peek(Token![;]) {
                // A function of a trait, or one of an `extern` block.
                let message = match sig.receiver() {
                    Some(_) => "this method has no body; put the attribute on the implementation",
                    None => {
                        "this function has no body; put the attribute on the implementation, or on a function that \
                             calls it"
                    }
                };
                return Err(syn::Error::new(sig.ident.span(), message));
            }
            let mut body = braces(input, "expected the body of the function")?;
            take_inner_attributes(&mut attrs, &mut body)?;
            Ok((attrs, vis, sig, body))
        };
        let (attrs, vis, sig, body) = diag.ok(Parser::parse2(parser, item))?;
        let mut function = Self {
            attrs,
            vis,
            sig,
            body,
            form: Form::Sync,
        };
        if function.sig.asyncness.is_some() {
            function.form = Form::Async;
        } else if let ReturnType::Type(_, output) = &function.sig.output
            && let Some(output) = future_output(output)
        {
            function.unwrap_future(output, diag)?;
        }
        Some(function)
    }

    /// Replaces the body by the async block that builds the future.
    fn unwrap_future(&mut self, output: Type, diag: &mut Diag) -> Option<()> {
        let block: syn::Block = diag.ok(syn::parse2(TokenTree::Group(self.body.clone()).into()))?;
        let mut stmts = block.stmts;
        let tail = match stmts.pop() {
            Some(Stmt::Expr(tail, None)) => ungrouped(tail),
            _ => {
                return diag.refuse(&self.sig.output, NO_ASYNC_BLOCK);
            }
        };
        let (boxed, inner) = match tail {
            Expr::Call(mut call) if call.args.len() == 1 && is_box_pin(&call.func) => {
                let inner = call.args.pop().map(ungrouped);
                (Some(*call.func), inner)
            }
            other => (None, Some(other)),
        };
        // With or without `move`: a returned block cannot borrow the function's variables.
        let Some(Expr::Async(inner)) = inner else {
            return diag.refuse(&self.sig.output, NO_ASYNC_BLOCK);
        };
        let mut before = TokenStream::new();
        stmts.iter().for_each(|stmt| stmt.to_tokens(&mut before));
        let body = inner
            .block
            .to_token_stream()
            .into_iter()
            .find_map(|token| match token {
                TokenTree::Group(group) => Some(group),
                _ => None,
            })?;
        let braces = std::mem::replace(&mut self.body, body);
        self.form = Form::Future(Box::new(FutureShell {
            braces,
            before,
            boxed,
            output,
        }));
        Some(())
    }

    pub(crate) fn is_async(&self) -> bool {
        !matches!(self.form, Form::Sync)
    }

    /// Returns `true` if errors of the function are located at its caller, by `#[track_caller]`.
    pub(crate) fn tracks_caller(&self) -> bool {
        self.attrs.iter().any(|attr| match &attr.meta {
            Meta::List(list) if attr.path().is_ident("cfg_attr") => list
                .tokens
                .clone()
                .into_iter()
                .any(|token| matches!(token, TokenTree::Ident(word) if word == "track_caller")),
            meta => meta.path().is_ident("track_caller"),
        })
    }

    /// Returns the span of closures and async blocks that capture variables of the function. The
    /// compiler reports there what is wrong with `self`.
    pub(crate) fn capture_span(&self) -> Span {
        let receiver = self
            .sig
            .receiver()
            .map(|receiver| receiver.self_token.span());
        receiver.map_or_else(Span::mixed_site, |span| Span::mixed_site().located_at(span))
    }

    /// Returns the type of the guarded code.
    pub(crate) fn returns(&self) -> Option<&Type> {
        match (&self.form, &self.sig.output) {
            (Form::Future(shell), _) => Some(&shell.output),
            (_, ReturnType::Type(_, ty)) => Some(ty),
            (_, ReturnType::Default) => None,
        }
    }

    /// Returns the function as the user wrote it, with its present attributes.
    pub(crate) fn as_written(&self) -> TokenStream {
        let (attrs, vis, sig, body) = (&self.attrs, &self.vis, &self.sig, &self.body);
        match &self.form {
            Form::Sync | Form::Async => quote!(#(#attrs)* #vis #sig #body),
            Form::Future(_) => self.with_body(body.stream()),
        }
    }

    /// Returns the function with the guarded body in place of the user's.
    pub(crate) fn with_body(&self, guarded: TokenStream) -> TokenStream {
        let (attrs, vis, sig) = (&self.attrs, &self.vis, &self.sig);
        let braced = |tokens: TokenStream, like: &Group| {
            let mut group = Group::new(Delimiter::Brace, tokens);
            group.set_span(like.span());
            group
        };
        let body = match &self.form {
            Form::Sync | Form::Async => braced(guarded, &self.body),
            Form::Future(shell) => {
                let before = &shell.before;
                let block = braced(guarded, &self.body);
                let future = match &shell.boxed {
                    Some(pin) => quote!(#pin(async move #block)),
                    None => quote!(async move #block),
                };
                braced(quote!(#before #future), &shell.braces)
            }
        };
        quote!(#(#attrs)* #vis #sig #body)
    }
}

const NO_ASYNC_BLOCK: &str = "a guarded function that returns a future must end with an `async` block; \
                              write it as an `async fn`";

/// Moves attributes `#![..]` from the start of the body to the function, where they mean the same:
/// the body becomes an expression, which takes no attributes.
fn take_inner_attributes(attrs: &mut Vec<Attribute>, body: &mut Group) -> syn::Result<()> {
    let head = |input: ParseStream<'_>| {
        Ok((
            Attribute::parse_inner(input)?,
            input.parse::<TokenStream>()?,
        ))
    };
    let (inner, rest) = Parser::parse2(head, body.stream())?;
    if !inner.is_empty() {
        let span = body.span();
        *body = Group::new(Delimiter::Brace, rest);
        body.set_span(span);
        attrs.extend(inner.into_iter().map(|attr| Attribute {
            style: syn::AttrStyle::Outer,
            ..attr
        }));
    }
    Ok(())
}
