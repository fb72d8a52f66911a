//! The spans of calls: around those of an attribute with the key `span`, and in those of others.

use super::{
    Guard,
    body::{self, Body},
    site::Site,
};
use crate::{
    model::Function,
    policy::Span,
    span::{at, local, path_at},
};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;

/// Returns the body of a function that is guarded already, in its span. `name` is that of the guard.
pub(super) fn expand(
    function: &mut Function,
    guard: Guard,
    span: Span,
    name: Option<&TokenStream>,
    site: &Site<'_>,
) -> Option<TokenStream> {
    let krate = site.krate;
    let returns = function.returns()?.clone();
    let traced = site.name("SPAN");
    let (kind, here, is_on) = (guard.kind(), site.here(function), span.is_on);
    let name = name.map(|name| quote!(.name(|| #name)));
    let conversion = local("conversion");
    let shape = body::shape(site, &returns);
    let convert = body::conversion(site, &returns);
    let run = match body::wrapped(site, function, &returns, &TokenStream::new()) {
        Body::Closure { arguments, closure } => {
            quote!(#krate::__private::run_traced(#conversion, &#traced, #shape, #arguments, #closure))
        }
        Body::Future(future) => {
            quote!(#krate::__private::traced(&#traced, #shape, #future).await)
        }
    };
    let returned = body::returned(site, &run, &returns);
    Some(quote! {
        static #traced: #krate::__private::SpanSite =
            #krate::__private::SpanSite::new(#kind, #here, #is_on) #name;
        #convert
        #returned
    })
}

/// The span of a function without the key, which a configuration can request.
pub(super) struct Configured<'a> {
    site: &'a Site<'a>,
    returns: &'a Type,
}

impl<'a> Configured<'a> {
    pub(super) const fn new(site: &'a Site<'a>, returns: &'a Type) -> Self {
        Self { site, returns }
    }

    /// Returns the static that describes the function; `None` if the attribute has the key.
    pub(super) fn guarded(&self) -> Option<Ident> {
        (!self.site.is_traced).then(|| self.site.name("GUARDED"))
    }

    /// Returns the statement that begins the span, which is mutable where something is awaited or
    /// noted in it.
    pub(super) fn begin(&self, is_mutable: bool) -> Option<TokenStream> {
        let (krate, guarded, span) = (self.site.krate, self.guarded()?, local("span"));
        let mutability = is_mutable.then(|| quote!(mut));
        Some(quote!(let #mutability #span = #krate::__private::begin_span(&#guarded);))
    }

    /// Returns a future that the function awaits.
    pub(super) fn awaited(&self, future: &TokenStream) -> TokenStream {
        self.awaited_by(&quote!(in_span), None, future)
    }

    /// Returns the future of the call, a `Result`, that the function awaits.
    pub(super) fn call_awaited(&self, future: &TokenStream) -> TokenStream {
        let shape = body::shape(self.site, self.returns);
        self.awaited_by(&quote!(call_in_span), Some(shape), future)
    }

    /// Returns the future of the call, which may give a rejection, that the function awaits.
    pub(super) fn wrap_awaited(&self, future: &TokenStream) -> TokenStream {
        let shape = body::shape(self.site, self.returns);
        self.awaited_by(&quote!(wrap_in_span), Some(shape), future)
    }

    fn awaited_by(
        &self,
        function: &TokenStream,
        shape: Option<TokenStream>,
        future: &TokenStream,
    ) -> TokenStream {
        if self.site.is_traced {
            return quote!(#future.await);
        }
        let (krate, span) = (self.site.krate, local("span"));
        let shape = shape.map(|shape| quote!(#shape,));
        quote!(#krate::__private::#function(&mut #span, #shape #future).await)
    }

    /// Returns what the function returns, or as a `Result`, where nothing else sees it.
    pub(super) fn noted(&self, conversion: &TokenStream, returned: TokenStream) -> TokenStream {
        if self.site.is_traced {
            return returned;
        }
        let (krate, span) = (path_at(self.site.krate, self.returns), at(self.returns));
        let (own, shape) = (local("span"), body::shape(self.site, self.returns));
        quote_spanned!(span=> #krate::__private::note_in_span(#conversion, #returned, &mut #own, #shape))
    }
}
