//! The two block macros.

use crate::args::Spec;

/// Which of the two macros is called.
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

    /// How a whole call looks.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Error => "error_boundary!(\"load-settings\", { .. })",
            Self::Transaction => "transaction_boundary!(\"save-clip\", |tx| { .. })",
        }
    }

    /// How a body looks.
    pub(super) fn body(self) -> &'static str {
        match self {
            Self::Error => "a block: `{ .. }`",
            Self::Transaction => "a block with its argument: `|tx| { .. }`",
        }
    }
}
