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
fn many_successes_at_once_are_as_many_single_ones() {
    let mut rng = crate::rng::Rng::seeded(7);
    for size in [1, 2, 7, 63, 64, 65, 100, 128, 200] {
        let (mut at_once, mut single) = (CountWindow::new(size), CountWindow::new(size));
        for step in 0..500 {
            let drawn = rng.next_u64();
            let (failure, slow) = (drawn & 1 == 0, drawn & 2 == 0);
            let successes = match drawn >> 2 & 3 {
                0 => 0,
                1 => drawn >> 8 & 7,
                2 => (drawn >> 8) % (u64::from(size) + 1),
                _ => (drawn >> 8) % (3 * u64::from(size)),
            };
            for window in [&mut at_once, &mut single] {
                window.record(failure, slow);
            }
            at_once.record_successes(successes);
            (0..successes).for_each(|_| {
                single.record(false, false);
            });
            let of = |window: &CountWindow| format!("{window:?}");
            assert_eq!(of(&at_once), of(&single), "size {size}, step {step}");
        }
    }
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
