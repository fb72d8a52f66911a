use super::{
    count::Bits,
    time::{STEPS, TimeWindow},
    *,
};
use std::time::Duration;

const WIDTH: u64 = 100;

fn time_window() -> TimeWindow {
    TimeWindow::new(Duration::from_nanos(WIDTH * STEPS))
}

fn one(failure: bool) -> Tally {
    Tally {
        calls: 1,
        failures: failure.into(),
        slow: 0,
    }
}

fn at(bucket: u64) -> Tick {
    Tick::from_nanos(bucket * WIDTH + WIDTH / 2)
}

#[test]
fn bits_are_independent_in_every_size() {
    for size in [1, 63, 64, 65, 128, 1000] {
        let mut bits = Bits::new(size);
        for at in (0..size).step_by(3) {
            assert!(!bits.replace(at, true));
        }
        assert!((0..size).all(|at| bits.get(at) == (at % 3 == 0)), "{size}");
        assert!(bits.replace(0, false) && !bits.get(0));
    }
}

#[test]
fn entry_can_be_amended_once_while_it_is_in_the_window() {
    let mut window = CountWindow::new(3);
    let first = window.record(false, true);
    window.record(false, false);
    window.amend_failure(first);
    window.amend_failure(first);
    assert_eq!(
        window.tally,
        Tally {
            calls: 2,
            failures: 1,
            slow: 1
        }
    );
    window.record(false, false);
    window.record(false, false);
    assert_eq!(
        window.tally,
        Tally {
            calls: 3,
            failures: 0,
            slow: 0
        }
    );
    window.amend_failure(first);
    assert_eq!(window.tally.failures, 0, "it has left the window");
    let cleared = window.record(false, false);
    window.clear();
    window.amend_failure(cleared);
    assert_eq!(window.tally, Tally::default());
}

#[test]
fn identity_of_the_next_entry_is_known_in_advance() {
    let mut count = Window::new(Some(WindowKind::Calls(5)));
    let mut time = Window::new(Some(WindowKind::Time(Duration::from_secs(1))));
    for n in 0..100 {
        let now = Tick::from_nanos(n * 37_000_000);
        for window in [&mut count, &mut time] {
            let expected = window.next_entry_at(now);
            let entry = window.record_at(now, false, n % 2 == 0);
            // Both name the same entry, though a bucket has more than one name.
            window.amend_failure_at(now, expected);
            let failures = window.tally_at(now).failures;
            window.amend_failure_at(now, entry);
            assert!(window.tally_at(now).failures >= failures && failures > 0);
        }
    }
}

#[test]
fn only_a_full_window_of_successes_is_saturated() {
    let mut window = CountWindow::new(2);
    window.record(false, false);
    assert!(!window.is_saturated());
    window.record(false, false);
    assert!(window.is_saturated());
    window.record(false, true);
    assert!(!window.is_saturated());
}

#[test]
fn clock_reading_from_before_the_newest_bucket_counts_in_it() {
    let mut window = time_window();
    window.add_at(at(5), one(false));
    window.add_at(at(3), one(true));
    assert_eq!(
        window.tally_at(at(14)),
        Tally {
            calls: 2,
            failures: 1,
            slow: 0
        }
    );
    assert_eq!(window.tally_at(at(15)), Tally::default());
}

#[test]
fn running_sum_is_the_sum_of_the_buckets_whatever_the_gaps() {
    let mut window = time_window();
    let mut bucket = 0;
    for n in 0..2000_u64 {
        bucket += [0, 0, 1, 3, 9, 10, 11, 500][(n.wrapping_mul(7919) % 8) as usize];
        window.add_at(at(bucket), one(n % 3 == 0));
        assert_eq!(window.total, window.tally_at(at(bucket)), "after call {n}");
    }
}

#[test]
fn end_of_time_is_an_ordinary_bucket() {
    let mut window = time_window();
    window.add_at(Tick::MAX, one(true));
    window.add_at(Tick::MAX, one(true));
    assert_eq!(window.tally_at(Tick::MAX).failures, 2);
}
