//! `#[fallback]`.

use super::{
    body::{self, Body},
    handling::reborrow,
    site::Site,
};
use crate::{
    model::{Function, types::inferable},
    policy::Fallback,
    span::{at, local, path_at},
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Type};

pub(super) fn expand(
    function: &mut Function,
    fallback: &Fallback,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let to = fallback.to.as_ref()?;
    let returns = function.returns()?.clone();
    let describe = site.describe(function, &TokenStream::new());
    let guarded = site.name("GUARDED");
    let (started, outcome, failed, conversion) = (
        local("started"),
        local("outcome"),
        local("failed"),
        local("conversion"),
    );
    let shape = body::shape(site, &returns);
    let reborrows = reborrow(function, to);
    let run = match body::wrapped(site, function, &returns, &to.to_token_stream()) {
        Body::Closure { arguments, closure } => {
            quote!(#krate::__private::run_with(#conversion, &#guarded, #shape, #arguments, #closure))
        }
        Body::Future(future) => {
            quote!(#krate::__private::suspend_with(&mut #started, &#guarded, #shape, #future).await)
        }
    };
    let run = if reborrows.is_empty() {
        run
    } else {
        quote!({ #reborrows #run })
    };
    let on = match &fallback.on {
        None => quote!(#krate::__private::every),
        Some(path) => {
            let (error, krate) = (local("error"), path_at(krate, path));
            quote_spanned!(at(path)=> |#error| #krate::__private::ask(#error, #path))
        }
    };
    let recovered = recovered(to, site, &returns);
    let inferred = inferable(&returns);
    let end = quote! {
        match #krate::__private::Started::end(&mut #started, #outcome, #on) {
            #krate::__private::ControlFlow::Break(#outcome) => #outcome,
            #krate::__private::ControlFlow::Continue(#failed) => {
                #[allow(unreachable_code, clippy::diverging_sub_expression)]
                let #outcome = #recovered;
                #krate::__private::recovered::<#inferred, _, _>(#conversion, &#guarded, #failed, #outcome, #shape)
            }
        }
    };
    let end = body::returned(site, &end, &returns);
    let convert = body::conversion(site, &returns);
    Some(quote! {
        #describe
        #convert
        let mut #started = #krate::__private::start();
        let #outcome = #run;
        #end
    })
}

/// Returns what stands in for the failed function. A closure is a function of the error, a path
/// names a function or a value, and everything else is a value.
fn recovered(to: &Expr, site: &Site<'_>, returns: &Type) -> TokenStream {
    let returns = inferable(returns);
    let (failed, conversion, named) = (local("failed"), local("conversion"), local("named"));
    let krate = path_at(site.krate, to);
    match to {
        Expr::Closure(_) => {
            quote_spanned!(at(to)=> #krate::__private::recover::<#returns, _, _>(#conversion, &#failed, #to))
        }
        Expr::Path(_) => quote_spanned! {at(to)=>
            {
                let #named = #to;
                {
                    use #krate::__private::recovering::*;
                    (&&#krate::__private::named::<#returns, _, _>(#conversion, &#named)).__gardefou_kind()
                }
                .recover::<#returns, _, _>(#conversion, &#failed, #named)
            }
        },
        _ => {
            quote_spanned!(at(to)=> #krate::__private::replace::<#returns, _, _>(#conversion, (#to,)))
        }
    }
}
