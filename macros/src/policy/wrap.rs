//! Settings of attributes whose policy runs the function once: `#[timeout]`, `#[bulkhead]`,
//! `#[rate_limit]`.

use super::{
    key::Key,
    setters::{Given, Reader, Setters},
    store_loss::store_loss,
};
use crate::{
    args::{Args, value},
    diag::Diag,
};
use proc_macro2::Span;
use quote::quote;
use syn::Path;

/// The builder of a policy that runs the function once.
pub(crate) struct Wrap {
    /// The type of the policy in the runtime.
    pub(crate) handle: &'static str,
    /// The setters, after a `builder` with the name of the function.
    pub(crate) setters: Setters,
    /// The expression that chooses one of several by key.
    pub(crate) key: Option<Key>,
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
        reader.flag("timed");
        Self {
            handle: "Timeout",
            setters: reader.setters,
            key: None,
        }
    }

    pub(crate) fn bulkhead(
        args: &mut Args,
        key: Option<Key>,
        krate: &Path,
        diag: &mut Diag,
    ) -> Self {
        let mut reader = Reader::new(args, krate, diag);
        name(&mut reader);
        if let Some(key) = &key {
            key.push_to(&mut reader.setters);
        }
        let max_concurrent = reader.integer("max_concurrent", 0..=MAX_LIMIT);
        let max_wait = reader.duration("max_wait", true);
        let max_queue = reader.integer("max_queue", 0..=MAX_LIMIT);
        let mut is_adaptive = false;
        reader.value("adaptive", |expr, _, diag| {
            // Also where it is something else, which is reported.
            is_adaptive = true;
            is_adaptive = value::flag("adaptive", expr, diag)?;
            Some(quote!(#is_adaptive))
        });
        let limits = Limits {
            max_concurrent,
            max_queue,
            min: reader.integer("min", 1..=MAX_LIMIT),
            max: reader.integer("max", 1..=MAX_LIMIT),
            may_wait: max_wait.is_given() && max_wait.known().is_none_or(|wait| !wait.is_zero()),
            is_adaptive,
        };
        limits.check(reader.args, reader.diag);
        reader.flag("timed");
        Self {
            handle: "Bulkhead",
            setters: reader.setters,
            key,
        }
    }

    pub(crate) fn rate_limit(
        args: &mut Args,
        key: Option<Key>,
        krate: &Path,
        diag: &mut Diag,
    ) -> Self {
        let mut reader = Reader::new(args, krate, diag);
        let is_named = name(&mut reader) || reader.args.was_meant("name");
        if let Some(key) = &key {
            key.push_to(&mut reader.setters);
        }
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
        let max_wait = reader.duration("max_wait", true);
        let mut shared = None;
        reader.value("shared", |expr, _, diag| {
            let place = expr.clone();
            let is_shared = value::flag("shared", expr, diag)?;
            shared = is_shared.then_some(place);
            Some(quote!(#is_shared))
        });
        reader.value("on_store_loss", store_loss);
        if let Some(shared) = shared {
            if !is_named {
                let message = "a shared limit needs `name`: those of one name are one limit";
                reader.diag.at(shared, message);
            }
            if let Some(key) = max_wait.key()
                && max_wait.known().is_none_or(|wait| !wait.is_zero())
            {
                let message = "`max_wait` cannot be combined with `shared`: no permit of a fleet can be reserved ahead";
                reader.diag.at(key, message);
            }
        }
        reader.flag("timed");
        Self {
            handle: "RateLimiter",
            setters: reader.setters,
            key,
        }
    }
}

/// The settings of a bulkhead that contradict each other.
struct Limits {
    max_concurrent: Given<u32>,
    max_queue: Given<u32>,
    min: Given<u32>,
    max: Given<u32>,
    /// Whether calls wait; `true` where that is not known.
    may_wait: bool,
    is_adaptive: bool,
}

/// The greatest limit of a bulkhead.
const MAX_LIMIT: u32 = 1_000_000;

/// The defaults of a bulkhead that adapts.
const MIN: u32 = 1;
const MAX: u32 = 200;

impl Limits {
    fn check(&self, args: &Args, diag: &mut Diag) {
        if let Some(key) = self.max_queue.key()
            && !self.may_wait
            && !args.was_meant("max_wait")
        {
            diag.at(
                key,
                "`max_queue` needs `max_wait`, for example `max_wait = \"100ms\"`: without it no call waits",
            );
        }
        if !self.is_adaptive {
            for (name, bound) in [("min", &self.min), ("max", &self.max)] {
                if let Some(key) = bound.key()
                    && !args.was_meant("adaptive")
                {
                    diag.at(
                        key,
                        format!("`{name}` needs `adaptive = true`: without it the limit is `max_concurrent`"),
                    );
                }
            }
            return;
        }
        let known = |bound: &Given<u32>, default| match bound.is_given() {
            true => bound.known(),
            false => Some(default),
        };
        let (Some(min), Some(max)) = (
            known(&self.min, MIN),
            known(&self.max, MAX.max(self.min.known().unwrap_or(MAX))),
        ) else {
            return;
        };
        if let Some(key) = self.max.key()
            && max < min
        {
            diag.at(key, format!("`max = {max}` is below `min = {min}`"));
        } else if let (Some(key), Some(start)) =
            (self.max_concurrent.key(), self.max_concurrent.known())
            && !(min..=max).contains(&start)
        {
            diag.at(
                key,
                format!("`max_concurrent = {start}`, the limit to start with, is not `min` to `max`, which are {min} and {max}"),
            );
        }
    }
}

/// Takes the name; returns `true` if there is one.
fn name(reader: &mut Reader<'_>) -> bool {
    let mut is_given = false;
    reader.value("name", |expr, krate, diag| {
        is_given = true;
        Some(value::name_up_to(MAX_NAME, "name", expr, diag)?.text_tokens(krate))
    });
    is_given
}
