//! References to errors of which more or less is known.

use crate::{
    error::{AppError, app_error::Inner, chain},
    panics,
};
use std::{error::Error, fmt};

/// An error of which more or less is known.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum ErrorRef<'a> {
    /// An [`AppError`].
    App(&'a AppError),
    /// One with a chain of sources.
    Std(&'a (dyn Error + 'static)),
    /// One with a chain of sources that may itself borrow, so that its type has no `TypeId`.
    Scoped(&'a (dyn Error + 'a)),
    /// One that has only a text.
    Display(&'a dyn fmt::Display),
    /// One that has only a debug form.
    Debug(&'a dyn fmt::Debug),
    /// One of which only the type is known.
    Opaque(&'static str),
}

impl<'a> ErrorRef<'a> {
    /// Returns the first error of the chain whose type has a `TypeId`, where the error has a chain
    /// of sources.
    pub(crate) fn head(&self) -> Option<&'a (dyn Error + 'static)> {
        match *self {
            ErrorRef::App(app) => Some(&**app),
            ErrorRef::Std(error) => Some(error),
            ErrorRef::Scoped(error) => panics::catch(|| error.source()).ok().flatten(),
            ErrorRef::Display(_) | ErrorRef::Debug(_) | ErrorRef::Opaque(_) => None,
        }
    }

    /// Returns `false` where the error neither has a chain of sources nor is an error that knows
    /// something itself.
    #[inline]
    pub(crate) fn may_have_levels(&self) -> bool {
        matches!(
            self,
            ErrorRef::App(_) | ErrorRef::Std(_) | ErrorRef::Scoped(_)
        )
    }

    /// Iterates over the sources of the error, without the error itself.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &'a (dyn Error + 'static)> + use<'a> {
        let (head, itself) = match *self {
            // Called directly: most of them have none, and every error that is recorded comes by
            // here.
            ErrorRef::App(app) => (app.inner().source(), 0),
            ErrorRef::Scoped(_) => (self.head(), 0),
            _ => (self.head(), 1),
        };
        head.into_iter().flat_map(chain).skip(itself)
    }
}

/// Writes what is known of the error, one level of it, as it was written: secrets included.
impl fmt::Display for ErrorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorRef::App(app) => f.write_str(app.message()),
            ErrorRef::Std(error) => match Inner::in_level(*error) {
                Some(ours) => f.write_str(ours.message()),
                None => error.fmt(f),
            },
            ErrorRef::Scoped(error) => error.fmt(f),
            ErrorRef::Display(error) => error.fmt(f),
            ErrorRef::Debug(error) => error.fmt(f),
            ErrorRef::Opaque(type_name) => write!(f, "an error of type {type_name}"),
        }
    }
}

/// Shows what is known of the error as its type does: secrets included, except for an [`AppError`].
impl fmt::Debug for ErrorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorRef::App(app) => f.debug_tuple("App").field(app).finish(),
            ErrorRef::Std(error) => f.debug_tuple("Std").field(error).finish(),
            ErrorRef::Scoped(error) => f.debug_tuple("Scoped").field(error).finish(),
            ErrorRef::Display(error) => f
                .debug_tuple("Display")
                .field(&format_args!("{error}"))
                .finish(),
            ErrorRef::Debug(error) => f.debug_tuple("Debug").field(error).finish(),
            ErrorRef::Opaque(type_name) => f.debug_tuple("Opaque").field(type_name).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn debug_form_names_what_is_known() {
        let show = |error: ErrorRef<'_>| format!("{error:?}");
        assert_eq!(show(ErrorRef::Std(&fmt::Error)), "Std(Error)");
        assert_eq!(show(ErrorRef::Scoped(&fmt::Error)), "Scoped(Error)");
        assert_eq!(show(ErrorRef::Display(&"disk full")), "Display(disk full)");
        assert_eq!(show(ErrorRef::Debug(&"disk full")), "Debug(\"disk full\")");
        assert_eq!(show(ErrorRef::Opaque("T")), "Opaque(\"T\")");
        let app = AppError::new(ErrorCode::SYNC_ERROR, "password=hunter2");
        let shown = show(ErrorRef::App(&app));
        assert!(
            shown.starts_with("App([SYNC_ERROR] password=[redacted]"),
            "{shown}"
        );
    }

    #[test]
    fn sources_do_not_include_the_error_itself() {
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
