//! What an outcome means to a policy: success, failure, or nothing at all.

use crate::error::{AppErrorInner, Class, Rejection};
use std::{error::Error, io};

/// What the outcome of one call means to the policies around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The call did what it is for.
    Success,
    /// The call failed in a way that speaks against the callee.
    Failure,
    /// The outcome says nothing about the callee, as an error that the caller caused.
    Ignored,
}

/// What a policy may know about an error without knowing its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Classified {
    /// The class of the first coded error in the chain of sources, or [`Class::Unknown`].
    pub class: Class,
    /// Whether a policy further in rejected the call, so that the function did not run.
    pub rejected: bool,
}

impl Classified {
    /// What is known about an error of which nothing can be seen.
    pub const UNKNOWN: Self = Self { class: Class::Unknown, rejected: false };

    /// Returns what a breaker makes of the error: permanent ones and rejections of policies further in are ignored.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        if self.rejected || self.class == Class::Permanent { Verdict::Ignored } else { Verdict::Failure }
    }

    /// Tells whether another try can help: not for permanent errors, nor against a policy that rejects.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        !self.rejected && self.class != Class::Permanent
    }
}

/// Classifies an error by the first error with a code, or the first rejection, in its chain of sources.
#[must_use]
pub fn classify(error: &(dyn Error + 'static)) -> Classified {
    let mut level = Some(error);
    // A chain that bites its own tail ends after 64 levels.
    for _ in 0..64 {
        let Some(current) = level else { break };
        if current.is::<Rejection>() {
            return Classified { class: Class::Transient, rejected: true };
        }
        if let Some(app) = current.downcast_ref::<AppErrorInner>()
            && app.is_coded_itself()
        {
            let rejected = app.is_rejection();
            return Classified { class: app.code().class(), rejected };
        }
        // An `io::Error` hides the error it was made of: its source is that error's source.
        let hidden = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        level = match hidden {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    Classified::UNKNOWN
}
