//! What a circuit breaker may cost at most.
//!
//! Each limit is a ratio to a floor that is measured beside it, up to twice what an idle machine shows:
//! it holds on machines of any speed, and one more reading of the clock exceeds it. A busy machine can
//! make a measurement too long, so that a limit is exceeded only if it is in each of several that are
//! some time apart.

use crate::{
    breaker::{
        add_one, annotated, annotated_open, built, clock_read, floor, open_annotated, value,
    },
    one_thread,
};
use std::{thread, time::Duration};

const MEASUREMENTS: u32 = 5;
const BETWEEN: Duration = Duration::from_secs(3);

/// What a call may cost at most.
struct Limit {
    call: &'static str,
    /// The most that it may cost, in units of the floor.
    most: f64,
    floor: &'static str,
    /// Measures the call and the floor.
    measure: Box<dyn Fn() -> (f64, f64)>,
}

/// Measures all, prints them, and returns `true` if no limit is exceeded.
#[must_use]
pub fn hold() -> bool {
    let closed = built("limits-closed", |b| b);
    let open = built("limits-open", |b| b);
    open.open_for(Duration::from_secs(3600));
    open_annotated();
    let least = "bare call + one acquire load + one relaxed add";
    let reading = "bare call + one clock read";
    let limits = [
        Limit {
            call: "closed, `call`",
            most: 4.5,
            floor: least,
            measure: Box::new(move || beside(|n| value(closed.call(|| add_one(n))), floor)),
        },
        Limit {
            call: "closed, `#[with_circuit_breaker]`",
            most: 3.5,
            floor: least,
            measure: Box::new(|| beside(|n| value(annotated(n)), floor)),
        },
        Limit {
            call: "rejected, `call`",
            most: 2.2,
            floor: reading,
            measure: Box::new(move || beside(|n| value(open.call(|| add_one(n))), clock_read)),
        },
        Limit {
            call: "rejected, `#[with_circuit_breaker]`",
            most: 1.6,
            floor: reading,
            measure: Box::new(|| beside(|n| value(annotated_open(n)), clock_read)),
        },
    ];
    // Not `all`, which would measure no more after the first that is exceeded.
    limits.iter().filter(|limit| !limit.holds()).count() == 0
}

/// Measures a call and its floor by turns, since both slow down together.
fn beside(call: impl Fn(u64) -> u64, floor: impl Fn(u64) -> u64) -> (f64, f64) {
    let mut least = (f64::MAX, f64::MAX);
    for _ in 0..2 {
        least.0 = least.0.min(one_thread(&call));
        least.1 = least.1.min(one_thread(&floor));
    }
    least
}

impl Limit {
    fn holds(&self) -> bool {
        for measurement in 1..=MEASUREMENTS {
            let (cost, floor) = (self.measure)();
            let ratio = cost / floor;
            println!(
                "{:<36} {cost:>7.2} ns, {ratio:>5.2} times {floor:>6.2} ns of {} (at most {})",
                self.call, self.floor, self.most
            );
            if ratio <= self.most {
                return true;
            }
            if measurement < MEASUREMENTS {
                wait();
            }
        }
        println!(
            "{}: exceeded in each of {MEASUREMENTS} measurements",
            self.call
        );
        false
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark waits in real time")]
fn wait() {
    thread::sleep(BETWEEN);
}
