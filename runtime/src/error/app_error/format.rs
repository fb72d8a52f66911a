//! `Display` and `Debug` of an error: secrets redacted, one level or the whole chain.

use super::{error::AppError, inner::Inner};
use crate::error::{Rejection, chain, details, distinct_texts, redact, view};
use std::{backtrace::BacktraceStatus, fmt};

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = redact::text(self.message());
        f.write_str(&own)?;
        if f.alternate() {
            let text = |level| redact::text(&details::display(level)).into_owned();
            for text in distinct_texts(own.into_owned(), chain(self).skip(1), text) {
                write!(f, ": {text}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self:#}", self.code)?;
        if !view::is_in_std(self.location) {
            write!(f, "\n    at {}", self.location)?;
        }
        write!(f, "\n    id {}", self.occurrence.id())?;
        write_details(f, self)?;
        for level in chain(self).skip(1) {
            if let Some(ours) = Self::in_level(level) {
                write!(f, "\n  caused by [{}] at {}", ours.code, ours.location)?;
                write_details(f, ours)?;
            } else if let Some(cause) = level.downcast_ref::<Rejection>().and_then(Rejection::cause)
            {
                write!(f, "\n  because {}", redact::text(&cause))?;
            }
        }
        let backtrace = self.occurrence.backtrace();
        if backtrace.status() == BacktraceStatus::Captured {
            write!(f, "\n{backtrace}")?;
        }
        Ok(())
    }
}

fn write_details(f: &mut fmt::Formatter<'_>, error: &Inner) -> fmt::Result {
    if error.details().is_empty() {
        return Ok(());
    }
    let details = redact::object(error.details().clone());
    write!(f, "\n    details {details}")
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if view::answer(self, view::Call::Display) {
            return Ok(());
        }
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
