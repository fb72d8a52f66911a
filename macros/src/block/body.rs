//! Code around the block.

use super::setup::Setup;
use crate::{diag::Diag, span::moved_to};
use proc_macro2::{Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{AttrStyle, Attribute, Block, Ident, Pat};

/// Returns the problems, followed by the expansion, so that an editor still sees the user's code.
pub(super) fn finish(expanded: Option<TokenStream>, diag: Diag) -> TokenStream {
    let problems = diag.into_compile_errors();
    let expanded = expanded.unwrap_or_else(|| quote!(::core::panic!()));
    quote!({ #problems #expanded })
}

/// Returns the expansion of a body that is not valid Rust (yet): the compiler's own message is the
/// better one, and should be the only one.
///
/// The tokens are put where `?`, `.await` and jumps are legal, so that no other error follows. If
/// the compiler parses what this crate cannot, the lint fires, which runs only if there was no
/// other error.
pub(super) fn raw(group: &Group, setup: &Setup, argument: Option<&Pat>) -> TokenStream {
    let runtime = setup.runtime();
    // The body's argument, so that an editor completes what follows its name, and the compiler
    // knows it.
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

/// Returns a future of the expansion that leaves every frame while it waits.
pub(super) fn suspended(
    future: TokenStream,
    frames: &[Ident],
    runtime: &TokenStream,
) -> TokenStream {
    frames.iter().rev().fold(
        future,
        |future, frame| quote!(#runtime::suspend(#future, &mut #frame)),
    )
}

/// Returns a value wrapped in `Ok`, with its own span: a wrong type is reported there.
pub(super) fn done(value: &Ident, runtime: &TokenStream) -> TokenStream {
    let span = value.span();
    let runtime = moved_to(runtime.clone(), span);
    quote_spanned!(span=> #runtime::done(#value))
}

/// Returns the block as an argument of a call. It is the body of a match arm, because rustc would
/// report a user's braces on one line as unneeded.
///
/// The arm takes the attributes at the start of the block, where they mean the same.
pub(super) fn as_argument(block: &Block, attrs: &[Attribute]) -> TokenStream {
    let span = value_span(block);
    let attrs = attrs.iter().filter(|attr| !attr.path().is_ident("doc"));
    let attrs = attrs.map(|attr| Attribute {
        style: AttrStyle::Outer,
        ..attr.clone()
    });
    quote_spanned!(span=> match () { #(#attrs)* () => #block })
}

/// Returns the span of a block's value: a wrong type is reported there.
pub(super) fn value_span(block: &Block) -> Span {
    Span::mixed_site().located_at(block.brace_token.span.join())
}
