//! Settings of `#[fallback]`.

use crate::{
    args::{Args, value},
    diag::Diag,
    groups::ungrouped,
};
use proc_macro2::Span;
use syn::Expr;

pub(crate) struct Fallback {
    /// A value, or a function or closure of the error.
    pub(crate) to: Option<Expr>,
    pub(crate) on: Option<Expr>,
}

impl Fallback {
    pub(crate) fn from_args(args: &mut Args, diag: &mut Diag) -> Self {
        let to = args.take("to").map(ungrouped);
        if to.is_none() && !args.was_meant("to") {
            diag.at_span(
                Span::call_site(),
                "the fallback is missing: write `#[fallback(value)]`, or `#[fallback(function)]` with a function of `&E`",
            );
        }
        let on = args
            .take("on")
            .and_then(|value| value::callback("on", value, diag));
        Self { to, on }
    }
}
