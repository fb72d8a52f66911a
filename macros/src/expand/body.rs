//! The user's body in a closure or an async block of its own, so that `?` and `return` end in it.

use super::site::Site;
use crate::{
    model::{Function, at, inferable, same_error},
    params::{self, Binding},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;

/// A name of the expansion's own.
pub(super) fn own(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The body as an expression that runs once.
///
/// Sync: a closure for an `impl FnOnce` parameter. What it moves in is bound anew in it, in the order of the arguments,
/// so that it is dropped in the order in which arguments are dropped. Async: an async block, whose captures are the
/// arguments themselves; binding them anew there would store them twice.
pub(super) fn once(site: &Site<'_>, function: &mut Function, returns: &Type) -> TokenStream {
    let body = function.body.clone();
    if function.is_async() {
        return async_block(site, &quote!(move), &quote!(#body), returns);
    }
    let bound = params::used(function);
    params::without_mut(function, &bound);
    let returns = inferable(returns);
    if bound.is_empty() {
        return quote!(move || -> #returns #body);
    }
    let rebind = bound.iter().map(|Binding { cfgs, mutability, ident, .. }| {
        quote_spanned!(at(ident)=> #(#cfgs)* let #mutability #ident = #ident;)
    });
    quote!(move || -> #returns { #(#rebind)* #body })
}

/// An async block around the body; the first `return`, which never runs, tells the compiler the type of the others.
pub(super) fn async_block(site: &Site<'_>, capture: &TokenStream, body: &TokenStream, returns: &Type) -> TokenStream {
    let (krate, returns) = (site.krate, inferable(returns));
    quote!(async #capture { if false { return #krate::__private::never::<#returns>(); } #body })
}

/// The way to look at errors of the function's error type.
pub(super) fn shape(site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, same_error) = (site.krate, same_error(returns));
    quote!(#krate::__private::shape!(#same_error))
}

/// The conversion of a rejection into the function's error type.
pub(super) fn reject(site: &Site<'_>, returns: &Type, rejection: &Ident) -> TokenStream {
    let (krate, same_error) = (site.krate, same_error(returns));
    quote_spanned! {at(returns)=>
        #krate::__private::Err({
            use #krate::__private::rejecting::*;
            (&&#krate::__private::probe::<#same_error>()).reject(#rejection)
        })
    }
}

/// The conversion of an error of ours (a caught panic) into the function's error type.
pub(super) fn carry(site: &Site<'_>, returns: &Type, error: &Ident) -> TokenStream {
    let (krate, same_error) = (site.krate, same_error(returns));
    quote_spanned! {at(returns)=>
        #krate::__private::Err({
            use #krate::__private::carrying::*;
            (&#krate::__private::probe::<#same_error>()).carry(#error)
        })
    }
}
