//! Jumps out of a block that leave it as a value, one for each target: `Here(v)`, `There(Here(v))`
//! and so on.

use crate::span::{local, local_at};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Lifetime, Path};

/// The target of a jump, with the span of the first such jump.
#[derive(Clone)]
pub(super) enum Target {
    Return(Span),
    Break(Option<Lifetime>, Span),
    Continue(Option<Lifetime>, Span),
}

struct Jump {
    target: Target,
    has_value: bool,
}

/// The jumps of one block.
#[derive(Default)]
pub(super) struct Jumps(Vec<Jump>);

impl Jumps {
    /// Returns the index of a jump; those to one target with a value share it.
    pub(super) fn index_of(&mut self, target: Target, has_value: bool) -> usize {
        let same = |jump: &Jump| jump.has_value == has_value && same_target(&jump.target, &target);
        self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Jump { target, has_value });
            self.0.len() - 1
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value that carries a jump.
    pub(super) fn value(index: usize, value: &TokenStream, runtime: &TokenStream) -> TokenStream {
        let here = quote!(#runtime::Jump::Here(#value));
        let nested = (0..index).fold(here, |inner, _| quote!(#runtime::Jump::There(#inner)));
        quote!(#runtime::Flow::Jump(#nested))
    }

    /// Returns `true` if a `return` carries a value, whose type is then the enclosing function's.
    pub(super) fn returns_value(&self) -> bool {
        self.0
            .iter()
            .any(|jump| jump.has_value && matches!(jump.target, Target::Return(_)))
    }

    /// Returns the arms that make the jumps, of a match on a `Result<Flow<_, _>, _>`.
    pub(super) fn arms(&self, runtime: &TokenStream) -> TokenStream {
        let mut arms = TokenStream::new();
        let value = local("value");
        for (index, jump) in self.0.iter().enumerate() {
            let pattern = Self::value(index, &quote!(#value), runtime);
            let (Target::Return(span) | Target::Break(_, span) | Target::Continue(_, span)) =
                &jump.target;
            // At the span of the jump, where an illegal one is reported.
            let carried = jump.has_value.then(|| local_at("value", *span));
            let ignored = (!jump.has_value).then(|| quote!(let () = #value;));
            let exit = match &jump.target {
                Target::Return(span) => quote_spanned!(*span=> return #carried),
                Target::Break(label, span) => quote_spanned!(*span=> break #label #carried),
                Target::Continue(label, span) => quote_spanned!(*span=> continue #label),
            };
            arms.extend(quote!(::core::result::Result::Ok(#pattern) => { #ignored #exit }));
        }
        let rest = (0..self.0.len()).fold(
            quote!(#value),
            |inner, _| quote!(#runtime::Jump::There(#inner)),
        );
        arms.extend(quote! {
            ::core::result::Result::Ok(#runtime::Flow::Jump(#rest)) => #runtime::never(#value),
        });
        arms
    }
}

fn same_target(a: &Target, b: &Target) -> bool {
    match (a, b) {
        (Target::Return(_), Target::Return(_)) => true,
        (Target::Break(a, _), Target::Break(b, _))
        | (Target::Continue(a, _), Target::Continue(b, _)) => a == b,
        _ => false,
    }
}

/// Returns the path to `__private::boundary` of the runtime crate.
pub(super) fn runtime(krate: &Path) -> TokenStream {
    quote_spanned!(Span::mixed_site()=> #krate::__private::boundary)
}
