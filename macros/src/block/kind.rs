//! Kinds of block macros.

use crate::args::Spec;

/// One of the two block macros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Transaction,
}

impl Kind {
    pub(super) fn spec(self) -> &'static Spec {
        match self {
            Self::Error => &Spec::BOUNDARY,
            Self::Transaction => &Spec::TRANSACTION,
        }
    }

    /// Returns an example of a call.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Error => "error_boundary!(\"load-settings\", { .. })",
            Self::Transaction => "transaction_boundary!(\"save-clip\", |tx| { .. })",
        }
    }

    /// Returns a description of the body.
    pub(super) fn body(self) -> &'static str {
        match self {
            Self::Error => "a block: `{ .. }`",
            Self::Transaction => "a block with its argument: `|tx| { .. }`",
        }
    }
}
