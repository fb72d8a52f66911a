//! Settings of attributes whose policy runs the function once: `#[timeout]`, `#[rate_limit]`.

use super::setters::{Reader, Setters};
use crate::{
    args::{Args, value},
    diag::Diag,
};
use proc_macro2::Span;
use syn::Path;

/// The builder of a policy that runs the function once.
pub(crate) struct Wrap {
    /// The type of the policy in the runtime.
    pub(crate) handle: &'static str,
    /// The setters, after a `builder` with the name of the function.
    pub(crate) setters: Setters,
}

/// The longest name of a policy, in bytes.
const MAX_NAME: usize = 128;

impl Wrap {
    pub(crate) fn timeout(args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let mut reader = Reader::new(args, krate, diag);
        name(&mut reader);
        let limit = reader.duration("limit", false);
        if !limit.is_given() && !reader.args.was_meant("limit") {
            reader.diag.at_span(
                Span::call_site(),
                "the limit is missing: write `#[timeout(\"2s\")]`",
            );
        }
        Self {
            handle: "Timeout",
            setters: reader.setters,
        }
    }

    pub(crate) fn rate_limit(args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let mut reader = Reader::new(args, krate, diag);
        name(&mut reader);
        let mut is_given = false;
        reader.value("rate", |expr, krate, diag| {
            is_given = true;
            value::rate("rate", expr, krate, diag)
        });
        if !is_given && !reader.args.was_meant("rate") {
            reader.diag.at_span(
                Span::call_site(),
                "the rate is missing: write `#[rate_limit(\"100/s\")]`",
            );
        }
        reader.count("burst");
        reader.duration("max_wait", true);
        Self {
            handle: "RateLimiter",
            setters: reader.setters,
        }
    }
}

fn name(reader: &mut Reader<'_>) {
    reader.value("name", |expr, krate, diag| {
        Some(value::name_up_to(MAX_NAME, "name", expr, diag)?.text_tokens(krate))
    });
}
