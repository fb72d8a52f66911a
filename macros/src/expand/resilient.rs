//! `#[resilient]`: the attributes of its policies, in the order that is right by default.
//!
//! It expands to the single attributes, stacked. So both forms behave alike by construction.

use super::order::{is_marked, without_marker};
use crate::{
    args::{Section, Sections, gives, turns_off},
    check,
    diag::Diag,
    model::Function,
    span::at,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;

pub(crate) const TITLE: &str = "#[resilient]";

pub(crate) const KEYS: &[&str] = &[
    "name",
    "fallback",
    "timeout",
    "retry",
    "hedge",
    "circuit_breaker",
    "rate_limit",
    "bulkhead",
    "attempt_timeout",
    "key",
    "span",
    "crate",
];

/// A policy of the attribute, from outside to inside.
struct Layer {
    key: &'static str,
    attribute: &'static str,
    /// The key of the attribute that a plain value is for; none if the policy takes no plain value.
    value: Option<&'static str>,
    /// Whether it must have a name, by which it is shared.
    is_named: bool,
    /// Whether there may be one for each key.
    is_keyed: bool,
}

const LAYERS: &[Layer] = &[
    layer("fallback", "fallback", Some("to")),
    layer("timeout", "timeout", Some("limit")),
    Layer {
        is_keyed: true,
        ..layer("retry", "retry", None)
    },
    layer("hedge", "hedge", None),
    shared("circuit_breaker", "with_circuit_breaker", None),
    shared("rate_limit", "rate_limit", Some("rate")),
    shared("bulkhead", "bulkhead", Some("max_concurrent")),
    layer("attempt_timeout", "timeout", Some("limit")),
];

const fn layer(key: &'static str, attribute: &'static str, value: Option<&'static str>) -> Layer {
    Layer {
        key,
        attribute,
        value,
        is_named: false,
        is_keyed: false,
    }
}

const fn shared(key: &'static str, attribute: &'static str, value: Option<&'static str>) -> Layer {
    Layer {
        is_named: true,
        is_keyed: true,
        ..layer(key, attribute, value)
    }
}

/// Expands the attribute. After a mistake the user's item is returned unchanged, beside the errors.
pub(crate) fn resilient(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    // Its own attributes carry the marker on.
    let (args, _) = without_marker(args);
    let stacked = stacked(args, item.clone(), &mut diag);
    match stacked {
        Some(stacked) if diag.is_empty() => stacked,
        _ => {
            let errors = diag.into_compile_errors();
            quote!(#errors #item)
        }
    }
}

fn stacked(args: TokenStream, item: TokenStream, diag: &mut Diag) -> Option<TokenStream> {
    let mut sections = Sections::parse(args, TITLE, KEYS, diag);
    let function = Function::parse(item, diag);
    if let Some(function) = &function {
        check::function(function, diag);
    }
    let name = sections.take_value("name", diag);
    let key = sections.take_value("key", diag);
    let mut span = sections.take_value("span", diag);
    let krate = sections.take_value("crate", diag);
    let path = krate
        .as_ref()
        .map_or_else(|| quote!(::gardefou), |(_, path)| quote!(#path));
    let common = krate.map(|(key, path)| quote!(#key = #path,));
    let mut takes_key = false;
    let mut stack = Vec::new();
    for layer in LAYERS {
        let Some((given, section)) = sections.take(layer.key) else {
            continue;
        };
        let Some(mut arguments) = arguments(layer, &given, section, diag) else {
            continue;
        };
        if !gives(&arguments, "name") && layer.attribute != "fallback" && layer.attribute != "hedge"
        {
            match &name {
                Some((key, name)) => arguments = quote!(#arguments #key = #name,),
                None if layer.is_named => diag.at(
                    &given,
                    format!("the name is missing, by which `{}` is shared: write `#[resilient(name = \"...\", ..)]`", layer.key),
                ),
                None => {}
            }
        }
        // The outermost policy has the span of the whole.
        if let Some((key, value)) = span.take()
            && !gives(&arguments, "span")
        {
            arguments = quote!(#arguments #key = #value,);
        }
        // A retry without a budget has nothing that a key could choose.
        if layer.is_keyed && !turns_off(&arguments, "budget") {
            takes_key = true;
            if let Some((key, value)) = &key
                && !gives(&arguments, "key")
            {
                arguments = quote!(#arguments #key = #value,);
            }
        }
        let attribute = Ident::new(layer.attribute, at(&given));
        stack.push(quote_spanned!(at(&given)=> #[#path::#attribute(#arguments #common)]));
    }
    if let Some((key, _)) = &key
        && !takes_key
    {
        diag.at(
            key,
            "`key` is for `circuit_breaker`, `rate_limit`, `bulkhead` and the budget of `retry`: there is none of them",
        );
    }
    if let Some((key, _)) = &span
        && stack.is_empty()
    {
        diag.at(key, "`span` needs a policy, whose calls have it");
    }
    let function = function?;
    if function.attrs.iter().any(is_marked) {
        // The rest of the stack is reversed already.
        stack.reverse();
    }
    let function = function.as_written();
    Some(quote!(#(#stack)* #function))
}

/// Returns the arguments of the single attribute, which end in a comma.
fn arguments(layer: &Layer, key: &Ident, section: Section, diag: &mut Diag) -> Option<TokenStream> {
    let written = key;
    match section {
        Section::List(list) if list.is_empty() => Some(list),
        Section::List(list) => Some(quote!(#list,)),
        Section::Alone if layer.value.is_none() || layer.key == "bulkhead" => {
            Some(TokenStream::new())
        }
        Section::Alone => diag.refuse(key, format!("`{written}` needs a value: `{written} = ...`")),
        Section::Value(value) => {
            let Some(name) = layer.value else {
                return diag.refuse(
                    key,
                    format!("`{written}` takes arguments: `{written}(..)`, or stands alone for the defaults"),
                );
            };
            Some(pair(name, key, &value))
        }
    }
}

fn pair(name: &str, key: &Ident, value: &Expr) -> TokenStream {
    let name = Ident::new(name, Span::call_site().located_at(key.span()));
    quote!(#name = #value,)
}
