//! `#[enhanced_error_handling]`.

use super::{
    body::{self, Once},
    site::Site,
};
use crate::{
    groups::ungrouped_type,
    model::{
        Binding, Function, SelfKind, params,
        receiver::{has_fixed_self, rename_self, self_kind},
        variables::mentions,
    },
    policy::Handling,
    span::{at, own, path_at},
};
use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, FnArg, Pat, Path, Type, ext::IdentExt};

pub(super) fn expand(
    function: &mut Function,
    handling: &Handling,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let describe = site.describe(function, &TokenStream::new());
    let (guarded, handler) = (site.name("GUARDED"), site.name("HANDLING"));
    let code = handling
        .code
        .iter()
        .map(|code| quote_spanned!(at(code)=> .error_code(#code)));
    let level = handling
        .level
        .iter()
        .map(|level| quote!(.log_level(#level)));
    let shape = body::shape(site, &returns);
    let (early, late) = captures(function, &handling.capture);
    let lent = handling
        .fallback
        .as_ref()
        .map(|fallback| lend(function, fallback));
    let mut run = run(function, handling, site, &returns);
    if let Some(lent) = lent.filter(|lent| !lent.is_empty()) {
        run = quote!({ #lent #run });
    }

    let (entered, outcome, captured) = (own("entered"), own("outcome"), own("captured"));
    let then = if handling.rethrow {
        quote!(Leaves)
    } else {
        quote!(Ends)
    };
    let then = quote!(#krate::__private::Then::#then);
    let leave = if handling.capture.is_empty() {
        quote!(#krate::__private::Handling::leave(&#handler, &mut #entered, #outcome, #shape, #then))
    } else {
        quote!(#krate::__private::Handling::leave_with(&#handler, &mut #entered, #outcome, #shape, #then, || #captured #late))
    };
    let begin = (!handling.capture.is_empty())
        .then(|| quote!(let #captured = #krate::__private::Captured::new() #early;));
    let end = if handling.rethrow {
        leave
    } else {
        let (value, missing) = (own("value"), own("missing"));
        let fallback = match &handling.fallback {
            Some(fallback) => stand_in(krate, &missing, fallback),
            None => {
                let krate = path_at(krate, &returns);
                quote_spanned!(at(&returns)=> #krate::__private::default_value())
            }
        };
        quote! {
            #krate::__private::Ok(match #krate::__private::missing(#leave) {
                #krate::__private::Ok(#value) => #value,
                #[allow(unreachable_code, clippy::diverging_sub_expression)]
                #krate::__private::Err(#missing) => #fallback,
            })
        }
    };
    let end = body::returned(site, &end, &returns);
    let convert = body::conversion(site, &returns);
    Some(quote! {
        #describe
        static #handler: #krate::__private::Handling = #krate::__private::Handling::new(&#guarded) #(#code)* #(#level)*;
        #convert
        #begin
        let mut #entered = #krate::__private::Handling::enter(&#handler);
        let #outcome = #run;
        #end
    })
}

/// What the body may change, lent to it where the fallback needs it again.
fn lend(function: &mut Function, fallback: &Expr) -> TokenStream {
    let fallback = fallback.to_token_stream();
    let mut lent = TokenStream::new();
    for Binding {
        cfgs,
        ident,
        reborrowed,
        ..
    } in params::used(function)
    {
        if reborrowed && mentions(&fallback, &ident.unraw().to_string()) {
            let allow = body::allow_names(&[&ident]);
            lent.extend(quote_spanned!(at(&ident)=> #(#cfgs)* #allow let #ident = &mut *#ident;));
        }
    }
    let body = function.body.stream();
    let lends_self = function
        .sig
        .receiver()
        .filter(|receiver| matches!(self_kind(receiver), SelfKind::Mut));
    if let Some(receiver) = lends_self
        && mentions(&fallback, "self")
        && mentions(&body, "self")
        && !has_fixed_self(&body)
    {
        let (this, self_token) = (own("this"), receiver.self_token);
        lent.extend(quote_spanned!(at(&self_token)=> let #this = &mut *#self_token;));
        let mut renamed = Group::new(Delimiter::Brace, rename_self(body, &this));
        renamed.set_span(function.body.span());
        function.body = renamed;
    }
    lent
}

/// The body, run once, its panics caught where that is asked for.
fn run(
    function: &mut Function,
    handling: &Handling,
    site: &Site<'_>,
    returns: &Type,
) -> TokenStream {
    let krate = site.krate;
    let (guarded, entered, conversion) = (site.name("GUARDED"), own("entered"), own("conversion"));
    let fallback = handling.fallback.to_token_stream();
    let once = body::once(site, function, returns, &fallback);
    if !handling.catch_panics {
        return match once {
            Once::Closure { arguments, closure } => {
                quote!(#krate::__private::call_with(#conversion, #arguments, #closure))
            }
            Once::Future(future) => {
                quote!(#krate::__private::Entered::suspend(&mut #entered, #future).await)
            }
        };
    }
    let (outcome, panic) = (own("outcome"), own("panic"));
    let caught = match once {
        Once::Closure { arguments, closure } => {
            quote!(#krate::__private::catch(#conversion, &#guarded, #arguments, #closure))
        }
        Once::Future(future) => {
            quote!(#krate::__private::Entered::suspend(&mut #entered, #krate::__private::catch_async(&#guarded, #future)).await)
        }
    };
    let carried = body::carry(site, returns, &panic);
    quote! {
        match #caught {
            #krate::__private::Ok(#outcome) => #outcome,
            #krate::__private::Err(#panic) => #carried,
        }
    }
}

/// What is done for `capture` before the body runs, and what when it has failed.
///
/// A shared reference is still there after the body, so its value is formatted only when the call
/// fails; everything else may have been moved by then, and is formatted before.
fn captures(function: &Function, names: &[Ident]) -> (TokenStream, TokenStream) {
    let (mut early, mut late) = (TokenStream::new(), TokenStream::new());
    for name in names {
        let text = name.unraw().to_string();
        let field = quote_spanned!(at(name)=> .field(#text, &#name));
        if is_shared_reference(function, name) {
            late.extend(field);
        } else {
            early.extend(field);
        }
    }
    (early, late)
}

fn is_shared_reference(function: &Function, name: &Ident) -> bool {
    function.sig.inputs.iter().any(|input| match input {
        FnArg::Typed(input) => {
            let named = matches!(&*input.pat, Pat::Ident(pat) if pat.ident == *name);
            named
                && matches!(ungrouped_type(&input.ty), Type::Reference(r) if r.mutability.is_none())
        }
        FnArg::Receiver(receiver) => {
            *name == "self" && matches!(self_kind(receiver), SelfKind::Ref)
        }
    })
}

/// The value that stands in for one that is missing. Its type is known in front, so that a value of
/// another one is reported at itself; as a part of a tuple it is no argument, about whose function
/// the compiler would speak too.
fn stand_in(krate: &Path, missing: &Ident, value: &Expr) -> TokenStream {
    let krate = path_at(krate, value);
    quote_spanned!(at(value)=> #krate::__private::Missing::stand_in(#missing, (#value,)))
}
