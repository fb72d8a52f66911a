//! The statics of one call site, and the registration of the function.

use crate::model::Function;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Path, ext::IdentExt};

/// An attribute on a function.
pub(super) struct Site<'a> {
    pub(super) krate: &'a Path,
    pub(super) attribute: &'static str,
    pub(super) args: &'a TokenStream,
    /// Whether the attribute has the key `span`: its spans are around the function then.
    pub(super) is_traced: bool,
}

impl Site<'_> {
    /// Returns the static that describes the function, and its entry in the list of guarded
    /// functions.
    pub(super) fn describe(&self, function: &Function, policies: &TokenStream) -> TokenStream {
        let Self {
            krate,
            attribute,
            args,
            is_traced,
        } = self;
        let span = is_traced.then(|| quote!(.with_span()));
        let (here, args) = (self.here(function), one_line(args));
        let guarded = self.name("GUARDED");
        quote! {
            static #guarded: #krate::__private::Guarded = #krate::__private::Guarded::new(
                #attribute,
                #args,
                #here,
            ) #policies #span;
            #krate::__private::submit!(#guarded);
        }
    }

    /// Returns the description of the function.
    pub(super) fn here(&self, function: &Function) -> TokenStream {
        let (krate, ident) = (self.krate, &function.sig.ident);
        let name = ident.unraw().to_string();
        // With the user's span, so that it is the line of the name and not of the attribute.
        let here = quote!(#krate::__private::line!());
        let line: TokenStream = here
            .into_iter()
            .map(|token| moved_to(ident.span(), token))
            .collect();
        quote!(#krate::__private::here!(#name, #line))
    }

    /// Returns the static `name` of this call site, which holds a policy of this type.
    pub(super) fn policy(&self, name: &Ident, policy: &str) -> TokenStream {
        let (krate, policy) = (self.krate, Ident::new(policy, Span::mixed_site()));
        self.holding(name, &quote!(#krate::__private::#policy))
    }

    /// Returns the static `name` of this call site, which holds a policy of this type for each key.
    pub(super) fn policy_by_key(&self, name: &Ident, policy: &str) -> TokenStream {
        let (krate, policy) = (self.krate, Ident::new(policy, Span::mixed_site()));
        self.holding(
            name,
            &quote!(#krate::__private::Keyed<#krate::__private::#policy>),
        )
    }

    fn holding(&self, name: &Ident, policy: &TokenStream) -> TokenStream {
        let (krate, guarded) = (self.krate, self.name("GUARDED"));
        quote! {
            static #name: #krate::__private::Site<#policy> = #krate::__private::Site::new(&#guarded);
        }
    }

    /// Returns the name of a static of this call site. Items have no hygiene, hence the prefix.
    pub(super) fn name(&self, name: &str) -> Ident {
        Ident::new(&format!("__GARDEFOU_{name}"), Span::mixed_site())
    }
}

fn moved_to(span: Span, mut token: TokenTree) -> TokenTree {
    token.set_span(span);
    token
}

/// Returns the arguments as one line of text, for the list of guarded functions.
pub(super) fn one_line(args: &TokenStream) -> String {
    let text = args.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .replace(" ,", ",")
        .replace(" :: ", "::")
        .trim_end_matches(',')
        .to_owned()
}
