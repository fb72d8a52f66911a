//! Helpers of the tests.

use gardefou::{
    breaker::{BreakerBuilder, BreakerSubscription, CircuitBreaker, CircuitState},
    classify::Verdict,
    event::{BreakerEventKind, Event},
    time::ManualClock,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A breaker on a clock that stands still.
pub(crate) struct Bench {
    pub(crate) clock: ManualClock,
    pub(crate) breaker: CircuitBreaker,
}

pub(crate) fn bench(configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Bench {
    let clock = ManualClock::new();
    let breaker = configure(CircuitBreaker::builder("svc").clock(clock.clone()))
        .build()
        .unwrap();
    Bench { clock, breaker }
}

impl Bench {
    pub(crate) fn state(&self) -> CircuitState {
        self.breaker.state()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Makes one call per letter: `S` succeeds, `F` fails, `A` is answered by a permanent error,
    /// `I` is ignored, `D` is dropped at once; a space does nothing.
    pub(crate) fn script(&self, letters: &str) {
        for letter in letters.chars().filter(|letter| !letter.is_whitespace()) {
            let permit = self
                .breaker
                .try_acquire()
                .unwrap_or_else(|err| panic!("{letter} of {letters}: {err}"));
            match letter {
                'S' => permit.success(),
                'F' => permit.failure(),
                'A' => permit.record(Verdict::Answered),
                'I' => permit.ignore(),
                'D' => drop(permit),
                other => panic!("no such letter: {other}"),
            }
        }
    }

    pub(crate) fn is_rejecting(&self) -> bool {
        self.breaker.try_acquire().is_err()
    }
}

/// Collects one line per event of a breaker, for example `closed>open consecutive_failures`.
pub(crate) fn listen(breaker: &CircuitBreaker) -> (BreakerSubscription, Arc<Mutex<Vec<String>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let subscription =
        breaker.observe(move |event: &Event<'_>| sink.lock().unwrap().extend(line(event)));
    (subscription, events)
}

pub(crate) fn line(event: &Event<'_>) -> Option<String> {
    let Event::Breaker(event) = event else {
        return None;
    };
    Some(match event.kind {
        BreakerEventKind::Transition {
            from, to, reason, ..
        } => format!("{from}>{to} {reason}"),
        BreakerEventKind::Rejected { .. } => "rejected".into(),
        BreakerEventKind::Slow { pending: true, .. } => "slow, pending".into(),
        BreakerEventKind::Slow { .. } => "slow".into(),
        BreakerEventKind::Abandoned { .. } => "abandoned".into(),
        BreakerEventKind::ConfigClash { first, second, .. } => format!("clash {first} {second}"),
        ref other => panic!("an unknown event: {other:?}"),
    })
}
