//! `error_boundary!`.

use super::{
    awaits::{awaited, awaits},
    body::{as_argument, done, finish, raw, suspended, value_span},
    call::Call,
    exits::{label, returns},
    flow::Jumps,
    kind::Kind,
    rewriter::{Form, Rewriter, Rule},
    setup::Setup,
    source::{Body, Source, Style},
    tail,
};
use crate::{
    args::value,
    diag::Diag,
    span::{local, local_at},
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Block, Expr, Ident, visit_mut::VisitMut};

/// What the boundary evaluates to after an error.
enum Ending {
    /// The boundary is a `Result<T, AppError>`.
    Result,
    /// The error is swallowed; the boundary is an `Option<T>`.
    Option,
    /// The error is swallowed; the boundary is the value, or this one in its place.
    Fallback(Expr),
}

/// Expands a call.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let mut call = Call::parse(tokens, Kind::Error, &mut diag);
    let setup = Setup::from_call(&mut call, &mut diag);
    let ending = ending(&mut call, &mut diag);
    let expanded = match call.body {
        None => None,
        Some(Body {
            block: Source::Raw(group),
            ..
        }) => Some(raw(&group, &setup, None)),
        Some(Body {
            style,
            block: Source::Parsed(block, attrs),
            ..
        }) => Some(expand_block(
            (block, &attrs),
            style,
            call.frames,
            &setup,
            &ending,
            &mut diag,
        )),
    };
    finish(expanded, diag)
}

fn ending(call: &mut Call, diag: &mut Diag) -> Ending {
    let rethrow = call.args.take_with_key("rethrow");
    let rethrow = rethrow.and_then(|(key, expr)| Some((key, value::flag("rethrow", expr, diag)?)));
    match (rethrow, call.args.take("fallback")) {
        (Some((key, true)), Some(fallback)) => {
            diag.at(
                key,
                "`fallback` replaces the error: remove `rethrow = true`, or the fallback",
            );
            Ending::Fallback(fallback)
        }
        (_, Some(fallback)) => Ending::Fallback(fallback),
        (Some((_, false)), None) => Ending::Option,
        (_, None) => Ending::Result,
    }
}

fn expand_block(
    (mut block, attrs): (Block, &[Attribute]),
    style: Style,
    outer: Vec<Ident>,
    setup: &Setup,
    ending: &Ending,
    diag: &mut Diag,
) -> TokenStream {
    let runtime = setup.runtime();
    // An await outside an async function is reported at the user's await, and not at the
    // expansion's.
    let awaits = awaits(&block);
    if let (Style::Closure(_), Some(word)) = (style, awaits) {
        diag.at_span(
            word,
            "a closure cannot await: write the body as `async { .. }`, which is awaited in place",
        );
    }
    let form = form_of(style, setup);
    let asynchronous = style.is_async() || (form == Form::Closure && awaits.is_some());
    let awaited = awaited(awaits.or_else(|| style.async_word()));
    tail::check_block(&mut block, diag);
    let allow = tail::allow_unreachable(&block);
    let [operation, visit, outcome, value, error] =
        ["operation", "visit", "outcome", "value", "error"].map(local);
    let frames: Vec<Ident> = outer.into_iter().chain([visit.clone()]).collect();
    let mut rewriter = Rewriter::new(form, Rule::Through, &setup.krate, frames.clone(), diag);
    rewriter.visit_block_mut(&mut block);
    let (uses_label, jumps) = (rewriter.uses_label, rewriter.jumps);

    let value_span = value_span(&block);
    let block = as_argument(&block, attrs);
    let carried = if jumps.is_empty() {
        quote!(#block)
    } else {
        quote!(#runtime::Flow::Value(#block))
    };
    let done = quote!(#runtime::done(#carried));
    let hint = (form == Form::Closure && jumps.returns_value()).then(returns_hint_of(&runtime));
    let moved = style.moved();
    let run = match (form, asynchronous) {
        (Form::InPlace, _) => {
            let label = uses_label.then(|| {
                let label = label();
                quote!(#label:)
            });
            quote!(#label { #done })
        }
        (Form::Closure, false) if setup.catch_panics => {
            quote!(#runtime::catch(#operation, #moved || #done))
        }
        (Form::Closure, false) => quote!(#runtime::closure(#moved || #done)),
        (Form::Closure, true) if setup.catch_panics => {
            let run = quote!(#runtime::catch_async(#operation, async #moved { #done }));
            let run = suspended(run, &frames, &runtime);
            quote!(#run.#awaited)
        }
        (Form::Closure, true) => {
            let run = suspended(
                quote!(#runtime::block(async #moved { #done })),
                &frames,
                &runtime,
            );
            quote!(#run.#awaited)
        }
    };
    let pattern = if jumps.is_empty() {
        quote!(#value)
    } else {
        quote!(#runtime::Flow::Value(#value))
    };
    let (good, bad) = ends(
        ending,
        &local_at("value", value_span),
        &error,
        &visit,
        setup,
    );
    let arms = arms(&jumps, &runtime);
    let operation_value = setup.operation();
    let import = &setup.import;
    quote! {
        #import
        let #operation = #operation_value;
        let mut #visit = #runtime::enter(#operation);
        #hint
        #allow
        let #outcome = #run;
        match #outcome {
            ::core::result::Result::Ok(#pattern) => {
                #runtime::succeed(&mut #visit);
                #good
            }
            #arms
            ::core::result::Result::Err(#error) => #bad,
        }
    }
}

/// Returns how the block is left. A block that is written as a closure or an async block is one, and
/// so is one whose panics are caught.
fn form_of(style: Style, setup: &Setup) -> Form {
    if setup.catch_panics || !matches!(style, Style::Block) {
        Form::Closure
    } else {
        Form::InPlace
    }
}

fn arms(jumps: &Jumps, runtime: &TokenStream) -> TokenStream {
    if jumps.is_empty() {
        TokenStream::new()
    } else {
        jumps.arms(runtime)
    }
}

/// Returns a statement from which a `return` with a value in a closure infers the type of the
/// enclosing function.
fn returns_hint_of(runtime: &TokenStream) -> impl FnOnce() -> TokenStream {
    let (runtime, returns) = (runtime.clone(), returns());
    move || {
        quote! {
            let #returns = #runtime::Returns::new();
            if false {
                return #runtime::Returns::never(&#returns);
            }
        }
    }
}

/// Returns what the boundary evaluates to, after a value and after an error.
fn ends(
    ending: &Ending,
    value: &Ident,
    error: &Ident,
    visit: &Ident,
    setup: &Setup,
) -> (TokenStream, TokenStream) {
    let (runtime, treatment) = (setup.runtime(), setup.tokens());
    match ending {
        Ending::Result => {
            let done = done(value, &runtime);
            (
                done,
                quote!(#runtime::failed(#runtime::fail(&mut #visit, #treatment, #error))),
            )
        }
        Ending::Option => (
            quote!(::core::option::Option::Some(#value)),
            quote!({
                #runtime::swallow(&mut #visit, #treatment, #error);
                ::core::option::Option::None
            }),
        ),
        Ending::Fallback(fallback) => {
            let span = Span::mixed_site();
            (
                quote!(#value),
                quote_spanned!(span=> {
                    #runtime::swallow(&mut #visit, #treatment, #error);
                    #fallback
                }),
            )
        }
    }
}
