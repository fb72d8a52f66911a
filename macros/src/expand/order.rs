//! The order of stacked attributes: the first one listed is the outermost, as in Python.
//!
//! The compiler hands the function to the first attribute first, and what that wraps would end up
//! innermost. So the first of ours to expand looks at the attributes below it: it gives the
//! function back with them in reversed order and itself last, under a marker. Each then wraps what
//! the ones that belong inside it have already wrapped. One that sees a marked one below it knows
//! that the order is made.

use super::Guard;
use crate::{foreign_attributes::is_inert, model::Function};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{Attribute, Ident, Meta, Path};

const MARKER: &str = "__gardefou_ordered";

/// Takes the marker off the arguments, and tells whether it stood there.
pub(super) fn without_marker(args: TokenStream) -> (TokenStream, bool) {
    let mut tokens = args.clone().into_iter();
    match tokens.next() {
        Some(TokenTree::Ident(ident)) if ident == MARKER => (tokens.skip(1).collect(), true),
        _ => (args, false),
    }
}

/// Gives the function back with the attributes below this one reversed and this one last, if there
/// are such.
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

/// Tells whether nothing will expand after this attribute that might read the names of the
/// arguments.
pub(crate) fn ends_with_ours(attrs: &[Attribute]) -> bool {
    let is_ours = |attr: &Attribute| {
        attr.path()
            .segments
            .last()
            .is_some_and(|last| Guard::ALL.iter().any(|guard| last.ident == guard.name()))
    };
    attrs.iter().all(|attr| is_inert(attr) || is_ours(attr))
}

fn is_marked(attr: &Attribute) -> bool {
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
    fn those_below_are_reversed_and_what_is_inert_stays() {
        let text = reordered("#[inline] #[a] #[cold] #[cfg_attr(all(), b)] fn f() -> R { Ok(1) }")
            .unwrap();
        let expected: TokenStream = "#[inline] #[cold] #[cfg_attr(all(), b)] #[a]
            #[::gardefou::retry(__gardefou_ordered,)] fn f() -> R { Ok(1) }"
            .parse()
            .unwrap();
        assert_eq!(text, expected.to_string());
    }

    #[test]
    fn what_is_alone_or_ordered_already_stays() {
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
