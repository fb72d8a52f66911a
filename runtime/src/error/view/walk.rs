//! The walk over a chain of sources.

use super::{ErrorRef, Head, View, hidden};
use crate::error::{
    AppError, Class, Coding, ErrorCode, ErrorId, Rejection, app_error::Inner, chain, coding,
};
use std::{error::Error, io, panic::Location, path::Path, time::Duration};

/// How many levels the registry is asked about.
const MAPPED_LEVELS: usize = 8;

/// What a walk wants of the errors that know something.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
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
    id: Option<ErrorId>,
    code: Option<ErrorCode>,
    class: Option<Class>,
    /// Whether the level is a rejection, and if so, whether the function ran all the same.
    rejection: Option<bool>,
    retry_after: Option<Duration>,
    location: Option<&'static Location<'static>>,
    /// Whether it was reported, before it was marked.
    reported: bool,
}

/// An error that knows something.
pub(crate) trait Answers {
    fn facts(&self, ask: Ask) -> Facts;

    fn share(&self) -> Option<AppError> {
        None
    }
}

impl Answers for AppError {
    fn facts(&self, ask: Ask) -> Facts {
        self.inner().facts(ask)
    }

    fn share(&self) -> Option<AppError> {
        Some(self.clone())
    }
}

impl Answers for Inner {
    fn facts(&self, ask: Ask) -> Facts {
        let occurrence = self.occurrence();
        let reported = match ask {
            Ask::Claim(known_as) => !occurrence.claim_report(known_as),
            Ask::Look | Ask::Share => occurrence.is_reported(),
        };
        Facts {
            id: Some(occurrence.id()),
            code: self.is_coded_itself().then(|| self.code()),
            class: self.own_class(),
            rejection: None,
            retry_after: self.own_retry_after(),
            location: Some(self.location()),
            reported,
        }
    }

    fn share(&self) -> Option<AppError> {
        Some(AppError::of_inner(self.clone()))
    }
}

impl Answers for Rejection {
    fn facts(&self, ask: Ask) -> Facts {
        let reported = match ask {
            Ask::Claim(_) => !self.claim_report(),
            Ask::Look | Ask::Share => self.is_reported(),
        };
        Facts {
            code: Some(self.code()),
            class: Some(Class::Transient),
            rejection: Some(self.ran()),
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
    /// That of the level looked at last.
    previous_id: Option<ErrorId>,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) class: Option<Class>,
    pub(crate) rejected: bool,
    pub(crate) retry_after: Option<Duration>,
    /// That of a mapping, where it comes before any other.
    pub(crate) mapped_retry_after: Option<Duration>,
    pub(crate) location: Option<&'static Location<'static>>,
    /// Whether an error in the chain was reported, before this walk marked it.
    pub(crate) reported: bool,
}

impl Known {
    fn add_mapping(&mut self, coding: Coding) {
        self.code = self.code.or(coding.code);
        self.class = self.class.or(Some(coding.class));
        if self.retry_after.is_none() {
            self.retry_after = coding.retry_after;
            self.mapped_retry_after = coding.retry_after;
        }
    }

    fn add(&mut self, facts: Facts) {
        self.code = self.code.or(facts.code);
        self.class = self.class.or(facts.class);
        self.rejected |= facts.rejection == Some(false);
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

impl View<'_> {
    pub(super) fn walk(&self, ask: Ask) -> Known {
        let mut known = Known::default();
        if let Head::Coded(Some(coding)) = self.head {
            known.add_mapping(coding);
        }
        let is_mapped = matches!(self.head, Head::Coded(_));
        self.for_each_level(ask, |depth, level, facts| {
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

    /// A clone of the first `AppError` in the chain, and whether it is hidden.
    pub(super) fn walk_to_shared(&self) -> Option<(AppError, bool)> {
        let mut found = None;
        self.for_each_level(Ask::Share, |_, level, facts| {
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
        ask: Ask,
        mut visit: impl FnMut(usize, Option<&(dyn Error + 'static)>, Option<Facts>) -> bool,
    ) {
        let is_erased = matches!(self.head, Head::Erased);
        let mut depth = 0;
        let mut next = match self.error {
            ErrorRef::App(app) => {
                if !visit(depth, Some(&**app), Some(app.facts(ask))) {
                    return;
                }
                depth += 1;
                app.inner().source()
            }
            ErrorRef::Std(error) => Some(error),
            ErrorRef::Scoped(error) => {
                let (source, facts) = hidden::source_of(error, ask);
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
            (next, facts) = look_at(level, ask, is_erased);
            if !visit(depth, Some(level), facts) {
                return;
            }
            depth += 1;
        }
    }
}

fn look_at<'a>(
    level: &'a (dyn Error + 'static),
    ask: Ask,
    is_erased: bool,
) -> (Option<&'a (dyn Error + 'static)>, Option<Facts>) {
    if let Some(ours) = Inner::in_level(level) {
        (ours.source(), Some(ours.facts(ask)))
    } else if let Some(rejection) = level.downcast_ref::<Rejection>() {
        (None, Some(rejection.facts(ask)))
    } else if let Some(inside) = chain::inside(level) {
        (Some(inside), None)
    } else if level.is::<io::Error>() {
        (None, None)
    } else {
        match hidden::source_of(level, ask) {
            // The boxes of anyhow and eyre are behind erased types alone.
            (None, None) if is_erased => (None, hidden::text_of(level, ask)),
            found => found,
        }
    }
}

/// Returns `true` for a place in the standard library: where a conversion is called by
/// `map_err(AppError::from)`.
pub(crate) fn is_in_std(place: &Location<'_>) -> bool {
    is_file_of_std(place.file())
}

fn is_file_of_std(file: &str) -> bool {
    // The sources of the workspace have relative paths; each error's place is looked at, so that is
    // asked first.
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
    fn files_of_the_standard_library_are_known_in_whatever_folder() {
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

    #[test]
    fn sources_of_an_error_are_all_below_it() {
        #[derive(Debug, thiserror::Error)]
        #[error("at {at}")]
        struct At<'a> {
            at: &'a str,
            source: std::num::ParseIntError,
        }
        fn at(at: &str) -> At<'_> {
            At {
                at,
                source: "x".parse::<u8>().unwrap_err(),
            }
        }
        let texts =
            |error: ErrorRef<'_>| error.sources().map(ToString::to_string).collect::<Vec<_>>();
        let place = String::from("3");
        let app = AppError::from(at("4"));
        for error in [ErrorRef::Scoped(&at(&place)), ErrorRef::Std(&at("3"))] {
            assert_eq!(texts(error), ["invalid digit found in string"]);
        }
        assert_eq!(
            texts(ErrorRef::App(&app)).last().unwrap(),
            "invalid digit found in string"
        );
    }
}
