//! `transaction_boundary!`.

use super::{
    awaits::{awaited, awaits},
    body::{as_argument, done, finish, raw, suspended, value_span},
    call::Call,
    foreign_macros::find_word,
    kind::Kind,
    rewriter::{Form, Rewriter, Rule},
    setup::Setup,
    source::{Body, Source, Style},
    tail,
};
use crate::{
    args::value,
    diag::Diag,
    span::{at, local, local_at, moved_to},
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Block, Expr, Ident, Pat, parse_quote, visit_mut::VisitMut};

/// Expands a call.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let mut call = Call::parse(tokens, Kind::Transaction, &mut diag);
    let setup = Setup::from_call(&mut call, &mut diag);
    let callback = call.args.take("on_error_callback");
    let callback = callback.and_then(|expr| value::callback("on_error_callback", expr, &mut diag));
    let parent = call.args.take("parent");
    let expanded = match call.body {
        None => None,
        Some(Body {
            argument,
            block: Source::Raw(group),
            ..
        }) => Some(raw(&group, &setup, argument.as_ref())),
        Some(Body {
            style,
            argument,
            block: Source::Parsed(block, attrs),
        }) => {
            // A missing argument is reported already; any pattern will do.
            let argument = argument.unwrap_or_else(|| parse_quote!(_));
            Some(expand_block(
                (block, &attrs),
                &argument,
                style,
                &call.frames,
                &setup,
                &Clauses { callback, parent },
                &mut diag,
            ))
        }
    };
    finish(expanded, diag)
}

/// Keys of transactions alone.
struct Clauses {
    callback: Option<Expr>,
    parent: Option<Expr>,
}

fn expand_block(
    (mut block, attrs): (Block, &[Attribute]),
    argument: &Pat,
    style: Style,
    outer: &[Ident],
    setup: &Setup,
    clauses: &Clauses,
    diag: &mut Diag,
) -> TokenStream {
    let runtime = setup.runtime();
    // An await outside an async function is reported at the user's await, and not at the
    // expansion's.
    let awaits = awaits(&block).or_else(|| find_word(block.to_token_stream(), "on_rollback_async"));
    let asynchronous = style.is_async() || awaits.is_some();
    let awaited = awaited(awaits.or_else(|| style.async_word()));
    // A closure or an async block, so that a panic is known with its message.
    let form = Form::Closure;
    tail::check_block(&mut block, diag);
    let allow = tail::allow_unreachable(&block);
    let mut rewriter = Rewriter::new(form, Rule::Commit, &setup.krate, Vec::new(), diag);
    rewriter.visit_block_mut(&mut block);

    let [operation, guard, frame, transaction, outcome, error, panic] = [
        "operation",
        "guard",
        "frame",
        "transaction",
        "outcome",
        "error",
        "panic",
    ]
    .map(local);
    let frames: Vec<Ident> = outer.iter().cloned().chain([frame.clone()]).collect();
    // The last value, at whose span a wrong type of the transaction is reported.
    let value = local_at("value", value_span(&block));
    let value_done = done(&value, &runtime);
    let moved = style.moved();
    let (span, last) = (value.span(), as_argument(&block, attrs));
    let runtime_there = moved_to(runtime.clone(), span);
    let last = quote_spanned!(span=> #runtime_there::done(#last));
    // At the argument, where a type that it cannot have is reported.
    let argument_span = at(argument);
    let transaction_there = local_at("transaction", argument_span);
    let bind = quote_spanned!(argument_span=> let #argument = #transaction_there;);
    let body = quote!({
        #bind
        #last
    });
    let run = match (asynchronous, setup.catch_panics) {
        (false, false) => quote!(#runtime::body(#transaction, |#transaction| #body)),
        (false, true) => quote!(#runtime::no_panic(#runtime::catch(#operation, || #body))),
        (true, false) => {
            let run = suspended(
                quote!(#runtime::body_async(async #moved #body)),
                &frames,
                &runtime,
            );
            quote!(#run.#awaited)
        }
        (true, true) => {
            let run = quote!(#runtime::catch_async(#operation, async #moved #body));
            let run = suspended(run, &frames, &runtime);
            quote!(#runtime::no_panic(#run.#awaited))
        }
    };
    let guard_there = local_at("guard", argument_span);
    let operation_value = setup.operation();
    let treatment = setup.tokens();
    let callback = callback_tokens(clauses.callback.as_ref(), setup);
    let parent = parent_tokens(clauses.parent.as_ref(), asynchronous, setup);
    let (begin, transaction_of, end) = if asynchronous {
        let back = suspended(
            quote!(#runtime::roll_back(#guard, &mut #frame, #error)),
            outer,
            &runtime,
        );
        let end = quote! {
            match #outcome {
                ::core::result::Result::Ok(::core::result::Result::Ok(#value)) => {
                    #runtime::commit(&mut #guard, &mut #frame);
                    #value_done
                }
                ::core::result::Result::Ok(::core::result::Result::Err(#error)) => {
                    #runtime::failed(#back.#awaited)
                }
                ::core::result::Result::Err(#panic) => #runtime::panicked(#guard, &mut #frame, #panic),
            }
        };
        (quote!(begin_async), quote!(transaction_of_async), end)
    } else {
        let runtime = moved_to(runtime.clone(), argument_span);
        let ended =
            quote_spanned!(argument_span=> #runtime::end(&mut #guard_there, &mut #frame, #outcome));
        let end = quote! {
            match #ended {
                ::core::result::Result::Ok(#value) => #value_done,
                ::core::result::Result::Err(#error) => #runtime::failed(#error),
            }
        };
        (quote!(begin), quote!(transaction_of), end)
    };
    let runtime_there = moved_to(runtime.clone(), argument_span);
    let handle = quote_spanned!(argument_span=> #runtime_there::#transaction_of(&#guard_there));
    let import = &setup.import;
    quote! {
        #import
        let #operation = #operation_value;
        let mut #guard = #runtime::#begin(#operation, #treatment, #callback, #parent);
        let #transaction = #handle;
        let mut #frame = #runtime::enter_body();
        #allow
        let #outcome = #run;
        #end
    }
}

/// Returns the parent, whose type is checked at the user's tokens.
fn parent_tokens(parent: Option<&Expr>, asynchronous: bool, setup: &Setup) -> TokenStream {
    let Some(parent) = parent else {
        return quote!(::core::option::Option::None);
    };
    let span = at(parent);
    let runtime = moved_to(setup.runtime(), span);
    if asynchronous {
        quote_spanned!(span=> #runtime::parent_async(#parent))
    } else {
        quote_spanned!(span=> #runtime::parent(#parent))
    }
}

fn callback_tokens(callback: Option<&Expr>, setup: &Setup) -> TokenStream {
    let runtime = setup.runtime();
    let Some(callback) = callback else {
        return quote!(#runtime::callback(#runtime::no_callback));
    };
    let span = at(callback);
    let runtime = moved_to(runtime, span);
    let error = local_at("error", span);
    // Called in a generated closure, which fixes the type: a function of another signature is one
    // error, at its name.
    match callback {
        Expr::Path(_) => {
            quote_spanned!(span=> #runtime::callback(move |#error: &#runtime::AppError| #runtime::answer(#callback(#error))))
        }
        // The same for a closure with a typed argument; without `move` its captures stay as
        // written.
        Expr::Closure(closure) if matches!(closure.inputs.first(), Some(Pat::Type(_))) => {
            quote_spanned!(span=> #runtime::callback(|#error: &#runtime::AppError| #runtime::answer((#callback)(#error))))
        }
        _ => {
            quote_spanned!(span=> #runtime::callback(|#error: &#runtime::AppError| #runtime::answer_of(#error, #callback)))
        }
    }
}
