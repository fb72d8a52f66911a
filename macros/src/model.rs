//! The function under an attribute: its signature parsed, its body left as the tokens that the user
//! wrote.

use crate::diag::Diag;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, GenericArgument, Ident, Meta, PathArguments, ReturnType, Signature, Stmt,
    Token, Type, TypeParamBound, Visibility,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// A function as an attribute sees it.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The braces with what the guards run: the whole body, or the async block of a function that
    /// returns a future.
    pub(crate) body: Group,
    pub(crate) form: Form,
}

/// How the function runs its body.
pub(crate) enum Form {
    Sync,
    Async,
    /// It returns a future that its last expression makes of an async block, as `async_trait`
    /// writes it.
    Future(Box<FutureShell>),
}

/// What stands around the async block of a function that returns a future.
pub(crate) struct FutureShell {
    /// The braces of the function, kept for their place.
    braces: Group,
    before: TokenStream,
    /// The path of `Box::pin`, where it is boxed.
    boxed: Option<Expr>,
    output: Type,
}

impl Function {
    /// Reads the item; says why where it is not a function with a body.
    pub(crate) fn read(item: TokenStream, diag: &mut Diag) -> Option<Self> {
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
            let mut body = braces(input)?;
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
            function.see_through_future(output, diag)?;
        }
        Some(function)
    }

    /// Finds the async block that makes the future.
    fn see_through_future(&mut self, output: Type, diag: &mut Diag) -> Option<()> {
        let block: syn::Block = diag.ok(syn::parse2(TokenTree::Group(self.body.clone()).into()))?;
        let mut stmts = block.stmts;
        let tail = match stmts.pop() {
            Some(Stmt::Expr(tail, None)) => super::args::value::plain(tail),
            _ => {
                diag.at(&self.sig.output, NO_ASYNC_BLOCK);
                return None;
            }
        };
        let (boxed, inner) = match tail {
            Expr::Call(mut call) if call.args.len() == 1 && is_box_pin(&call.func) => {
                let inner = call.args.pop().map(super::args::value::plain);
                (Some(*call.func), inner)
            }
            other => (None, Some(other)),
        };
        // With `move` or without: a block that is returned cannot borrow the function's variables.
        let Some(Expr::Async(inner)) = inner else {
            diag.at(&self.sig.output, NO_ASYNC_BLOCK);
            return None;
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

    /// Tells whether what the function makes is located at its caller.
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

    /// The place of what captures the variables of the function: what is wrong with `self` in it is
    /// shown at `self`.
    pub(crate) fn capture_span(&self) -> Span {
        let receiver = self
            .sig
            .receiver()
            .map(|receiver| receiver.self_token.span());
        receiver.map_or_else(Span::mixed_site, |place| {
            Span::mixed_site().located_at(place)
        })
    }

    /// The type that the guards see returned.
    pub(crate) fn returns(&self) -> Option<&Type> {
        match (&self.form, &self.sig.output) {
            (Form::Future(shell), _) => Some(&shell.output),
            (_, ReturnType::Type(_, ty)) => Some(ty),
            (_, ReturnType::Default) => None,
        }
    }

    /// The function as it was, but for its attributes.
    pub(crate) fn as_written(&self) -> TokenStream {
        let (attrs, vis, sig, body) = (&self.attrs, &self.vis, &self.sig, &self.body);
        match &self.form {
            Form::Sync | Form::Async => quote::quote!(#(#attrs)* #vis #sig #body),
            Form::Future(_) => self.with_body(body.stream()),
        }
    }

    /// Puts the guarded body in place of the user's.
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
                    Some(pin) => quote::quote!(#pin(async move #block)),
                    None => quote::quote!(async move #block),
                };
                braced(quote::quote!(#before #future), &shell.braces)
            }
        };
        quote::quote!(#(#attrs)* #vis #sig #body)
    }
}

const NO_ASYNC_BLOCK: &str = "this function returns a future, but does not end with an `async` block that the \
                              guard could go into; write it as an `async fn`";

/// Returns `true` for tokens that begin as a closure does.
pub(crate) fn is_closure(item: &TokenStream) -> bool {
    match item.clone().into_iter().next() {
        Some(TokenTree::Punct(punct)) => punct.as_char() == '|',
        Some(TokenTree::Ident(word)) => word == "move",
        _ => false,
    }
}

/// Says what stands in place of a function.
fn not_a_function(input: ParseStream<'_>) -> Option<syn::Error> {
    let ahead = input.fork();
    if ahead.parse::<Signature>().is_ok() {
        return None;
    }
    let ahead = input.fork();
    let elsewhere =
        |what: &str| Some(input.error(format!("this attribute goes on a `fn`, not on {what}")));
    if ahead.peek(Token![|]) || ahead.peek(Token![||]) || ahead.peek(Token![move]) {
        return elsewhere("a closure");
    }
    if ahead.peek(Token![async])
        && (ahead.peek2(Token![|]) || ahead.peek2(Token![||]) || ahead.peek2(Token![move]))
    {
        return elsewhere("a closure");
    }
    if ahead.peek(Token![let]) {
        return elsewhere("a `let` statement");
    }
    let Ok(word) = ahead.call(Ident::parse_any) else {
        return elsewhere("an expression");
    };
    // `unsafe`, `auto` and `const` may stand before the word that says what it is.
    let kinds = [
        "struct",
        "enum",
        "union",
        "trait",
        "impl",
        "mod",
        "type",
        "static",
        "use",
        "const",
        "macro_rules",
    ];
    let mut kind = word.clone();
    if (kind == "unsafe" || kind == "auto")
        && let Ok(next) = ahead.call(Ident::parse_any)
    {
        kind = next;
    }
    if kind == "extern"
        && ahead.parse::<Option<syn::LitStr>>().is_ok()
        && ahead.peek(syn::token::Brace)
    {
        return Some(syn::Error::new(
            kind.span(),
            "this attribute goes on a `fn`, not on an `extern` block",
        ));
    }
    let begins_function = ["fn", "async", "default", "extern", "safe"]
        .iter()
        .any(|known| kind == known);
    if !begins_function && !kinds.iter().any(|known| kind == known) {
        return elsewhere("an expression");
    }
    kinds.iter().any(|known| kind == known).then(|| {
        let article = if matches!(kind.to_string().as_str(), "enum" | "impl") {
            "an"
        } else {
            "a"
        };
        syn::Error::new(
            kind.span(),
            format!("this attribute goes on a `fn`, not on {article} `{kind}`"),
        )
    })
}

/// Moves what stands as `#![..]` at the head of the body to the function, where it means the same:
/// the body becomes an expression, which bears no attributes.
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

/// The braces of a body, also where `macro_rules!` passed them on as one `block`.
fn braces(input: ParseStream<'_>) -> syn::Result<Group> {
    let token: TokenTree = input.parse()?;
    let body = unwrap_group(token);
    match body {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Ok(group),
        other => Err(syn::Error::new(
            other.span(),
            "expected the body of the function",
        )),
    }
}

fn unwrap_group(token: TokenTree) -> TokenTree {
    match &token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inner = group.stream().into_iter();
            match (inner.next(), inner.next()) {
                (Some(only), None) => unwrap_group(only),
                _ => token,
            }
        }
        _ => token,
    }
}

/// Takes off the invisible groups and parentheses around a type.
pub(crate) fn plain_type(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain_type(&group.elem),
        Type::Paren(paren) => plain_type(&paren.elem),
        other => other,
    }
}

fn is_box_pin(function: &Expr) -> bool {
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

/// What a returned future gives: `X` of `Pin<Box<dyn Future<Output = X> + ..>>`, of
/// `BoxFuture<'_, X>` and of `impl Future<Output = X>`.
fn future_output(ty: &Type) -> Option<Type> {
    match plain_type(ty) {
        Type::ImplTrait(imp) => imp.bounds.iter().find_map(output_of_bound),
        Type::TraitObject(object) => object.bounds.iter().find_map(output_of_bound),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
                // The names that the crate futures gives to a boxed one; it alone says what it
                // gives.
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

pub(crate) fn only_type_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The return type as a closure may name it: `impl Trait` is left to inference.
pub(crate) fn inferable(ty: &Type) -> Type {
    let mut ty = ty.clone();
    infer(&mut ty);
    ty
}

/// Replaces each `impl Trait` by `_`, and tells whether there was one.
///
/// By hand, as all walks of this crate that look at few kinds of nodes: each visitor of syn's would
/// be compiled with all of its two hundred functions.
fn infer(ty: &mut Type) -> bool {
    match ty {
        Type::ImplTrait(_) => {
            *ty = Type::Infer(syn::TypeInfer {
                attrs: Vec::new(),
                underscore_token: Token![_](ty.span()),
            });
            true
        }
        Type::Array(array) => infer(&mut array.elem),
        Type::Group(group) => infer(&mut group.elem),
        Type::Paren(paren) => infer(&mut paren.elem),
        Type::Reference(reference) => infer(&mut reference.elem),
        Type::Slice(slice) => infer(&mut slice.elem),
        Type::Tuple(tuple) => tuple
            .elems
            .iter_mut()
            .fold(false, |found, elem| infer(elem) | found),
        Type::Path(path) => {
            let mut found = path
                .qself
                .as_mut()
                .is_some_and(|qself| infer(&mut qself.ty));
            for segment in &mut path.path.segments {
                if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                    for argument in &mut arguments.args {
                        found |= match argument {
                            GenericArgument::Type(ty) => infer(ty),
                            GenericArgument::AssocType(assoc) => infer(&mut assoc.ty),
                            _ => false,
                        };
                    }
                }
            }
            found
        }
        _ => false,
    }
}

/// A type with the same error type as the return type, in which nothing is left to infer: each
/// argument that holds an `impl Trait` is replaced by `()`.
pub(crate) fn same_error(ty: &Type) -> Type {
    let mut ty = plain_type(ty).clone();
    if let Type::Path(path) = &mut ty
        && let Some(last) = path.path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
    {
        for argument in &mut arguments.args {
            if let GenericArgument::Type(inner) = argument
                && infer(inner)
            {
                *inner = Type::Tuple(syn::TypeTuple {
                    attrs: Vec::new(),
                    paren_token: syn::token::Paren(inner.span()),
                    elems: syn::punctuated::Punctuated::new(),
                });
            }
        }
    }
    ty
}

/// A variable of the expansion's own. Hygiene keeps it apart from the user's variables; the
/// underscores do from the constants and statics, which a pattern would name instead of binding
/// anew.
pub(crate) fn own(name: &str) -> Ident {
    own_at(name, Span::mixed_site())
}

/// The same at a place of the user's, for messages that speak of it; the span is one of [`at`].
pub(crate) fn own_at(name: &str, span: Span) -> Ident {
    Ident::new(&format!("__{name}"), span)
}

/// A place that the generated code may stand at: resolved as the macro's own, shown as the user's.
pub(crate) fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// The first and the last place of some tokens: what begins at the one and ends at the other is
/// underlined as a whole.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut all = tokens
        .to_token_stream()
        .into_iter()
        .map(|token| token.span());
    let first = all.next().unwrap_or_else(Span::mixed_site);
    (first, all.last().unwrap_or(first))
}

/// The path to the runtime crate, shown at the user's tokens: for calls whose bounds the user can
/// miss.
pub(crate) fn path_at(krate: &syn::Path, tokens: &impl Spanned) -> TokenStream {
    let place = tokens.span();
    let moved = krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    moved.collect()
}

/// The value that stands in for one that is missing. Its type is known in front, so that a value of
/// another one is reported at itself; as a part of a tuple it is no argument, about whose function
/// the compiler would speak too.
pub(crate) fn stand_in(krate: &syn::Path, missing: &Ident, value: &Expr) -> TokenStream {
    let krate = path_at(krate, value);
    quote::quote_spanned!(at(value)=> #krate::__private::Missing::stand_in(#missing, (#value,)))
}
