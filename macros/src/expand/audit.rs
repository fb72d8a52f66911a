//! `#[log_sensitive_operations]`.

use super::{
    body::{self, Body},
    site::Site,
};
use crate::{
    model::Function,
    policy::Audit,
    span::{at, local, path_at},
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

pub(super) fn expand(
    function: &mut Function,
    audit: &Audit,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let describe = site.describe(function, &TokenStream::new());
    let (guarded, name) = (site.name("GUARDED"), site.name("AUDIT"));
    let operation = &audit.name;
    let success_level = audit
        .success_level
        .iter()
        .map(|level| quote!(.success_level(#level)));
    let error_level = audit
        .error_level
        .iter()
        .map(|level| quote!(.error_level(#level)));
    let shape = body::shape(site, &returns);
    let (user, audited, conversion) = (local("user"), local("audited"), local("conversion"));
    // Evaluated before the body, which may move what the expression mentions.
    let of_user = match &audit.user {
        None => quote!(#krate::__private::User::UNKNOWN),
        Some(user) => {
            let krate = path_at(krate, user);
            // In parentheses, because `&` binds tighter than most expressions.
            quote_spanned!(at(user)=> #krate::__private::User::of(&(#user)))
        }
    };
    let run = match body::wrapped(site, function, &returns, &TokenStream::new()) {
        Body::Closure { arguments, closure } => {
            quote!(#krate::__private::run_audited(#conversion, #audited, #shape, #arguments, #closure))
        }
        Body::Future(future) => quote!(#audited.watch(#shape, #future).await),
    };
    let run = body::returned(site, &run, &returns);
    let convert = body::conversion(site, &returns);
    Some(quote! {
        #describe
        static #name: #krate::__private::Audit =
            #krate::__private::Audit::new(&#guarded, #operation) #(#success_level)* #(#error_level)*;
        #convert
        let #user = #of_user;
        let #audited = #krate::__private::Audit::begin(&#name, #user);
        #run
    })
}
