//! Attributes that guard a function.

use crate::args::Spec;

/// Attributes that guard a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    Handling,
    Breaker,
    Retry,
    RetryWithBreaker,
    Timeout,
    RateLimit,
    Hedge,
    Fallback,
    Bulkhead,
    Audit,
}

impl Guard {
    pub(super) const ALL: &[Self] = &[
        Self::Handling,
        Self::Breaker,
        Self::Retry,
        Self::RetryWithBreaker,
        Self::Timeout,
        Self::RateLimit,
        Self::Hedge,
        Self::Fallback,
        Self::Bulkhead,
        Self::Audit,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Handling => "enhanced_error_handling",
            Self::Breaker => "with_circuit_breaker",
            Self::Retry => "retry",
            Self::RetryWithBreaker => "retry_with_circuit_breaker",
            Self::Timeout => "timeout",
            Self::RateLimit => "rate_limit",
            Self::Hedge => "hedge",
            Self::Fallback => "fallback",
            Self::Bulkhead => "bulkhead",
            Self::Audit => "log_sensitive_operations",
        }
    }

    /// Returns the kind of the guard, as spans show it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Handling => "error_handling",
            Self::Breaker => "circuit_breaker",
            Self::Audit => "audit",
            _ => self.name(),
        }
    }

    pub(super) fn spec(self) -> Spec {
        match self {
            Self::Handling => Spec::HANDLING,
            Self::Breaker => Spec::BREAKER,
            Self::Retry => Spec::RETRY,
            Self::RetryWithBreaker => Spec::RETRY_WITH_BREAKER,
            Self::Timeout => Spec::TIMEOUT,
            Self::RateLimit => Spec::RATE_LIMIT,
            Self::Hedge => Spec::HEDGE,
            Self::Fallback => Spec::FALLBACK,
            Self::Bulkhead => Spec::BULKHEAD,
            Self::Audit => Spec::AUDIT,
        }
    }
}
