//! The expansion of one attribute, from its tokens to the guarded function.

use super::{
    Guard, audit, breaker, fallback, handling, hedge, order, retry, site::Site, traced, wrap,
};
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
    let span = policy::Span::from_args(&mut args, diag);
    let settings = Settings::from_args(guard, &mut args, krate, diag);
    let mut function = function?;
    settings.check(&function, diag);
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
        is_traced: span.is_some(),
    };
    let body = settings.expand(&mut function, &site)?;
    let import = krates.import;
    let expanded = function.with_body(quote!(#import #body));
    let Some(span) = span else {
        return Some(expanded);
    };
    // As an attribute around this one would be expanded.
    let mut function = Function::parse(expanded, diag)?;
    let body = traced::expand(&mut function, guard, span, settings.name(), &site)?;
    Some(function.with_body(quote!(#import #body)))
}

/// The settings of one attribute.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is not moved about"
)]
enum Settings {
    Handling(policy::Handling),
    Breaker(policy::Breaker),
    Retry(policy::Retry, Option<policy::Breaker>),
    /// A policy that runs the function once.
    Wrap(policy::Wrap),
    Hedge(policy::Hedge),
    Fallback(policy::Fallback),
    Audit(policy::Audit),
}

impl Settings {
    fn from_args(guard: Guard, args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let seed = policy::Seed::from_args(args, krate, diag);
        let seed = seed.as_ref();
        let key = policy::Key::from_args(args, krate, diag);
        match guard {
            Guard::Handling => Self::Handling(policy::Handling::from_args(args, krate, diag)),
            Guard::Breaker => {
                Self::Breaker(policy::Breaker::from_args(args, key, seed, krate, diag))
            }
            Guard::Retry => {
                let retry = policy::Retry::from_args(args, key, None, seed, krate, diag);
                Self::Retry(retry, None)
            }
            Guard::RetryWithBreaker => {
                let breaker = policy::Breaker::from_args(args, key.clone(), seed, krate, diag);
                let retry = policy::Retry::from_args(args, key, Some(&breaker), seed, krate, diag);
                Self::Retry(retry, Some(breaker))
            }
            Guard::Timeout => Self::Wrap(policy::Wrap::timeout(args, krate, diag)),
            Guard::Bulkhead => Self::Wrap(policy::Wrap::bulkhead(args, key, krate, diag)),
            Guard::RateLimit => Self::Wrap(policy::Wrap::rate_limit(args, key, krate, diag)),
            Guard::Hedge => Self::Hedge(policy::Hedge::from_args(args, krate, diag)),
            Guard::Fallback => Self::Fallback(policy::Fallback::from_args(args, diag)),
            Guard::Audit => Self::Audit(policy::Audit::from_args(args, krate, diag)),
        }
    }

    /// Returns the name that the guard has, in place of the function's.
    fn name(&self) -> Option<&TokenStream> {
        match self {
            Self::Breaker(breaker) | Self::Retry(_, Some(breaker)) => Some(&breaker.name),
            Self::Retry(retry, None) => retry.setters.argument("name"),
            Self::Wrap(wrap) => wrap.setters.argument("name"),
            Self::Hedge(hedge) => hedge.setters.argument("name"),
            Self::Handling(_) | Self::Fallback(_) | Self::Audit(_) => None,
        }
    }

    /// Reports what these settings and the function cannot be together.
    fn check(&self, function: &Function, diag: &mut Diag) {
        match self {
            Self::Handling(handling) => check::captured_arguments(function, handling, diag),
            Self::Retry(retry, _) => check::retried(function, retry, diag),
            Self::Hedge(_) => check::hedged(function, diag),
            _ => {}
        }
        let awaits = matches!(
            self,
            Self::Breaker(_) | Self::Retry(..) | Self::Wrap(_) | Self::Hedge(_)
        );
        if function.is_async() && awaits {
            match &function.sig.asyncness {
                Some(word) => check::asynchronous(word, check::HAS_ASYNC, diag),
                None => check::asynchronous(&function.sig.output, check::HAS_ASYNC, diag),
            }
        }
    }

    fn expand(&self, function: &mut Function, site: &Site<'_>) -> Option<TokenStream> {
        match self {
            Self::Handling(handling) => handling::expand(function, handling, site),
            Self::Breaker(breaker) => breaker::expand(function, breaker, site),
            Self::Retry(retry, breaker) => retry::expand(function, retry, breaker.as_ref(), site),
            Self::Wrap(wrap) => wrap::expand(function, wrap, site),
            Self::Hedge(hedge) => hedge::expand(function, hedge, site),
            Self::Fallback(fallback) => fallback::expand(function, fallback, site),
            Self::Audit(audit) => audit::expand(function, audit, site),
        }
    }
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
