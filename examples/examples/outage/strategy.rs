//! What a client does about failures: combinations of the library's guards.

use super::random::Random;
use gardefou::{
    ConfigError,
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    retry::{Retry, RetryBudget},
    time::ManualClock,
};
use std::time::Duration;

/// A combination of guards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strategy {
    pub(crate) name: &'static str,
    pub(crate) max_retries: u32,
    pub(crate) delays: Delays,
    pub(crate) budget: Option<Budget>,
    pub(crate) breaker: Option<Breaker>,
    /// Whether a bulkhead whose limit adapts bounds the requests under way.
    pub(crate) has_bulkhead: bool,
}

/// How long a retry waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delays {
    /// Not at all.
    None,
    /// As long as the library's defaults: 0.5 s, doubled each time, with full jitter.
    Default,
}

/// When a circuit breaker opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// As the library's defaults: after five failures in a row, for a minute.
    Default,
    /// When half of the calls of the last ten seconds failed.
    Rate,
}

/// How many retries a program may make.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// As the library's defaults: a fifth of the calls, ten a second, and a hundred at the start.
    Default,
    /// A share of the calls, and so many at the start.
    Tokens { ratio: f64, burst: u32 },
}

impl Budget {
    /// A tenth of the calls, as clients at Google have it, and ten at the start.
    pub(crate) const TENTH: Self = Self::Tokens {
        ratio: 0.1,
        burst: 10,
    };
}

impl Strategy {
    pub(crate) const ALL: [Self; 9] = [
        Self::NONE,
        Self::NAIVE,
        Self::BACKOFF,
        Self::BUDGET,
        Self::BREAKER,
        Self::DEFAULTS,
        Self::BY_RATE,
        Self::ADAPTIVE,
        Self::ALL_ADAPTIVE,
    ];

    /// One request for each call.
    pub(crate) const NONE: Self = Self {
        name: "none",
        max_retries: 0,
        delays: Delays::None,
        budget: None,
        breaker: None,
        has_bulkhead: false,
    };

    /// Three retries at once.
    pub(crate) const NAIVE: Self = Self {
        name: "naive retry",
        max_retries: 3,
        ..Self::NONE
    };

    /// Three retries after delays that grow, with jitter.
    pub(crate) const BACKOFF: Self = Self {
        name: "backoff",
        delays: Delays::Default,
        ..Self::NAIVE
    };

    /// The same within a budget.
    pub(crate) const BUDGET: Self = Self {
        name: "budget",
        budget: Some(Budget::Default),
        ..Self::BACKOFF
    };

    /// Retries with backoff and jitter, around a circuit breaker.
    pub(crate) const BREAKER: Self = Self {
        name: "breaker",
        breaker: Some(Breaker::Default),
        ..Self::BACKOFF
    };

    /// All of these: the library's default settings.
    pub(crate) const DEFAULTS: Self = Self {
        name: "all",
        breaker: Some(Breaker::Default),
        ..Self::BUDGET
    };

    /// The same with a breaker that opens by the rate of failures.
    pub(crate) const BY_RATE: Self = Self {
        name: "all, by rate",
        breaker: Some(Breaker::Rate),
        ..Self::DEFAULTS
    };

    /// Backoff and budget, around a bulkhead whose limit adapts.
    pub(crate) const ADAPTIVE: Self = Self {
        name: "adaptive",
        has_bulkhead: true,
        ..Self::BUDGET
    };

    /// All with an adaptive bulkhead inside the breaker.
    pub(crate) const ALL_ADAPTIVE: Self = Self {
        name: "all, adaptive",
        has_bulkhead: true,
        ..Self::BY_RATE
    };
}

/// The guards of one program, which all its calls share.
#[derive(Debug)]
pub(crate) struct Guards {
    /// A retry with a seed draws the same delays for each call: these differ in their seeds alone.
    pub(crate) retries: Vec<Retry>,
    pub(crate) breaker: Option<CircuitBreaker>,
    pub(crate) bulkhead: Option<Bulkhead>,
}

/// How many sequences of delays the calls of a program draw from.
const SEQUENCES: usize = 512;

impl Guards {
    /// Makes the guards of one program.
    pub(crate) fn new(
        strategy: &Strategy,
        clock: &ManualClock,
        random: &mut Random,
    ) -> Result<Self, ConfigError> {
        let budget = strategy.budget.map(|budget| {
            let mut builder = RetryBudget::builder().clock(clock.clone());
            if let Budget::Tokens { ratio, burst } = budget {
                builder = builder.ratio(ratio).burst(burst).floor(0);
            }
            builder.build()
        });
        let budget = budget.transpose()?;
        let retry = || {
            let mut builder = Retry::builder()
                .max_retries(strategy.max_retries)
                .seed(random.next_u64())
                .clock(clock.clone());
            if strategy.delays == Delays::None {
                builder = builder.initial_delay(Duration::ZERO);
            }
            match &budget {
                Some(budget) => builder.budget(budget),
                None => builder.budget(false),
            }
            .build()
        };
        let breaker = strategy.breaker.map(|breaker| {
            let mut builder = CircuitBreaker::builder("service").clock(clock.clone());
            if breaker == Breaker::Rate {
                builder = builder
                    .time_window(Duration::from_secs(10))
                    .failure_rate(0.5);
            }
            builder.build()
        });
        let bulkhead = strategy.has_bulkhead.then(|| {
            let builder = Bulkhead::builder("service").adaptive(true);
            builder.clock(clock.clone()).build()
        });
        Ok(Self {
            retries: std::iter::repeat_with(retry)
                .take(SEQUENCES)
                .collect::<Result<_, _>>()?,
            breaker: breaker.transpose()?,
            bulkhead: bulkhead.transpose()?,
        })
    }
}
