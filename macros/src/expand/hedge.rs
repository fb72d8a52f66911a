//! `#[hedge]`: a closure that makes the future of one attempt.

use super::{attempt::Attempt, body, site::Site, traced::Configured};
use crate::{model::Function, policy::Hedge, span::local};
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

pub(super) fn expand(
    function: &mut Function,
    hedge: &Hedge,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let (name, calls) = (
        function.sig.ident.unraw().to_string(),
        hedge.setters.calls(),
    );
    let describe = site.describe(
        function,
        &quote!(.with_hedge(|| #krate::__private::Hedge::builder(#name) #calls)),
    );
    let attempt = Attempt::new(function, site, &returns, None);
    let policy = site.name("POLICY");
    let span = Configured::new(site, &returns);
    let begin = span.begin(true);
    let statics = site.policy(&policy, "Hedge");
    let convert = body::conversion(site, &returns);
    let shape = body::shape(site, &returns);
    let (outcome, op) = (local("outcome"), attempt.repeatable());
    // Each attempt has a clone. Moving the arguments themselves keeps lints from suggesting
    // references.
    let done = (!attempt.owned.is_empty()).then(|| {
        let owned = body::tuple(&attempt.owned.iter().rev().collect::<Vec<_>>());
        quote!(#krate::__private::used_up(#owned);)
    });
    let returned = body::returned(site, &quote!(#outcome), &returns);
    let run = span.call_awaited(&quote! {
        #krate::__private::run_hedged(
            #krate::__private::Site::policy(&#policy),
            #shape,
            #op,
        )
    });
    Some(quote! {
        #describe
        #statics
        #convert
        #begin
        let #outcome = #run;
        #done
        #returned
    })
}
