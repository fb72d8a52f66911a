//! `#[with_circuit_breaker]`, and the breaker of `#[retry_with_circuit_breaker]`.

use super::{
    body::{self, Body},
    key,
    site::Site,
    traced::Configured,
};
use crate::{
    model::{
        Function,
        types::{inferable, same_error},
    },
    policy::Breaker,
    span::{at, local, path_at},
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
    let statics = statics(breaker, site);
    let chosen = Chosen::by(breaker, site);
    let (choose, handle) = (&chosen.statement, &chosen.handle);
    let span = Configured::new(site, &returns);
    let begin = span.begin(true);
    let once = body::wrapped(site, function, &returns, &TokenStream::new());
    let admitted = local("admitted");
    let (refused, rejection, conversion) =
        (local("refused"), local("rejection"), local("conversion"));
    let convert = body::conversion(site, &returns);
    let rejected = match &breaker.fallback {
        None => body::reject(site, &returns, &rejection),
        Some(fallback) => call_fallback(fallback, site, &rejection, &returns),
    };
    let classifier = classifier(breaker, site, &returns);
    let admit = match once {
        Body::Closure { .. } => chosen.admit(site, false),
        Body::Future(_) => chosen.admit(site, true),
    };
    let call = match once {
        // A single call, so that the admission is not stored in memory. A fallback may need the
        // arguments, which only one of two closures can own; and the caller's location is known in
        // the function itself, but not in a closure.
        Body::Closure { arguments, closure }
            if breaker.fallback.is_none() && !function.tracks_caller() =>
        {
            let call = match span.guarded() {
                Some(guarded) => {
                    let shape = body::shape(site, &returns);
                    quote!(call_switched(#conversion, (&#guarded, #handle), (#classifier, #shape), #arguments, #closure, |#rejection| #rejected))
                }
                None => {
                    quote!(call_guarded(#conversion, #handle, #classifier, #arguments, #closure, |#rejection| #rejected))
                }
            };
            return Some(quote! {
                #describe
                #statics
                #convert
                #choose
                #krate::__private::#call
            });
        }
        Body::Closure { arguments, closure } => {
            if site.is_traced {
                run_admitted(site, &admitted, &classifier, &arguments, &closure)
            } else {
                let (span, shape) = (local("span"), body::shape(site, &returns));
                quote!(#krate::__private::run_admitted_in_span(#conversion, &mut #span, #admitted, (#classifier, #shape), #arguments, #closure))
            }
        }
        Body::Future(future) => span.call_awaited(&quote!(#admitted.guard(#classifier, #future))),
    };
    let call = body::returned(site, &call, &returns);
    let rejected = match &breaker.fallback {
        None => body::returned(site, &rejected, &returns),
        Some(_) => rejected,
    };
    let rejected = span.noted(&quote!(#conversion), rejected);
    Some(quote! {
        #describe
        #statics
        #convert
        #begin
        #choose
        // Separate from the call, so that a future stores no rejection while it waits.
        let #admitted = match #admit {
            #krate::__private::Ok(#admitted) => #admitted,
            #krate::__private::Err(#refused) => {
                let #rejection = #refused.into_rejection();
                return #rejected;
            }
        };
        #call
    })
}

/// Returns the builder, the same as of a breaker built by hand.
pub(super) fn builder(breaker: &Breaker, site: &Site<'_>) -> TokenStream {
    let Breaker { name, setters, .. } = breaker;
    let (krate, calls) = (site.krate, setters.calls());
    let key = breaker.key.as_ref().map(key::described);
    quote!(.with_breaker(|| #krate::__private::CircuitBreaker::builder(#name) #calls) #key)
}

pub(super) fn statics(breaker: &Breaker, site: &Site<'_>) -> TokenStream {
    let name = site.name("BREAKER");
    match &breaker.key {
        None => site.policy(&name, "CircuitBreaker"),
        Some(_) => site.policy_by_key(&name, "CircuitBreaker"),
    }
}

/// How a call reaches its breaker: the one of the site, or the one of its key.
pub(super) struct Chosen {
    /// The statement that looks up the breaker of the key, before the body.
    pub(super) statement: TokenStream,
    /// A reference to the breaker.
    pub(super) handle: TokenStream,
}

impl Chosen {
    pub(super) fn by(breaker: &Breaker, site: &Site<'_>) -> Self {
        let (krate, name) = (site.krate, site.name("BREAKER"));
        let Some(key) = &breaker.key else {
            return Self {
                statement: TokenStream::new(),
                handle: quote!(#krate::__private::Site::policy(&#name)),
            };
        };
        let chosen = local("breaker");
        Self {
            statement: key::choose(key, site, &name, &chosen),
            handle: quote!(&#chosen),
        }
    }

    /// Returns the call that admits, or rejects.
    fn admit(&self, site: &Site<'_>, is_async: bool) -> TokenStream {
        let (krate, handle) = (site.krate, &self.handle);
        let admit = if is_async {
            quote!(admit)
        } else {
            quote!(admit_blocking)
        };
        quote!(#krate::__private::CircuitBreaker::#admit(#handle))
    }

    /// Returns the call that admits an attempt of a retry, or rejects.
    pub(super) fn admit_attempt(
        &self,
        site: &Site<'_>,
        run: &Ident,
        is_async: bool,
    ) -> TokenStream {
        let (krate, handle) = (site.krate, &self.handle);
        let admit = if is_async {
            quote!(admit_attempt)
        } else {
            quote!(admit_attempt_blocking)
        };
        quote!(#krate::__private::#admit(#handle, &#run))
    }
}

/// Returns the classifier of outcomes.
pub(super) fn classifier(breaker: &Breaker, site: &Site<'_>, returns: &Type) -> TokenStream {
    let classifier = by_failure(breaker, site, returns);
    let Some(ignore_if) = &breaker.ignore_if else {
        return classifier;
    };
    let (returns, outcome, krate) = (
        inferable(returns),
        local("outcome"),
        path_at(site.krate, ignore_if),
    );
    let conversion = local("conversion");
    quote_spanned! {at(ignore_if)=>
        #krate::__private::ignore_if(#conversion, #classifier, |#outcome: &#returns| #krate::__private::ask(#outcome, #ignore_if))
    }
}

/// Returns the classifier of failures.
fn by_failure(breaker: &Breaker, site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, shape) = (site.krate, body::shape(site, returns));
    match &breaker.failure_if {
        None => {
            let (conversion, same_error) = (local("conversion"), same_error(returns));
            quote!(#krate::__private::classifier!(#conversion, #same_error))
        }
        Some(failure_if) => {
            let (returns, outcome, krate) = (
                inferable(returns),
                local("outcome"),
                path_at(krate, failure_if),
            );
            let conversion = local("conversion");
            // The predicate is called in a generated closure, so that a wrong signature is one
            // error and not three.
            quote_spanned! {at(failure_if)=>
                #krate::__private::failure_if(#conversion, #shape, |#outcome: &#returns| #krate::__private::ask(#outcome, #failure_if))
            }
        }
    }
}

/// Returns the admitted sync call.
pub(super) fn run_admitted(
    site: &Site<'_>,
    admitted: &Ident,
    classifier: &TokenStream,
    arguments: &TokenStream,
    closure: &TokenStream,
) -> TokenStream {
    let (krate, conversion) = (site.krate, local("conversion"));
    quote!(#krate::__private::run_admitted(#conversion, #admitted, #classifier, #arguments, #closure))
}

pub(super) fn call_fallback(
    fallback: &Expr,
    site: &Site<'_>,
    rejection: &Ident,
    returns: &Type,
) -> TokenStream {
    let krate = path_at(site.krate, fallback);
    // The type is fixed first, so that a value of another type is reported at itself.
    let returns = inferable(returns);
    quote_spanned!(at(fallback)=> #krate::__private::fallback::<#returns>(#rejection, #fallback))
}
