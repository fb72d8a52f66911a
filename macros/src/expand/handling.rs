//! `#[enhanced_error_handling]`.

use super::{
    body::{self, Body},
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
    span::{at, local, path_at},
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
    let reborrows = handling
        .fallback
        .as_ref()
        .map(|fallback| reborrow(function, fallback));
    let mut run = run(function, handling, site, &returns);
    if let Some(reborrows) = reborrows.filter(|reborrows| !reborrows.is_empty()) {
        run = quote!({ #reborrows #run });
    }

    let (entered, outcome, captured) = (local("entered"), local("outcome"), local("captured"));
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
        let (value, missing) = (local("value"), local("missing"));
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

/// Returns the statements that reborrow what the body may change and the fallback needs again.
pub(super) fn reborrow(function: &mut Function, fallback: &Expr) -> TokenStream {
    let fallback = fallback.to_token_stream();
    let mut reborrows = TokenStream::new();
    for Binding {
        cfgs,
        ident,
        reborrowed,
        ..
    } in params::used_bindings(function)
    {
        if reborrowed && mentions(&fallback, &ident.unraw().to_string()) {
            let allow = body::allow_names(&[&ident]);
            reborrows
                .extend(quote_spanned!(at(&ident)=> #(#cfgs)* #allow let #ident = &mut *#ident;));
        }
    }
    let body = function.body.stream();
    let reborrows_self = function
        .sig
        .receiver()
        .filter(|receiver| matches!(self_kind(receiver), SelfKind::Mut));
    if let Some(receiver) = reborrows_self
        && mentions(&fallback, "self")
        && mentions(&body, "self")
        && !has_fixed_self(&body)
    {
        let (this, self_token) = (local("this"), receiver.self_token);
        reborrows.extend(quote_spanned!(at(&self_token)=> let #this = &mut *#self_token;));
        let mut renamed = Group::new(Delimiter::Brace, rename_self(body, &this));
        renamed.set_span(function.body.span());
        function.body = renamed;
    }
    reborrows
}

/// Returns the call of the body, with its panics caught if `catch_panics` is set.
fn run(
    function: &mut Function,
    handling: &Handling,
    site: &Site<'_>,
    returns: &Type,
) -> TokenStream {
    let krate = site.krate;
    let (guarded, entered, conversion) =
        (site.name("GUARDED"), local("entered"), local("conversion"));
    let fallback = handling.fallback.to_token_stream();
    let once = body::wrapped(site, function, returns, &fallback);
    if !handling.catch_panics {
        return match once {
            Body::Closure { arguments, closure } => {
                quote!(#krate::__private::call_with(#conversion, #arguments, #closure))
            }
            Body::Future(future) => {
                quote!(#krate::__private::Entered::suspend(&mut #entered, #future).await)
            }
        };
    }
    let (outcome, panic) = (local("outcome"), local("panic"));
    let caught = match once {
        Body::Closure { arguments, closure } => {
            quote!(#krate::__private::catch(#conversion, &#guarded, #arguments, #closure))
        }
        Body::Future(future) => {
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

/// Returns the code for `capture` before the body, and after a failed body.
///
/// A shared reference is still valid after the body, so its value is formatted only if the call
/// fails. Everything else may have been moved by then, and is formatted before.
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

/// Returns the value in place of a missing one. Its type is fixed first, so that a value of another
/// type is reported at itself; in a tuple it is not an argument, about whose function the compiler
/// would add a note.
fn stand_in(krate: &Path, missing: &Ident, value: &Expr) -> TokenStream {
    let krate = path_at(krate, value);
    quote_spanned!(at(value)=> #krate::__private::Missing::stand_in(#missing, (#value,)))
}
