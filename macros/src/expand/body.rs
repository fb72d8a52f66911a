//! The user's body in a closure or an async block of its own, so that `?` and `return` end in it.

use super::{drop_order, site::Site};
use crate::{
    model::{
        Binding, Function, params,
        receiver::borrows_self,
        types::{inferable, same_error},
    },
    span::{at, own, path_at},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Lifetime, Type, ext::IdentExt};

/// The body as something that runs once.
pub(super) enum Once {
    /// A closure, and the tuple that it takes: the arguments that the body uses. As parameters they
    /// are dropped in the order in which the function itself would drop them.
    Closure {
        arguments: TokenStream,
        closure: TokenStream,
    },
    /// An async block, whose captures are the arguments themselves; to bind them anew would store
    /// them twice.
    Future(TokenStream),
}

/// The body as something that runs once; what `after` names must outlive it where the body does not
/// use it.
pub(super) fn once(
    site: &Site<'_>,
    function: &mut Function,
    returns: &Type,
    after: &TokenStream,
) -> Once {
    let body = function.body.clone();
    if function.is_async() {
        let capture = Capture {
            place: function.capture_span(),
            by_reference: borrows_self(function),
        };
        let block = async_block(site, &capture, &TokenStream::new(), &quote!(#body), returns);
        return Once::Future(fallible(site, &block));
    }
    let mut bound = drop_order::moved(function, after);
    // A part of a tuple bears no `#[cfg]`; such an argument is captured.
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
        place: function.capture_span(),
        by_reference: borrows_self(function),
    };
    Once::Closure {
        arguments,
        closure: capture.closure(&patterns, &quote!(-> #returns #body)),
    }
}

/// How a closure or an async block captures the variables of the function.
pub(super) struct Capture {
    /// Its own place, at which the compiler shows what is wrong with what it captures.
    pub(super) place: Span,
    /// Whether it borrows what it captures. Of `&self` that is one pointer as well, and the
    /// compiler gives its advice to take `&mut self`, which it has for the function and for no
    /// closure.
    pub(super) by_reference: bool,
}

impl Capture {
    fn word(&self) -> Option<TokenStream> {
        (!self.by_reference).then(|| quote_spanned!(self.place=> move))
    }

    pub(super) fn closure(&self, patterns: &TokenStream, body: &TokenStream) -> TokenStream {
        let (word, bar) = (self.word(), quote_spanned!(self.place=> |));
        quote!(#word #bar #patterns #bar #body)
    }
}

/// Some variables as a tuple.
pub(super) fn tuple(names: &[&Ident]) -> TokenStream {
    if !names.iter().any(|name| drop_order::is_silent(name)) {
        return quote!((#(#names,)*));
    }
    let arguments = own("arguments");
    quote! {{
        #[allow(clippy::used_underscore_binding)]
        let #arguments = (#(#names,)*);
        #arguments
    }}
}

/// The pattern of a closure that takes them.
pub(super) fn patterns(bound: &[Binding]) -> TokenStream {
    patterns_by(bound, |_| None)
}

/// The pattern of a closure that takes a clone of each: of what it refers to, where it is a
/// `ref mut`.
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

/// Keeps lints about names silent where variables are bound anew: their names are those of the
/// arguments.
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

/// An async block around the body; the first `return`, which never runs, tells the compiler the
/// type of the others. The body has a label, because then no lint takes the user's own braces for a
/// pair too many.
pub(super) fn async_block(
    site: &Site<'_>,
    capture: &Capture,
    before: &TokenStream,
    body: &TokenStream,
    returns: &Type,
) -> TokenStream {
    let (krate, place) = (path_at(site.krate, returns), at(returns));
    let returns = inferable(returns);
    let edge = quote_spanned!(place=> if false { return #krate::__private::never::<#returns>(); });
    let label = Lifetime::new("'_body", place);
    let word = capture.word();
    quote_spanned!(capture.place=> async #word { #before #edge #label: #body })
}

/// The statement that decides whether the function returns a `Result`. Where it does not, the
/// compiler reports that here, at the return type, and nothing else.
pub(super) fn conversion(site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, place, conversion) = (path_at(site.krate, returns), at(returns), own("conversion"));
    // Nothing of it is left to infer where the choice is made.
    let returns = same_error(returns);
    quote_spanned! {place=>
        let #conversion = {
            use #krate::__private::returning::*;
            (&&#krate::__private::returns::<#returns>()).__gardefou_conversion()
        };
    }
}

/// An async body as one that gives a `Result`.
pub(super) fn fallible(site: &Site<'_>, block: &TokenStream) -> TokenStream {
    let (krate, conversion) = (site.krate, own("conversion"));
    quote!(#krate::__private::fallible(#conversion, #block))
}

/// What the function returns, of what a guard gives, which is a `Result`. It stands at the return
/// type, where a borrow that does not live as long as that is reported.
pub(super) fn returned(site: &Site<'_>, outcome: &TokenStream, returns: &Type) -> TokenStream {
    let (krate, place) = (path_at(site.krate, returns), at(returns));
    let conversion = own("conversion");
    quote_spanned!(place=> #krate::__private::returned(#conversion, #outcome))
}

/// The way to look at errors of the function's error type.
pub(super) fn shape(site: &Site<'_>, returns: &Type) -> TokenStream {
    let (krate, conversion, same_error) = (site.krate, own("conversion"), same_error(returns));
    quote!(#krate::__private::shape!(#conversion, #same_error))
}

/// A rejection as a `Result` with the function's error.
pub(super) fn reject(site: &Site<'_>, returns: &Type, rejection: &Ident) -> TokenStream {
    let (krate, same_error) = (path_at(site.krate, returns), same_error(returns));
    let conversion = own("conversion");
    quote_spanned! {at(returns)=>
        #krate::__private::Err({
            use #krate::__private::rejecting::*;
            (&&&#krate::__private::probe::<#same_error, _>(#conversion)).__gardefou_reject(#rejection)
        })
    }
}

/// An error of ours (a caught panic) as a `Result` with the function's error.
pub(super) fn carry(site: &Site<'_>, returns: &Type, error: &Ident) -> TokenStream {
    let (krate, same_error) = (path_at(site.krate, returns), same_error(returns));
    let conversion = own("conversion");
    quote_spanned! {at(returns)=>
        #krate::__private::Err({
            use #krate::__private::carrying::*;
            (&&#krate::__private::probe::<#same_error, _>(#conversion)).__gardefou_carry(#error)
        })
    }
}
