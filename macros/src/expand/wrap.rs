//! Attributes whose policy runs the function once: `#[timeout]`, `#[bulkhead]`,
//! `#[rate_limit]`.

use super::{
    body::{self, Body},
    key,
    site::Site,
    traced::Configured,
};
use crate::{model::Function, policy::Wrap, span::local};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

pub(super) fn expand(function: &mut Function, wrap: &Wrap, site: &Site<'_>) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let handle = Ident::new(wrap.handle, Span::mixed_site());
    let with = format_ident!("with_{}", site.attribute);
    let (function_name, calls) = (function.sig.ident.unraw().to_string(), wrap.setters.calls());
    let key = wrap.key.as_ref().map(key::described);
    let describe = site.describe(
        function,
        &quote!(.#with(|| #krate::__private::#handle::builder(#function_name) #calls) #key),
    );
    let policy = site.name("POLICY");
    let span = Configured::new(site, &returns);
    let begin = function.is_async().then(|| span.begin(true));
    let (outcome, rejection, conversion) =
        (local("outcome"), local("rejection"), local("conversion"));
    let convert = body::conversion(site, &returns);
    let shape = body::shape(site, &returns);
    let (statics, choose, chosen) = match &wrap.key {
        None => (
            site.policy(&policy, wrap.handle),
            None,
            quote!(#krate::__private::Site::policy(&#policy)),
        ),
        Some(key) => {
            let chosen = local("policy");
            (
                site.policy_by_key(&policy, wrap.handle),
                Some(key::choose(key, site, &policy, &chosen)),
                quote!(&#chosen),
            )
        }
    };
    let rejected = body::reject(site, &returns, &rejection);
    let or_rejected = |run: &TokenStream, rejected: &TokenStream| {
        quote! {
            match #run {
                #krate::__private::Ok(#outcome) => #outcome,
                #krate::__private::Err(#rejection) => #rejected,
            }
        }
    };
    let run = match body::wrapped(site, function, &returns, &TokenStream::new()) {
        Body::Closure { arguments, closure } => match span.guarded() {
            Some(guarded) => {
                quote!(#krate::__private::run_switched(#conversion, (&#guarded, #chosen), #shape, #arguments, #closure, |#rejection| #rejected))
            }
            None => or_rejected(
                &quote!(#krate::__private::run_wrapped(#conversion, #chosen, #shape, #arguments, #closure)),
                &rejected,
            ),
        },
        Body::Future(future) => or_rejected(
            &span.wrap_awaited(
                &quote!(#krate::__private::Wrap::run_async(#chosen, #shape, #future)),
            ),
            &span.noted(&quote!(#krate::__private::Itself), rejected),
        ),
    };
    let returned = body::returned(site, &run, &returns);
    Some(quote! {
        #describe
        #statics
        #convert
        #begin
        #choose
        #returned
    })
}
