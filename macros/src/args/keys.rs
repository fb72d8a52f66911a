//! Keys of the attributes and block macros.

/// The keys of one attribute or block macro.
pub(crate) struct Spec {
    /// How users write it: `#[retry]` or `error_boundary!`.
    pub(crate) title: &'static str,
    /// Its keys in groups; `crate` is accepted by all.
    pub(crate) keys: &'static [&'static [&'static str]],
    /// The key that a value without a key is most likely meant for.
    pub(crate) first: &'static str,
    /// Whether the first argument may be such a value.
    pub(crate) positional: bool,
}

const HANDLING: &[&str] = &[
    "error_code",
    "log_level",
    "rethrow",
    "fallback",
    "catch_panics",
    "capture",
];
const BREAKER: &[&str] = &[
    "name",
    "failure_threshold",
    "recovery_timeout",
    "half_open_max_calls",
    "success_threshold",
    "recovery_backoff",
    "max_recovery_timeout",
    "recovery_jitter",
    "half_open_timeout",
    "window",
    "count_window",
    "time_window",
    "failure_rate",
    "min_calls",
    "slow_call",
    "slow_rate",
    "abandoned_after",
    "failure_if",
    "ignore_if",
    "fallback",
    "shadow",
    "shared",
    "on_store_loss",
    "control",
    "on_transition",
];
/// A guard for each value of an expression.
const KEY: &[&str] = &["key", "max_keys"];
/// Seeds the random parts of the breaker's open times and of the retry's delays.
const SEED: &[&str] = &["seed"];
/// Times the calls of the guard; of a retry with a breaker, those of both.
const TIMED: &[&str] = &["timed"];
/// Gives each call a span.
const SPAN: &[&str] = &["span"];
const RETRY: &[&str] = &[
    "max_retries",
    "max_attempts",
    "initial_delay",
    "backoff",
    "backoff_factor",
    "max_delay",
    "max_elapsed",
    "attempt_timeout",
    "jitter",
    "delay",
    "retry_if",
    "retry_if_result",
    "on_retry",
    "on_give_up",
    "budget",
    "log_level",
];
const TIMEOUT: &[&str] = &["limit", "name"];
const BULKHEAD: &[&str] = &[
    "name",
    "max_concurrent",
    "max_wait",
    "max_queue",
    "adaptive",
    "min",
    "max",
];
const RATE_LIMIT: &[&str] = &[
    "rate",
    "burst",
    "max_wait",
    "name",
    "shared",
    "on_store_loss",
];
const FALLBACK: &[&str] = &["to", "on"];
const HEDGE: &[&str] = &["after", "quantile", "max_hedges", "budget", "name"];
const AUDIT: &[&str] = &["name", "user", "success_level", "error_level"];
const BOUNDARY: &[&str] = &[
    "error_code",
    "log_level",
    "rethrow",
    "fallback",
    "catch_panics",
];
const TRANSACTION: &[&str] = &[
    "error_code",
    "log_level",
    "on_error_callback",
    "catch_panics",
    "parent",
];

const HEALTH: &[&str] = &[
    "name",
    "criticality",
    "scope",
    "kind",
    "timeout",
    "period",
    "stale_after",
    "failure_threshold",
    "success_threshold",
    "group",
    "tag",
];

impl Spec {
    pub(crate) const HANDLING: Self = Self::attribute(
        "#[enhanced_error_handling]",
        &[HANDLING, SPAN],
        "error_code",
    );
    pub(crate) const BREAKER: Self = Self::attribute(
        "#[with_circuit_breaker]",
        &[BREAKER, TIMED, SPAN, SEED, KEY],
        "name",
    );
    pub(crate) const RETRY: Self = Self::attribute(
        "#[retry]",
        &[RETRY, TIMED, SPAN, SEED, KEY, &["name"]],
        "max_retries",
    );
    pub(crate) const RETRY_WITH_BREAKER: Self = Self::attribute(
        "#[retry_with_circuit_breaker]",
        &[BREAKER, RETRY, TIMED, SPAN, SEED, KEY],
        "name",
    );
    pub(crate) const TIMEOUT: Self = Self {
        title: "#[timeout]",
        keys: &[TIMEOUT, TIMED, SPAN],
        first: "limit",
        positional: true,
    };
    pub(crate) const HEDGE: Self = Self::attribute("#[hedge]", &[HEDGE, SPAN], "after");
    pub(crate) const FALLBACK: Self = Self {
        title: "#[fallback]",
        keys: &[FALLBACK, SPAN],
        first: "to",
        positional: true,
    };
    pub(crate) const BULKHEAD: Self = Self::attribute(
        "#[bulkhead]",
        &[BULKHEAD, TIMED, KEY, SPAN],
        "max_concurrent",
    );
    pub(crate) const RATE_LIMIT: Self = Self {
        title: "#[rate_limit]",
        keys: &[RATE_LIMIT, TIMED, KEY, SPAN],
        first: "rate",
        positional: true,
    };
    pub(crate) const AUDIT: Self = Self {
        title: "#[log_sensitive_operations]",
        keys: &[AUDIT],
        first: "name",
        positional: true,
    };
    pub(crate) const BOUNDARY: Self = Self {
        title: "error_boundary!",
        keys: &[BOUNDARY],
        first: "name",
        positional: true,
    };
    pub(crate) const TRANSACTION: Self = Self {
        title: "transaction_boundary!",
        keys: &[TRANSACTION],
        first: "name",
        positional: true,
    };

    pub(crate) const HEALTH: Self = Self::attribute("#[health_check]", &[HEALTH], "name");

    /// In the order in which the owner of an unknown key is searched.
    pub(crate) const ALL: &[Self] = &[
        Self::HANDLING,
        Self::BREAKER,
        // A user of a breaker who asks for a retry wants both, therefore before the plain retry.
        Self::RETRY_WITH_BREAKER,
        Self::RETRY,
        Self::TIMEOUT,
        Self::BULKHEAD,
        Self::RATE_LIMIT,
        Self::HEDGE,
        Self::FALLBACK,
        Self::BOUNDARY,
        Self::TRANSACTION,
        Self::AUDIT,
    ];

    const fn attribute(
        title: &'static str,
        keys: &'static [&'static [&'static str]],
        first: &'static str,
    ) -> Self {
        Self {
            title,
            keys,
            first,
            positional: false,
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        key == "crate" || self.all_keys().any(|known| known == key)
    }

    pub(crate) fn all_keys(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().flat_map(|group| group.iter().copied())
    }

    /// Returns the attribute or macro that accepts a key which this one does not.
    pub(super) fn owner_of(&self, key: &str) -> Option<&'static str> {
        // A user of a retry who asks for a key of the breaker wants both.
        if self.title == Self::RETRY.title && Self::RETRY_WITH_BREAKER.has(key) {
            return Some(Self::RETRY_WITH_BREAKER.title);
        }
        Self::ALL
            .iter()
            .find(|spec| spec.has(key))
            .map(|spec| spec.title)
    }
}
