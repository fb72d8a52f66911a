//! Settings of `#[hedge]`.

use super::{
    retry::budget,
    setters::{Reader, Setters},
};
use crate::{
    args::{Args, value},
    diag::Diag,
};
use proc_macro2::Span;
use syn::Path;

pub(crate) struct Hedge {
    pub(crate) setters: Setters,
}

/// The longest name of a hedge, in bytes.
const MAX_NAME: usize = 128;

/// More attempts at once are no hedge any more.
const MOST_HEDGES: u32 = 10;

impl Hedge {
    pub(crate) fn from_args(args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let mut reader = Reader::new(args, krate, diag);
        reader.value("name", |expr, krate, diag| {
            Some(value::name_up_to(MAX_NAME, "name", expr, diag)?.text_tokens(krate))
        });
        let after = reader.duration("after", true);
        let is_share = |share: f64| share > 0.0 && share < 1.0;
        let quantile = reader.number("quantile", is_share, "must be above 0 and below 1");
        if let (true, Some(key)) = (after.is_given(), quantile.key()) {
            let message = "`after` and `quantile` both set the delay: give one";
            reader.diag.at(key, message);
        }
        let is_meant = |key| reader.args.was_meant(key);
        if !after.is_given() && !quantile.is_given() && !is_meant("after") && !is_meant("quantile")
        {
            reader.diag.at_span(
                Span::call_site(),
                "the delay is missing: write `#[hedge(after = \"50ms\")]` or `#[hedge(quantile = 0.95)]`",
            );
        }
        reader.value("max_hedges", |expr, krate, diag| {
            Some(value::integer("max_hedges", expr, 0..=MOST_HEDGES, diag)?.tokens(krate))
        });
        reader.value("budget", budget);
        Self {
            setters: reader.setters,
        }
    }
}
