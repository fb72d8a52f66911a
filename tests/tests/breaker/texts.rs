//! When the text of a failure is written.

use super::support::{SECOND, bench};
use std::{cell::Cell, fmt, time::Duration};

/// A text that counts how often it is written.
struct Counted<'a> {
    text: &'a str,
    written: &'a Cell<u32>,
}

impl fmt::Display for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.set(self.written.get() + 1);
        f.write_str(self.text)
    }
}

#[test]
fn text_of_failures_that_open_nothing_is_written_once_in_a_second() {
    let svc = bench(|b| b.failure_threshold(1_000_000));
    let written = Cell::new(0);
    let fail = |text| {
        let written = &written;
        let permit = svc.breaker.try_acquire().unwrap();
        permit.failure_because(Counted { text, written });
    };
    let last = || {
        let last = svc.breaker.snapshot().last_failure.unwrap();
        let taken_at = svc.breaker.snapshot().taken_at;
        (
            taken_at.duration_since(last.at).unwrap(),
            last.cause.unwrap(),
        )
    };
    fail("first");
    for _ in 0..1000 {
        fail("later");
    }
    assert_eq!(
        (written.get(), last()),
        (1, (Duration::ZERO, "first".into()))
    );
    svc.pass(SECOND - Duration::from_nanos(1));
    fail("almost a second later");
    assert_eq!(
        (written.get(), last()),
        (1, (Duration::ZERO, "first".into()))
    );
    svc.pass(Duration::from_nanos(1));
    fail("a second later");
    assert_eq!(written.get(), 2);
    assert_eq!(last(), (Duration::ZERO, "a second later".into()));
    let snapshot = svc.breaker.snapshot();
    assert_eq!(
        (snapshot.counts.failure, snapshot.consecutive_failures),
        (1003, 1003)
    );
}

#[test]
fn failure_that_opens_the_circuit_gives_its_own_text() {
    let written = Cell::new(0);
    let by_count = bench(|b| b.failure_threshold(4));
    let by_rate = bench(|b| {
        b.no_failure_threshold()
            .count_window(10)
            .min_calls(4)
            .failure_rate(0.9)
    });
    let by_rate_in_time = bench(|b| {
        b.no_failure_threshold()
            .time_window(10 * SECOND)
            .min_calls(4)
            .failure_rate(0.9)
    });
    for svc in [by_count, by_rate, by_rate_in_time] {
        for text in ["first", "second", "third", "fourth"] {
            let written = &written;
            let permit = svc.breaker.try_acquire().unwrap();
            permit.failure_because(Counted { text, written });
        }
        let rejection = svc.breaker.try_acquire().unwrap_err();
        assert_eq!(rejection.cause().as_deref(), Some("fourth"));
        assert_eq!(written.take(), 2);
    }
}
