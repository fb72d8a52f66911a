//! The user's body in a closure or an async block of its own, so that `?` and `return` end in it.

use super::{drop_order, site::Site};
use crate::{
    model::{
        Binding, Function, params,
        receiver::borrows_self,
        types::{inferable, same_error},
    },
    span::{at, local, path_at},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Lifetime, Type, ext::IdentExt};

/// The body, to be run once.
pub(super) enum Body {
    /// A closure, and the tuple that it takes: the arguments that the body uses. As parameters they
    /// are dropped in the order in which the function itself would drop them.
    Closure {
        arguments: TokenStream,
        closure: TokenStream,
    },
    /// An async block that captures the arguments. Variables bound inside it would be stored twice.
    Future(TokenStream),
}

/// Returns the body of the function. Arguments that `after` mentions and the body does not use
/// outlive it.
pub(super) fn wrapped(
    site: &Site<'_>,
    function: &mut Function,
    returns: &Type,
    after: &TokenStream,
) -> Body {
    let body = function.body.clone();
    if function.is_async() {
        let capture = Capture {
            span: function.capture_span(),
            by_reference: borrows_self(function),
        };
        let block = async_block(site, &capture, &TokenStream::new(), &quote!(#body), returns);
        return Body::Future(fallible(site, &block));
    }
    let mut bound = drop_order::captured(function, after);
    // An element of a tuple takes no `#[cfg]`; such an argument is captured.
    bound.retain(|binding| binding.cfgs.is_empty());
    params::without_mut(function, &bound);
    let returns = inferable(returns);
    let arguments = tuple(
        &bound
            .iter()
            .map(|binding| &binding.ident)
            .collect::<Vec<_>>(),
    );
    let patterns = patterns(&bound);
    let capture = Capture {
        span: function.capture_span(),
        by_reference: borrows_self(function),
    };
    Body::Closure {
        arguments,
        closure: capture.closure(&patterns, &quote!(-> #returns #body)),
    }
}

/// How a closure or an async block captures the variables of the function.
pub(super) struct Capture {
    /// Its own span, at which the compiler reports what is wrong with the captures.
    pub(super) span: Span,
    /// Whether it borrows what it captures. For `&self` that is one pointer as well, and the
    /// compiler suggests `&mut self`, which it does for functions but not for closures that move.
    pub(super) by_reference: bool,
}

impl Capture {
    fn word(&self) -> Option<TokenStream> {
        (!self.by_reference).then(|| quote_spanned!(self.span=> move))
    }

    pub(super) fn closure(&self, patterns: &TokenStream, body: &TokenStream) -> TokenStream {
        let (word, bar) = (self.word(), quote_spanned!(self.span=> |));
        quote!(#word #bar #patterns #bar #body)
    }
}

/// Returns variables as a tuple.
pub(super) fn tuple(names: &[&Ident]) -> TokenStream {
    if !names.iter().any(|name| drop_order::may_stay_unused(name)) {
        return quote!((#(#names,)*));
    }
    let arguments = local("arguments");
    quote! {{
        #[allow(clippy::used_underscore_binding)]
        let #arguments = (#(#names,)*);
        #arguments
    }}
}

/// Returns the pattern of a closure that takes the variables.
pub(super) fn patterns(bound: &[Binding]) -> TokenStream {
    patterns_by(bound, |_| None)
}

/// Returns the pattern of a closure that takes a clone of each variable, for a `ref mut` a clone of
/// its target.
pub(super) fn patterns_anew(bound: &[Binding]) -> TokenStream {
    patterns_by(bound, |binding| {
        binding.refers_to_owned.then(|| quote!(ref mut))
    })
}

fn patterns_by(bound: &[Binding], mode: impl Fn(&Binding) -> Option<TokenStream>) -> TokenStream {
    let taken: Vec<_> = bound
        .iter()
        .filter(|binding| binding.cfgs.is_empty())
        .collect();
    let allow = allow_names(
        &taken
            .iter()
            .map(|binding| &binding.ident)
            .collect::<Vec<_>>(),
    );
    let patterns = taken.iter().map(|binding| {
        let (
            mode,
            Binding {
                mutability, ident, ..
            },
        ) = (mode(binding), binding);
        quote!(#mode #mutability #ident,)
    });
    quote!(#allow (#(#patterns)*))
}

/// Silences lints about names that generated code binds again: they are those of the arguments.
pub(super) fn allow_names(names: &[&Ident]) -> Option<TokenStream> {
    let is_odd = |name: &&Ident| name.unraw().to_string().contains(char::is_uppercase);
    let odd = names.iter().any(is_odd).then(|| quote!(, non_snake_case));
    let shadow = quote!(
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated
    );
    (!names.is_empty()).then(|| quote!(#[allow(#shadow #odd)]))
}

/// Returns an async block around the body. Its first `return`, which never runs, fixes the type of
/// the others. The body has a label, because no lint then reports the user's braces as unneeded.
pub(super) fn async_block(
    site: &Site<'_>,
    capture: &Capture,
    before: &TokenStream,
    body: &TokenStream,
    returns: &Type,
) -> TokenStream {
    let (krate, span) = (path_at(site.krate, returns), at(returns));
    let returns = inferable(returns);
    let edge = quote_spanned!(span=> if false { return #krate::__private::never::<#returns>(); });
    let label = Lifetime::new("'_body", span);
    let word = capture.word();
    quote_spanned!(capture.span=> async #word { #before #edge #label: #body })
}

/// Returns the statement that decides whether the function returns a `Result`. If it does not, the
/// compiler reports one error, at the return type.
pub(super) fn conversion(site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, span, conversion) = (
        path_at(site.krate, returns),
        at(returns),
        local("conversion"),
    );
    // Nothing is left to infer where the method is chosen.
    let returns = same_error(returns);
    quote_spanned! {span=>
        let #conversion = {
            use #krate::__private::returning::*;
            (&&#krate::__private::returns::<#returns>()).__gardefou_conversion()
        };
    }
}

/// Returns an async body that yields a `Result`.
pub(super) fn fallible(site: &Site<'_>, block: &TokenStream) -> TokenStream {
    let (krate, conversion) = (site.krate, local("conversion"));
    quote!(#krate::__private::fallible(#conversion, #block))
}

/// Converts the outcome of a guard, a `Result`, into the return type. A borrow that does not live
/// long enough is reported at that type.
pub(super) fn returned(site: &Site<'_>, outcome: &TokenStream, returns: &Type) -> TokenStream {
    let (krate, span) = (path_at(site.krate, returns), at(returns));
    let conversion = local("conversion");
    quote_spanned!(span=> #krate::__private::returned(#conversion, #outcome))
}

/// Returns the expression that chooses the view of the function's error type.
pub(super) fn shape(site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, conversion, same_error) = (site.krate, local("conversion"), same_error(returns));
    quote!(#krate::__private::shape!(#conversion, #same_error))
}

/// Returns a rejection as a `Result` with the function's error type.
pub(super) fn reject(site: &Site<'_>, returns: &Type, rejection: &Ident) -> TokenStream {
    let (krate, same_error) = (path_at(site.krate, returns), same_error(returns));
    let conversion = local("conversion");
    quote_spanned! {at(returns)=>
        #krate::__private::Err({
            use #krate::__private::rejecting::*;
            (&&&#krate::__private::probe::<#same_error, _>(#conversion)).__gardefou_reject(#rejection)
        })
    }
}

/// Returns an `AppError`, for example a caught panic, as a `Result` with the function's error type.
pub(super) fn carry(site: &Site<'_>, returns: &Type, error: &Ident) -> TokenStream {
    let (krate, same_error) = (path_at(site.krate, returns), same_error(returns));
    let conversion = local("conversion");
    quote_spanned! {at(returns)=>
        #krate::__private::Err({
            use #krate::__private::carrying::*;
            (&&#krate::__private::probe::<#same_error, _>(#conversion)).__gardefou_carry(#error)
        })
    }
}
