//! The facts that the errors of a chain know, level by level and together.

use crate::error::{
    AppError, Class, Coding, ErrorCode, ErrorId, Policy, Rejection, app_error::Inner,
};
use std::{panic::Location, path::Path, time::Duration};

/// What a walk wants of the errors that know something.
#[derive(Clone, Copy)]
pub(crate) enum Query {
    /// Their facts.
    Look,
    /// Their facts, and to be marked as reported: those that were not yet, under this identity
    /// where there is one.
    Claim(Option<ErrorId>),
    /// Their facts, and for an `AppError` a clone of it.
    Share,
}

/// What one level knows.
#[derive(Clone, Copy, Default)]
pub(crate) struct Facts {
    pub(super) id: Option<ErrorId>,
    code: Option<ErrorCode>,
    class: Option<Class>,
    /// The policy, of a rejection.
    rejection: Option<Policy>,
    retry_after: Option<Duration>,
    location: Option<&'static Location<'static>>,
    /// Whether it was reported, before it was marked.
    reported: bool,
}

/// An error that knows something.
pub(crate) trait HasFacts {
    fn facts(&self, query: Query) -> Facts;

    fn share(&self) -> Option<AppError> {
        None
    }
}

impl HasFacts for AppError {
    fn facts(&self, query: Query) -> Facts {
        self.inner().facts(query)
    }

    fn share(&self) -> Option<AppError> {
        Some(self.clone())
    }
}

impl HasFacts for Inner {
    fn facts(&self, query: Query) -> Facts {
        let occurrence = &self.occurrence;
        let reported = match query {
            Query::Claim(known_as) => !occurrence.claim_report(known_as),
            Query::Look | Query::Share => occurrence.is_reported(),
        };
        Facts {
            id: Some(occurrence.id()),
            code: self.coded.then_some(self.code),
            class: self.own_class(),
            rejection: None,
            retry_after: self.retry_after,
            location: Some(self.location),
            reported,
        }
    }

    fn share(&self) -> Option<AppError> {
        Some(AppError::from_inner(self.clone()))
    }
}

impl HasFacts for Rejection {
    fn facts(&self, query: Query) -> Facts {
        let reported = match query {
            Query::Claim(_) => !self.claim_report(),
            Query::Look | Query::Share => self.is_reported(),
        };
        Facts {
            code: Some(self.code()),
            class: Some(Class::Transient),
            rejection: Some(self.policy()),
            retry_after: self.retry_after(),
            reported,
            ..Facts::default()
        }
    }
}

/// What a chain of sources knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) id: Option<ErrorId>,
    /// That of the last level.
    previous_id: Option<ErrorId>,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) class: Option<Class>,
    pub(crate) rejected: bool,
    /// Whether one of the rejections ends a series of attempts.
    pub(crate) stops_retries: bool,
    /// Whether chaos injected an error of the chain.
    pub(crate) injected: bool,
    pub(crate) retry_after: Option<Duration>,
    /// That of a mapping, where it comes before any other.
    pub(crate) mapped_retry_after: Option<Duration>,
    pub(crate) location: Option<&'static Location<'static>>,
    /// Whether an error in the chain was reported, before this walk marked it.
    pub(crate) reported: bool,
}

impl Known {
    pub(super) fn add_mapping(&mut self, coding: Coding) {
        self.code = self.code.or(coding.code);
        self.class = self.class.or(Some(coding.class));
        if self.retry_after.is_none() {
            self.retry_after = coding.retry_after;
            self.mapped_retry_after = coding.retry_after;
        }
    }

    pub(super) fn add(&mut self, facts: Facts) {
        self.code = self.code.or(facts.code);
        self.class = self.class.or(facts.class);
        // Under a time limit the function ran, and an injected error stands for one of its own.
        match facts.rejection {
            None | Some(Policy::Timeout) => {}
            Some(Policy::Chaos) => self.injected = true,
            Some(policy) => {
                self.rejected = true;
                self.stops_retries |= !policy.admits_again();
            }
        }
        self.retry_after = self.retry_after.or(facts.retry_after);
        self.location = self
            .location
            .or(facts.location.filter(|place| !is_in_std(place)));
        // Errors of one chain mostly share their event, which this walk has marked then.
        let is_marked_here =
            facts.id.is_some() && (facts.id == self.id || facts.id == self.previous_id);
        self.reported |= facts.reported && !is_marked_here;
        self.id = self.id.or(facts.id);
        self.previous_id = facts.id.or(self.previous_id);
    }
}

/// Returns `true` for a place in the standard library: where a conversion is called by
/// `map_err(AppError::from)`.
pub(crate) fn is_in_std(place: &Location<'_>) -> bool {
    is_file_of_std(place.file())
}

fn is_file_of_std(file: &str) -> bool {
    // The sources of the workspace have relative paths; this runs for each error, so that is
    // checked first.
    if Path::new(file).is_relative() {
        return false;
    }
    let is_crate = |rest: &str| {
        ["core/src/", "std/src/", "alloc/src/"]
            .iter()
            .any(|part| rest.starts_with(part))
    };
    // As distributed, the sources have the first form; with the component `rust-src`, the second
    // one.
    file.starts_with("/rustc/")
        || file
            .match_indices("/library/")
            .any(|(at, part)| is_crate(&file[at + part.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn files_of_the_standard_library_are_recognised_in_any_folder() {
        for file in [
            "/rustc/59807616e1fa/library/core/src/ops/function.rs",
            "/home/ann/.rustup/toolchains/stable/lib/rustlib/src/rust/library/alloc/src/boxed.rs",
            "/srv/library/rust/library/std/src/io/mod.rs",
        ] {
            assert!(is_file_of_std(file), "{file}");
        }
        for file in [
            "src/main.rs",
            "library/core/src/lib.rs",
            "/srv/library/src/main.rs",
            "/srv/library/core/main.rs",
        ] {
            assert!(!is_file_of_std(file), "{file}");
        }
    }

    /// A walk that marks errors meets its own marks: errors of one event share them.
    #[test]
    fn marks_of_the_same_walk_are_no_earlier_reports() {
        let [first, second, other] = [(); 3].map(|()| ErrorId::new());
        let facts = |id, reported| Facts {
            id: Some(id),
            reported,
            ..Facts::default()
        };
        let mut known = Known::default();
        for (id, reported) in [
            (first, false),
            (first, true),
            (second, false),
            (second, true),
            (first, true),
        ] {
            known.add(facts(id, reported));
            assert!(!known.reported);
        }
        known.add(facts(other, true));
        assert!(known.reported);
        let mut known = Known::default();
        known.add(Facts {
            reported: true,
            ..Facts::default()
        });
        assert!(known.reported, "it has no id to be known by");
    }
}
