//! `Debug` of names and texts, redacted: a name that is made at run time may hold a secret.

use crate::error::redact;
use std::{fmt, ops::Deref};

/// A name whose `Debug` form is redacted.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*redact::name(self.0), f)
    }
}

/// A text whose `Debug` form is redacted.
pub(crate) struct ShownText<'a>(pub(crate) &'a str);

impl fmt::Debug for ShownText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*redact::text(self.0), f)
    }
}

/// An owned name whose `Debug` form is redacted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct GuardName<T>(pub(crate) T);

impl<T: AsRef<str>> fmt::Debug for GuardName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(self).fmt(f)
    }
}

impl<T: AsRef<str>> Deref for GuardName<T> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_ref()
    }
}

/// Implements `Debug` for a struct with a lifetime: these fields as names, those as they are.
macro_rules! debug_with_names {
    ($type:ident { $($name:ident),* ; $($field:ident),* }) => {
        impl std::fmt::Debug for $type<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($name), &$crate::event::Shown(self.$name)))*
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use debug_with_names;
