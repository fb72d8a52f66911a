//! `#[with_circuit_breaker]`, and the breaker inside of `#[retry_with_circuit_breaker]`.

use super::{
    body::{self, Once},
    site::Site,
};
use crate::{
    model::{
        Function,
        types::{inferable, same_error},
    },
    policy::Breaker,
    span::{at, own, path_at},
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Expr, Ident, Type};

pub(super) fn expand(
    function: &mut Function,
    breaker: &Breaker,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let describe = site.describe(function, &builder(breaker, site));
    let statics = statics(site);
    let once = body::once(site, function, &returns, &TokenStream::new());
    let (name, admitted) = (site.name("BREAKER"), own("admitted"));
    let (refused, rejection, conversion) = (own("refused"), own("rejection"), own("conversion"));
    let convert = body::conversion(site, &returns);
    let rejected = match &breaker.fallback {
        None => body::reject(site, &returns, &rejection),
        Some(fallback) => call_fallback(fallback, site, &rejection, &returns),
    };
    let classifier = classifier(breaker, site, &returns);
    let call = match once {
        // All in one call, so that no admission goes through memory. A fallback may need the
        // arguments, which only one of two closures can have; and the caller's place is known in
        // the function itself, but in no closure.
        Once::Closure { arguments, closure }
            if breaker.fallback.is_none() && !function.tracks_caller() =>
        {
            return Some(quote! {
                #describe
                #statics
                #convert
                #krate::__private::call_guarded(#conversion, &#name, #classifier, #arguments, #closure, |#rejection| #rejected)
            });
        }
        Once::Closure { arguments, closure } => {
            run_admitted(site, &admitted, &classifier, &arguments, &closure)
        }
        Once::Future(future) => call(&admitted, &classifier, &future),
    };
    let call = body::returned(site, &call, &returns);
    let rejected = match &breaker.fallback {
        None => body::returned(site, &rejected, &returns),
        Some(_) => rejected,
    };
    Some(quote! {
        #describe
        #statics
        #convert
        // Apart from the call, so that a future does not hold the place of a rejection while it
        // waits.
        let #admitted = match #krate::__private::BreakerSite::admit(&#name) {
            #krate::__private::Ok(#admitted) => #admitted,
            #krate::__private::Err(#refused) => {
                let #rejection = #refused.into_rejection();
                return #rejected;
            }
        };
        #call
    })
}

/// The builder that the macro form shares with the builder form.
pub(super) fn builder(breaker: &Breaker, site: &Site<'_>) -> TokenStream {
    let Breaker { name, setters, .. } = breaker;
    let (krate, calls) = (site.krate, setters.calls());
    quote!(.with_breaker(|| #krate::__private::CircuitBreaker::builder(#name) #calls))
}

pub(super) fn statics(site: &Site<'_>) -> TokenStream {
    let (krate, guarded, breaker) = (site.krate, site.name("GUARDED"), site.name("BREAKER"));
    quote! {
        static #breaker: #krate::__private::BreakerSite = #krate::__private::BreakerSite::new(&#guarded);
    }
}

/// What says how an outcome counts.
pub(super) fn classifier(breaker: &Breaker, site: &Site<'_>, returns: &Type) -> TokenStream {
    let classifier = by_failure(breaker, site, returns);
    let Some(ignore_if) = &breaker.ignore_if else {
        return classifier;
    };
    let (returns, outcome, krate) = (
        inferable(returns),
        own("outcome"),
        path_at(site.krate, ignore_if),
    );
    let conversion = own("conversion");
    quote_spanned! {at(ignore_if)=>
        #krate::__private::ignore_if(#conversion, #classifier, |#outcome: &#returns| #krate::__private::ask(#outcome, #ignore_if))
    }
}

/// What says whether an outcome is a failure.
fn by_failure(breaker: &Breaker, site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, shape) = (site.krate, body::shape(site, returns));
    match &breaker.failure_if {
        None => {
            let (conversion, same_error) = (own("conversion"), same_error(returns));
            quote!(#krate::__private::classifier!(#conversion, #same_error))
        }
        Some(failure_if) => {
            let (returns, outcome, krate) = (
                inferable(returns),
                own("outcome"),
                path_at(krate, failure_if),
            );
            let conversion = own("conversion");
            // In a closure of ours, so that a predicate that does not fit is one mistake and not
            // three.
            quote_spanned! {at(failure_if)=>
                #krate::__private::failure_if(#conversion, #shape, |#outcome: &#returns| #krate::__private::ask(#outcome, #failure_if))
            }
        }
    }
}

/// The blocking call that was let through.
pub(super) fn run_admitted(
    site: &Site<'_>,
    admitted: &Ident,
    classifier: &TokenStream,
    arguments: &TokenStream,
    closure: &TokenStream,
) -> TokenStream {
    let (krate, conversion) = (site.krate, own("conversion"));
    quote!(#krate::__private::run_admitted(#conversion, #admitted, #classifier, #arguments, #closure))
}

/// The async call that was let through.
pub(super) fn call(admitted: &Ident, classifier: &TokenStream, body: &TokenStream) -> TokenStream {
    quote!(#admitted.guard(#classifier, #body).await)
}

pub(super) fn call_fallback(
    fallback: &Expr,
    site: &Site<'_>,
    rejection: &Ident,
    returns: &Type,
) -> TokenStream {
    let krate = path_at(site.krate, fallback);
    // Its type is known in front, so that the value of another one is reported at itself.
    let returns = inferable(returns);
    quote_spanned!(at(fallback)=> #krate::__private::fallback::<#returns>(#rejection, #fallback))
}
