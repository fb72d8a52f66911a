//! The expansion of one attribute, from its tokens to the guarded function.

use super::{Guard, audit, breaker, fallback, handling, hedge, order, retry, site::Site, wrap};
use crate::{
    args::Args,
    check,
    diag::Diag,
    krate::Krate,
    model::{self, Function},
    policy,
};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// Expands one attribute. After a mistake the user's item is returned unchanged, beside the errors.
pub(crate) fn attribute(guard: Guard, args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let (args, ordered) = order::without_marker(args);
    let expanded = guarded(guard, &args, item.clone(), ordered, &mut diag);
    match expanded {
        Some(expanded) if diag.is_empty() => {
            show(guard, &expanded);
            expanded
        }
        _ => {
            let errors = diag.into_compile_errors();
            // After a macro call, a closure would be parsed as the right side of a `|`.
            if model::is_closure(item) {
                errors
            } else {
                quote!(#errors #item)
            }
        }
    }
}

fn guarded(
    guard: Guard,
    tokens: &TokenStream,
    item: TokenStream,
    ordered: bool,
    diag: &mut Diag,
) -> Option<TokenStream> {
    let mut args = Args::parse(tokens.clone(), &guard.spec(), diag);
    let krates = Krate::from_args(&mut args, diag);
    let krate = &krates.path;
    let function = Function::parse(item, diag);
    if let Some(function) = &function {
        check::function(function, diag);
        check::constant(function, &mut args, diag);
    }
    // The keys are checked even if the item is not a function, so that all mistakes are reported at
    // once.
    let handling =
        (guard == Guard::Handling).then(|| policy::Handling::from_args(&mut args, krate, diag));
    let seed = policy::Seed::from_args(&mut args, krate, diag);
    let breaker = matches!(guard, Guard::Breaker | Guard::RetryWithBreaker);
    let breaker =
        breaker.then(|| policy::Breaker::from_args(&mut args, seed.as_ref(), krate, diag));
    let retry = matches!(guard, Guard::Retry | Guard::RetryWithBreaker);
    let retry = retry.then(|| policy::Retry::from_args(&mut args, seed.as_ref(), krate, diag));
    let wrap = match guard {
        Guard::Timeout => Some(policy::Wrap::timeout(&mut args, krate, diag)),
        Guard::Bulkhead => Some(policy::Wrap::bulkhead(&mut args, krate, diag)),
        Guard::RateLimit => Some(policy::Wrap::rate_limit(&mut args, krate, diag)),
        _ => None,
    };
    let hedge = (guard == Guard::Hedge).then(|| policy::Hedge::from_args(&mut args, krate, diag));
    let fallback = (guard == Guard::Fallback).then(|| policy::Fallback::from_args(&mut args, diag));
    let audit = (guard == Guard::Audit).then(|| policy::Audit::from_args(&mut args, krate, diag));
    let mut function = function?;
    if let Some(handling) = &handling {
        check::captured_arguments(&function, handling, diag);
    }
    if let Some(retry) = &retry {
        check::retried(&function, retry, diag);
    }
    if hedge.is_some() {
        check::hedged(&function, diag);
    }
    let awaits = breaker.is_some() || retry.is_some() || wrap.is_some() || hedge.is_some();
    if function.is_async() && awaits {
        match &function.sig.asyncness {
            Some(word) => check::asynchronous(word, check::HAS_ASYNC, diag),
            None => check::asynchronous(&function.sig.output, check::HAS_ASYNC, diag),
        }
    }
    if !diag.is_empty() {
        return None;
    }
    if check::assigns_to_shared_self(&function) {
        return Some(unguarded(&function, krate, &krates.import));
    }
    if !ordered
        && let Some(reordered) =
            order::outermost_last(&mut function, guard.name(), &krates.written, tokens)
    {
        return Some(reordered);
    }
    let site = Site {
        krate,
        attribute: guard.name(),
        args: tokens,
    };
    if let Some(hedge) = &hedge {
        let body = hedge::expand(&mut function, hedge, &site)?;
        let import = krates.import;
        return Some(function.with_body(quote!(#import #body)));
    }
    if let Some(fallback) = &fallback {
        let body = fallback::expand(&mut function, fallback, &site)?;
        let import = krates.import;
        return Some(function.with_body(quote!(#import #body)));
    }
    let body = match (handling, breaker, retry, audit, wrap) {
        (Some(handling), ..) => handling::expand(&mut function, &handling, &site),
        (_, _, _, Some(audit), _) => audit::expand(&mut function, &audit, &site),
        (.., Some(wrap)) => wrap::expand(&mut function, &wrap, &site),
        (_, Some(breaker), None, ..) => breaker::expand(&mut function, &breaker, &site),
        (_, breaker, Some(retry), ..) => {
            retry::expand(&mut function, &retry, breaker.as_ref(), &site)
        }
        _ => return None,
    };
    let (import, body) = (krates.import, body?);
    Some(function.with_body(quote!(#import #body)))
}

/// Returns the function unguarded, where the compiler's own message is the better one, and should
/// be the only one.
///
/// If the compiler has no message, the lint fires, which runs only if there was no other error.
fn unguarded(function: &Function, krate: &Path, import: &TokenStream) -> TokenStream {
    let body = function.body.stream();
    function.with_body(quote! {
        #[deny(unused_must_use)]
        {
            #import
            #krate::__private::unguarded();
        }
        #body
    })
}

/// Prints the expansion if the environment variable `GARDEFOU_EXPAND` is `1`, or a part of the
/// function's name.
#[expect(clippy::print_stderr, reason = "the user asked to see it")]
fn show(guard: Guard, expanded: &TokenStream) {
    let Some(wanted) =
        std::env::var_os("GARDEFOU_EXPAND").filter(|wanted| !wanted.is_empty() && wanted != "0")
    else {
        return;
    };
    let text = expanded.to_string();
    if wanted == "1"
        || wanted
            .to_str()
            .is_some_and(|name| text.contains(&format!("fn {name}")))
    {
        eprintln!("// #[{}]\n{text}\n", guard.name());
    }
}
