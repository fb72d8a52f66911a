//! The span around the calls of an attribute with the key `span`.

use super::{
    Guard,
    body::{self, Body},
    site::Site,
};
use crate::{model::Function, policy::Span, span::local};
use proc_macro2::TokenStream;
use quote::quote;

/// Returns the body of a function that is guarded already, in its span. `name` is that of the guard.
pub(super) fn expand(
    function: &mut Function,
    guard: Guard,
    span: Span,
    name: Option<&TokenStream>,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let traced = site.name("SPAN");
    let (kind, here, is_on) = (guard.kind(), site.here(function), span.is_on);
    let name = name.map(|name| quote!(.name(|| #name)));
    let conversion = local("conversion");
    let shape = body::shape(site, &returns);
    let convert = body::conversion(site, &returns);
    let run = match body::wrapped(site, function, &returns, &TokenStream::new()) {
        Body::Closure { arguments, closure } => {
            quote!(#krate::__private::run_traced(#conversion, &#traced, #shape, #arguments, #closure))
        }
        Body::Future(future) => {
            quote!(#krate::__private::traced(&#traced, #shape, #future).await)
        }
    };
    let returned = body::returned(site, &run, &returns);
    Some(quote! {
        static #traced: #krate::__private::SpanSite =
            #krate::__private::SpanSite::new(#kind, #here, #is_on) #name;
        #convert
        #returned
    })
}
