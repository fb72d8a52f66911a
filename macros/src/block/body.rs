//! The block in the code that an expansion puts around it.

use super::setup::Setup;
use crate::{diag::Diag, span::moved_to};
use proc_macro2::{Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{AttrStyle, Attribute, Block, Ident, Pat};

/// The problems, and after them the expansion, so that an editor still sees the user's code.
pub(super) fn finish(expanded: Option<TokenStream>, diag: Diag) -> TokenStream {
    let problems = diag.into_compile_errors();
    let expanded = expanded.unwrap_or_else(|| quote!(::core::panic!()));
    quote!({ #problems #expanded })
}

/// A body that is no Rust (yet): the compiler's own message is the better one, and the only one.
///
/// The tokens stand where `?`, `.await` and jumps are legal, so that nothing is said on top of it.
/// Should the compiler read what this crate cannot, the lint speaks, which runs only where nothing
/// else was wrong.
pub(super) fn raw(group: &Group, setup: &Setup, argument: Option<&Pat>) -> TokenStream {
    let runtime = setup.runtime();
    // The body's argument, so that an editor completes what follows its name, and nobody calls it
    // unknown.
    let argument = argument.map(|argument| quote!(let #argument = #runtime::unread_transaction();));
    let import = &setup.import;
    quote! {{
        #import
        #[deny(unused_must_use)]
        {
            #runtime::unknown_syntax();
        }
        #[allow(unused)]
        let _ = #runtime::block::<(), _>(async {
            #argument
            loop {
                #group;
                break;
            }
            #runtime::done(())
        });
        ::core::panic!()
    }}
}

/// A future of the expansion's own, with every frame left while it waits.
pub(super) fn suspended(
    future: TokenStream,
    places: &[Ident],
    runtime: &TokenStream,
) -> TokenStream {
    places.iter().rev().fold(
        future,
        |future, place| quote!(#runtime::suspend(#future, &mut #place)),
    )
}

/// A value wrapped in `Ok`, at its own place: where it has the wrong type, that is told there.
pub(super) fn done(value: &Ident, runtime: &TokenStream) -> TokenStream {
    let span = value.span();
    let runtime = moved_to(runtime.clone(), span);
    quote_spanned!(span=> #runtime::done(#value))
}

/// The block as an argument of a call: behind an arm, for rustc finds a user's braces on one line
/// unneeded there.
///
/// The arm bears the attributes at the head of the block, where they mean the same.
pub(super) fn as_argument(block: &Block, attrs: &[Attribute]) -> TokenStream {
    let span = value_span(block);
    let attrs = attrs.iter().filter(|attr| !attr.path().is_ident("doc"));
    let attrs = attrs.map(|attr| Attribute {
        style: AttrStyle::Outer,
        ..attr.clone()
    });
    quote_spanned!(span=> match () { #(#attrs)* () => #block })
}

/// The place of a block's value: where it has the wrong type, that is told there.
pub(super) fn value_span(block: &Block) -> Span {
    Span::mixed_site().located_at(block.brace_token.span.join())
}
