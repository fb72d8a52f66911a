//! `#[retry]` and `#[retry_with_circuit_breaker]`: a loop in the function itself, with the breaker
//! inside it.

use super::{attempt::Attempt, body, breaker, key, site::Site, traced::Configured};
use crate::{
    model::{Function, types::inferable},
    policy::{Breaker, Budgets, Retry},
    span::{at, local, path_at},
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, Type, ext::IdentExt};

pub(super) fn expand(
    function: &mut Function,
    retry: &Retry,
    breaker: Option<&Breaker>,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let policies = {
        let breaker = breaker.map(|breaker| breaker::builder(breaker, site));
        let budgets = retry.budgets.as_ref();
        let budgets = budgets.map(|budgets| budgets_of(budgets, function, breaker.is_some(), site));
        let calls = retry.setters.calls();
        let erased = retry
            .attempt_timeout
            .is_some()
            .then(|| quote!(.map(#krate::__private::Retry::erased)));
        let name = function.sig.ident.unraw().to_string();
        quote!(#breaker .with_retry(|| #krate::__private::Retry::builder().name(#name) #calls .build() #erased) #budgets)
    };
    let describe = site.describe(function, &policies);
    let breaker_statics = breaker.map(|breaker| breaker::statics(breaker, site));
    let attempt = Attempt::new(
        function,
        site,
        &returns,
        breaker.and_then(|breaker| breaker.fallback.as_ref()),
    );

    let retries = site.name("RETRY");
    let retry_static = site.policy(&retries, "Retry");
    let Chosen {
        statics: budget_static,
        statement: choose,
        handle,
    } = Chosen::by(retry, breaker, &retries, site);
    let (run, outcome, delay) = (local("run"), local("outcome"), local("delay"));
    let span = Configured::new(site, &returns);
    let begin = span.begin(function.is_async());
    let tried = match breaker {
        None => attempt.alone(retry, site, &returns, &span),
        Some(breaker) => attempt.guarded(retry, breaker, site, &returns, &span),
    };
    let settle = settle(retry, site, &returns);
    let wait = if function.is_async() {
        span.awaited(&quote!(#krate::__private::Run::wait_async(&#run, #delay)))
    } else {
        quote!(#krate::__private::Run::wait(&#run, #delay))
    };
    // Each attempt has a clone. Moving the arguments themselves keeps lints from suggesting
    // references.
    let done = (!attempt.owned.is_empty()).then(|| {
        let owned = body::tuple(&attempt.owned.iter().rev().collect::<Vec<_>>());
        quote!(#krate::__private::used_up(#owned);)
    });
    let series = quote! {
        loop {
            // What is not returned is dropped before the wait.
            let #delay = {
                #tried
                match #settle {
                    #krate::__private::ControlFlow::Break(#outcome) => break #outcome,
                    #krate::__private::ControlFlow::Continue(#delay) => #delay,
                }
            };
            #wait;
        }
    };
    let convert = body::conversion(site, &returns);
    let returned = |outcome: &TokenStream| body::returned(site, outcome, &returns);
    let series = match done {
        Some(done) => {
            let returned = returned(&quote!(#outcome));
            quote!(let #outcome = #series; #done #returned)
        }
        None => returned(&series),
    };
    Some(quote! {
        #describe
        #breaker_statics
        #retry_static
        #budget_static
        #convert
        #begin
        #choose
        let mut #run = #krate::__private::Retry::start(#handle);
        #series
    })
}

/// Returns the function that finds or makes the budgets, and the text of their key, unless a breaker
/// has it.
fn budgets_of(
    Budgets { key, shared }: &Budgets,
    function: &Function,
    has_breaker: bool,
    site: &Site<'_>,
) -> TokenStream {
    let krate = site.krate;
    let max_keys = match key.max_keys() {
        Some(max_keys) => quote!(#krate::__private::Some(#max_keys)),
        None => quote!(#krate::__private::None),
    };
    let build = match shared {
        Some(shared) => {
            let there = path_at(krate, shared);
            quote_spanned!(at(shared)=> #there::__private::budgets(#shared, #max_keys))
        }
        None => {
            let name = function.sig.ident.unraw().to_string();
            quote!(#krate::__private::own_budgets(#name, #max_keys))
        }
    };
    let key = (!has_breaker).then(|| key::described(key));
    quote!(.with_budgets(|| #build) #key)
}

/// How a call reaches its retry: the one of the site, with the budget of the call's key if it has
/// one.
struct Chosen {
    statics: Option<TokenStream>,
    /// The statement that looks up the guards of the key, before the body.
    statement: Option<TokenStream>,
    /// A reference to the retry.
    handle: TokenStream,
}

impl Chosen {
    fn by(retry: &Retry, breaker: Option<&Breaker>, name: &Ident, site: &Site<'_>) -> Self {
        let krate = site.krate;
        let of_site = quote!(#krate::__private::Site::policy(&#name));
        let breaker = breaker.map(|breaker| breaker::Chosen::by(breaker, site));
        let Some(Budgets { key, .. }) = &retry.budgets else {
            return Self {
                statics: None,
                statement: breaker.map(|chosen| chosen.statement),
                handle: of_site,
            };
        };
        let (budgets, budget, chosen) = (site.name("BUDGET"), local("budget"), local("retry"));
        let choose = match breaker {
            None => key::choose(key, site, &budgets, &budget),
            Some(_) => {
                let names = [&site.name("BREAKER"), &budgets];
                key::choose_both(key, site, names, [&local("breaker"), &budget])
            }
        };
        Self {
            statics: Some(site.policy_by_key(&budgets, "RetryBudget")),
            statement: Some(quote! {
                #choose
                let #chosen = #krate::__private::Retry::with_budget(#of_site, #budget);
            }),
            handle: quote!(&#chosen),
        }
    }
}

/// Returns the call that decides whether another attempt follows.
fn settle(retry: &Retry, site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, run, outcome) = (site.krate, local("run"), local("outcome"));
    let view = view(retry, site, returns);
    if let Some(path) = &retry.retry_if_result {
        let (returns, result, there) = (inferable(returns), local("result"), path_at(krate, path));
        let conversion = local("conversion");
        // The predicate is called in a generated closure, so that a wrong signature is one error
        // and not three.
        let again =
            quote_spanned!(at(path)=> |#result: &#returns| #there::__private::ask(#result, #path));
        return quote!(#krate::__private::settle_while(#conversion, &mut #run, #outcome, #view, #again));
    }
    let retry_if = match &retry.retry_if {
        None => quote!(#krate::__private::by_class),
        Some(path) => {
            let (error, krate) = (local("error"), path_at(krate, path));
            quote_spanned!(at(path)=> |#error| #krate::__private::Some(#krate::__private::ask(#error, #path)))
        }
    };
    quote!(#krate::__private::Run::settle(&mut #run, #outcome, #view, #retry_if))
}

/// Returns the view of an attempt's outcome, with the user's function for delays.
fn view(retry: &Retry, site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, view, conversion) = (site.krate, local("view"), local("conversion"));
    let Some(delay) = &retry.delay else {
        return quote!(&#view);
    };
    let (attempt, error, there) = (local("attempt"), local("error"), path_at(krate, delay));
    // The function is called in a generated closure, so that a wrong signature is one error and not
    // three.
    let own_delay = quote_spanned!(at(delay)=> |#attempt, #error| #there::__private::own_delay(#attempt, #error, #delay));
    let returns = inferable(returns);
    quote!(&#krate::__private::delayed::<#returns, _, _, _>(#conversion, &#view, #own_delay))
}
