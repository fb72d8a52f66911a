//! The walk over a chain of sources.

use super::{
    error_ref::ErrorRef,
    error_view::{Head, View},
    facts::{Facts, HasFacts, Known, Query},
    hidden,
};
use crate::error::{AppError, Rejection, app_error::Inner, chain, coding};
use std::{error::Error, io};

/// How many levels are looked up in the registry.
const MAPPED_LEVELS: usize = 8;

impl View<'_> {
    pub(super) fn walk(&self, query: Query) -> Known {
        let mut known = Known::default();
        if let Head::Coded(Some(coding)) = self.head {
            known.add_mapping(coding);
        }
        let is_mapped = matches!(self.head, Head::Coded(_));
        self.for_each_level(query, |depth, level, facts| {
            if let Some(level) = level
                && known.class.is_none()
                && depth < MAPPED_LEVELS
                && !(depth == 0 && is_mapped)
                && facts.is_none()
                && let Some(coding) = coding::of_level(level)
            {
                known.add_mapping(coding);
            }
            if let Some(facts) = facts {
                known.add(facts);
            }
            true
        });
        known
    }

    /// Returns a clone of the first `AppError` in the chain, and whether it is hidden.
    pub(super) fn walk_to_shared(&self) -> Option<(AppError, bool)> {
        let mut found = None;
        self.for_each_level(Query::Share, |_, level, facts| {
            if facts.is_some_and(|facts| facts.id.is_some()) {
                found = match level.and_then(Inner::in_level) {
                    Some(ours) => ours.share().map(|ours| (ours, false)),
                    None => hidden::take_shared().map(|ours| (ours, true)),
                };
            }
            found.is_none()
        });
        found
    }

    /// Calls `visit` with each level, until it returns `false`: its depth, itself unless it may
    /// borrow, and what it or an error that it hides knows.
    fn for_each_level(
        &self,
        query: Query,
        mut visit: impl FnMut(usize, Option<&(dyn Error + 'static)>, Option<Facts>) -> bool,
    ) {
        let is_erased = matches!(self.head, Head::Erased);
        let mut depth = 0;
        let mut next = match self.error {
            ErrorRef::App(app) => {
                if !visit(depth, Some(&**app), Some(app.facts(query))) {
                    return;
                }
                depth += 1;
                app.inner().source()
            }
            ErrorRef::Std(error) => Some(error),
            ErrorRef::Scoped(error) => {
                let (source, facts) = hidden::source_of(error, query);
                if !visit(depth, None, facts) {
                    return;
                }
                depth += 1;
                source
            }
            ErrorRef::Display(_) | ErrorRef::Debug(_) | ErrorRef::Opaque(_) => None,
        };
        while let Some(level) = next
            && depth < chain::MAX_LEVELS
        {
            let facts;
            (next, facts) = look_at(level, query, is_erased);
            if !visit(depth, Some(level), facts) {
                return;
            }
            depth += 1;
        }
    }
}

fn look_at<'a>(
    level: &'a (dyn Error + 'static),
    query: Query,
    is_erased: bool,
) -> (Option<&'a (dyn Error + 'static)>, Option<Facts>) {
    if let Some(ours) = Inner::in_level(level) {
        (ours.source(), Some(ours.facts(query)))
    } else if let Some(rejection) = level.downcast_ref::<Rejection>() {
        (None, Some(rejection.facts(query)))
    } else if let Some(inside) = chain::inside(level) {
        (Some(inside), None)
    } else if level.is::<io::Error>() {
        (None, None)
    } else {
        match hidden::source_of(level, query) {
            // The boxes of anyhow and eyre are behind erased types alone.
            (None, None) if is_erased => (None, hidden::text_of(level, query)),
            found => found,
        }
    }
}
