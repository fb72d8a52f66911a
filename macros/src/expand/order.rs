//! The order of stacked attributes: the first one listed is the outermost, as in Python.
//!
//! The compiler expands the first attribute first, so what it wraps would end up innermost.
//! Therefore the first attribute of gardefou to expand returns the function with the attributes
//! below it reversed and itself last, under a marker. Each then wraps what the inner ones have
//! already wrapped. An attribute that finds a marked one below it keeps the order.

use super::Guard;
use crate::{foreign_attributes::is_inert, model::Function};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{Attribute, Ident, Meta, Path};

const MARKER: &str = "__gardefou_ordered";

/// Removes the marker from the arguments, and returns whether it was there.
pub(super) fn without_marker(args: TokenStream) -> (TokenStream, bool) {
    let mut tokens = args.clone().into_iter();
    match tokens.next() {
        Some(TokenTree::Ident(ident)) if ident == MARKER => (tokens.skip(1).collect(), true),
        _ => (args, false),
    }
}

/// Returns the function with the attributes below this one reversed and this one last, if there are
/// any.
pub(super) fn outermost_last(
    function: &mut Function,
    attribute: &str,
    krate: &Path,
    args: &TokenStream,
) -> Option<TokenStream> {
    let expands = |attr: &Attribute| !is_inert(attr);
    if !function.attrs.iter().any(expands) || function.attrs.iter().any(is_marked) {
        return None;
    }
    let all = std::mem::take(&mut function.attrs);
    let (mut moved, mut kept): (Vec<_>, Vec<_>) = all.into_iter().partition(expands);
    moved.reverse();
    kept.append(&mut moved);
    let (marker, attribute) = (
        Ident::new(MARKER, Span::call_site()),
        Ident::new(attribute, Span::call_site()),
    );
    kept.push(syn::parse_quote!(#[#krate::#attribute(#marker, #args)]));
    function.attrs = kept;
    Some(function.as_written())
}

/// Returns `true` if no foreign attribute expands later, which might read the names of the
/// arguments.
pub(crate) fn ends_with_ours(attrs: &[Attribute]) -> bool {
    let is_own = |attr: &Attribute| {
        attr.path().segments.last().is_some_and(|last| {
            last.ident == "resilient" || Guard::ALL.iter().any(|guard| last.ident == guard.name())
        })
    };
    attrs.iter().all(|attr| is_inert(attr) || is_own(attr))
}

pub(super) fn is_marked(attr: &Attribute) -> bool {
    match &attr.meta {
        Meta::List(list) => without_marker(list.tokens.clone()).1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diag;

    fn reordered(item: &str) -> Option<String> {
        let mut diag = Diag::default();
        let mut function = Function::parse(item.parse().unwrap(), &mut diag).unwrap();
        let krate = syn::parse_quote!(::gardefou);
        let tokens = outermost_last(&mut function, "retry", &krate, &TokenStream::new())?;
        Some(tokens.to_string())
    }

    #[test]
    fn attributes_below_are_reversed_and_inert_ones_stay() {
        let text = reordered("#[inline] #[a] #[cold] #[cfg_attr(all(), b)] fn f() -> R { Ok(1) }")
            .unwrap();
        let expected: TokenStream = "#[inline] #[cold] #[cfg_attr(all(), b)] #[a]
            #[::gardefou::retry(__gardefou_ordered,)] fn f() -> R { Ok(1) }"
            .parse()
            .unwrap();
        assert_eq!(text, expected.to_string());
    }

    #[test]
    fn single_and_already_ordered_attributes_stay() {
        assert_eq!(
            reordered("#[inline] #[clippy::cognitive_complexity = \"9\"] fn f() -> R { Ok(1) }"),
            None
        );
        assert_eq!(
            reordered(
                "#[a] #[x::retry(__gardefou_ordered, max_retries = 2)] fn f() -> R { Ok(1) }"
            ),
            None
        );
    }
}
