//! `#[health_check]`: functions that are registered as health checks at link time.

use crate::{
    args::{
        Args, Spec,
        value::{self, Value},
    },
    check::{HAS_ASYNC, asynchronous},
    diag::Diag,
    span::at,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, ItemFn, Path, ext::IdentExt, spanned::Spanned};

/// Expands the attribute. After a mistake the user's item is returned unchanged, beside the errors.
pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let registration = registration(args, item.clone(), &mut diag);
    match registration {
        Some(registration) if diag.is_empty() => quote!(#item #registration),
        _ => {
            let errors = diag.into_compile_errors();
            quote!(#errors #item)
        }
    }
}

fn registration(args: TokenStream, item: TokenStream, diag: &mut Diag) -> Option<TokenStream> {
    let mut args = Args::parse(args, &Spec::HEALTH, diag);
    let krate = args
        .take_crate(diag)
        .unwrap_or_else(|| syn::parse_quote!(::gardefou));
    let function = diag.ok(syn::parse2::<ItemFn>(item));
    if let Some(function) = &function {
        check(function, diag);
    }
    let name = args
        .take("name")
        .and_then(|expr| value::name("name", expr, diag));
    let scope = args
        .take("scope")
        .and_then(|expr| value::choice("scope", expr, &["dependency", "internal"], diag));
    let scope = scope.and_then(|scope| known(scope, "scope", diag));
    let setters = setters(&mut args, &krate, diag);

    let function = function?;
    let ident = &function.sig.ident;
    let name = match name {
        Some(name) => name.text_tokens(&krate),
        None => {
            let own = ident.unraw().to_string();
            quote!(#own)
        }
    };
    let constructor = match (scope.as_deref(), function.sig.asyncness.is_some()) {
        (Some("internal"), false) => "internal",
        (Some("internal"), true) => "internal_async",
        (_, false) => "dependency",
        (_, true) => "dependency_async",
    };
    let constructor = Ident::new(constructor, at(ident));
    let cfgs = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"));
    Some(quote! {
        #(#cfgs)*
        const _: () = {
            #krate::__private::inventory::submit! {
                #krate::__private::StaticCheck::new(
                    #name,
                    #krate::__private::concat!(#krate::__private::file!(), ":", #krate::__private::line!()),
                    |health| #krate::health::Health::register(health, #krate::health::Check::#constructor(#name, #ident) #setters),
                )
            }
        };
    })
}

/// Reports functions that cannot be checks.
fn check(function: &ItemFn, diag: &mut Diag) {
    let sig = &function.sig;
    if let Some(input) = sig.inputs.first() {
        diag.at(input, "a health check takes no arguments; what it needs is in a `static`, or in a closure that is registered with `register_check`");
    }
    if let Some(word) = &sig.asyncness {
        asynchronous(word, HAS_ASYNC, diag);
    }
    if !sig.generics.params.is_empty() {
        diag.at(
            &sig.generics,
            "a health check cannot be generic: gardefou calls it and cannot choose the types",
        );
    }
    if let syn::Safety::Unsafe(unsafety) = &sig.safety {
        diag.at(
            unsafety,
            "a health check cannot be `unsafe`: it is called by gardefou",
        );
    }
}

/// Returns the calls of setters after the constructor, in the order of the keys.
fn setters(args: &mut Args, krate: &Path, diag: &mut Diag) -> TokenStream {
    let mut calls = TokenStream::new();
    let mut call = |key: &Ident, setter: &str, value: TokenStream| {
        let setter = format_ident!("{setter}", span = at(key));
        calls.extend(quote_spanned!(key.span()=> .#setter(#value)));
    };
    let kinds = ["liveness", "readiness", "startup", "info"];
    if let Some((key, expr)) = args.take_with_key("criticality") {
        let words = ["critical", "important", "informational"];
        if let Some(value) = value::choice("criticality", expr, &words, diag) {
            let expr = &value.expr;
            call(
                &key,
                "criticality",
                match value.known.as_deref() {
                    Some("critical") => quote!(#krate::health::Criticality::Critical),
                    Some("informational") => quote!(#krate::health::Criticality::Informational),
                    Some(_) => quote!(#krate::health::Criticality::Important),
                    None => quote!(#expr),
                },
            );
        }
    }
    if let Some((key, expr)) = args.take_with_key("kind") {
        let span = expr.span();
        let kind =
            value::choice("kind", expr, &kinds, diag).and_then(|kind| known(kind, "kind", diag));
        if let Some(kind) = kind {
            // At the value, where a dependency in liveness is then reported.
            call(
                &Ident::new(&key.to_string(), span),
                &kind,
                TokenStream::new(),
            );
        }
    }
    for name in ["timeout", "period", "stale_after"] {
        if let Some((key, expr)) = args.take_with_key(name)
            && let Some(value) = value::duration(name, expr, false, diag)
        {
            call(&key, name, value.tokens(krate));
        }
    }
    for name in ["failure_threshold", "success_threshold"] {
        if let Some((key, expr)) = args.take_with_key(name)
            && let Some(value) = value::integer(name, expr, 1..=u32::MAX, diag)
        {
            call(&key, name, value.positive_tokens(krate));
        }
    }
    for name in ["group", "tag"] {
        if let Some((key, expr)) = args.take_with_key(name)
            && let Some(value) = value::name(name, expr, diag)
        {
            call(&key, name, value.text_tokens(krate));
        }
    }
    calls
}

/// Returns the string itself, which the expansion depends on.
fn known(value: Value<String>, key: &str, diag: &mut Diag) -> Option<String> {
    let Value { known, expr } = value;
    if known.is_none() {
        let expr: &Expr = &expr;
        diag.at(expr, format!("`{key}` takes a string literal"));
    }
    known
}
