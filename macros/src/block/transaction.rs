//! `transaction_boundary!`.

use super::{
    error::{finish, raw},
    foreign::find_word,
    parse::{Body, Call, Kind, Source},
    rewrite::{Form, Rewriter, Rule, as_argument, at, awaits, label},
    setup::Setup,
    tail,
};
use crate::{
    args::value,
    diag::Diag,
    model::{own, own_at},
};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Block, Expr, Ident, Pat, Token, parse_quote, spanned::Spanned, visit_mut::VisitMut};

/// Expands a call.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let mut call = Call::read(tokens, Kind::Transaction, &mut diag);
    let setup = Setup::take(&mut call, &mut diag);
    let callback = call.args.take("on_error_callback");
    let callback = callback.and_then(|expr| value::callback("on_error_callback", expr, &mut diag));
    let expanded = match call.body {
        None => None,
        Some(Body { block: Source::Raw(group), .. }) => Some(raw(&group, &setup)),
        Some(Body { is_async, argument, block: Source::Parsed(block) }) => {
            // A missing argument is reported already; any name does.
            let argument = argument.unwrap_or_else(|| parse_quote!(_));
            Some(expand_block(block, &argument, is_async, &setup, callback.as_ref(), &mut diag))
        }
    };
    finish(expanded, diag)
}

fn expand_block(
    mut block: Block,
    argument: &Pat,
    is_async: Option<Option<Token![move]>>,
    setup: &Setup,
    callback: Option<&Expr>,
    diag: &mut Diag,
) -> TokenStream {
    let runtime = setup.runtime();
    // Where it awaits without being allowed to, the expansion's own await is told at the user's, once.
    let awaits = awaits(&block).or_else(|| find_word(block.to_token_stream(), "on_rollback_async"));
    let asynchronous = is_async.is_some() || awaits.is_some();
    let awaited = Ident::new("await", awaits.unwrap_or_else(Span::mixed_site));
    let form = if is_async.is_some() || setup.catch_panics { Form::Closure } else { Form::InPlace };
    tail::check_block(&mut block, diag);
    let allow = tail::allow_unreachable(&block);
    let mut rewriter = Rewriter::new(form, Rule::Commit, &setup.krate, diag);
    rewriter.visit_block_mut(&mut block);
    let uses_label = rewriter.uses_label;

    let [operation, guard, transaction, outcome, value, error] =
        ["operation", "guard", "transaction", "outcome", "value", "error"].map(own);
    let moved = is_async.flatten();
    let block = as_argument(&block);
    let body = quote!({
        let #argument = #transaction;
        #runtime::done(#block)
    });
    let run = match (form, asynchronous) {
        (Form::InPlace, _) => {
            let label = uses_label.then(|| {
                let label = label();
                quote!(#label:)
            });
            quote!(#label #body)
        }
        (Form::Closure, false) => quote!(#runtime::catch(#operation, || #body)),
        (Form::Closure, true) if setup.catch_panics => {
            quote!(#runtime::catch_async(#operation, async #moved #body).await)
        }
        (Form::Closure, true) => quote!(#runtime::block(async #moved #body).await),
    };
    let operation_value = setup.operation();
    let treatment = setup.tokens();
    let callback = callback_tokens(callback, setup);
    let (begin, end) = if asynchronous {
        let end = quote! {
            match #outcome {
                ::core::result::Result::Ok(#value) => {
                    #guard.commit();
                    #runtime::done(#value)
                }
                ::core::result::Result::Err(#error) => #runtime::failed(#guard.roll_back(#error).#awaited),
            }
        };
        (quote!(begin_async), end)
    } else {
        (quote!(begin), quote!(#guard.end(#outcome)))
    };
    quote! {
        let #operation = #operation_value;
        let mut #guard = #runtime::#begin(#operation, #treatment, #callback);
        let #transaction = #guard.transaction();
        #allow
        let #outcome = #run;
        #end
    }
}

fn callback_tokens(callback: Option<&Expr>, setup: &Setup) -> TokenStream {
    let runtime = setup.runtime();
    let Some(callback) = callback else { return quote!(#runtime::callback(#runtime::no_callback)) };
    let span = Span::mixed_site().located_at(callback.span());
    let runtime = at(runtime, span);
    match callback {
        // Called in a closure, a function of another signature is told once, at its name.
        Expr::Path(_) => {
            let error = own_at("error", span);
            quote_spanned!(span=> #runtime::callback(move |#error: &#runtime::AppError| #callback(#error)))
        }
        // So is a closure that names its type; without `move`, it captures as it is written.
        Expr::Closure(closure) if matches!(closure.inputs.first(), Some(Pat::Type(_))) => {
            let error = own_at("error", span);
            quote_spanned!(span=> #runtime::callback(|#error: &#runtime::AppError| (#callback)(#error)))
        }
        _ => quote_spanned!(span=> #runtime::callback(#callback)),
    }
}
