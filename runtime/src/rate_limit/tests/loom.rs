//! Interleavings of two threads at one word, explored by loom:
//! `RUSTFLAGS="--cfg loom" cargo test -p gardefou --lib --no-default-features loom`.

use crate::{
    rate_limit::{
        state::Quota,
        word::{Taken, Word},
    },
    time::Tick,
};
use ::loom::{model, sync::Arc, thread};

const fn quota(interval: u64, burst: u64) -> Quota {
    Quota {
        interval,
        window: interval * burst,
    }
}

/// Takes a permit. A second reading of the clock, after an interruption, is later than the first one
/// of every other thread.
fn take(word: &Word<()>, now: u64, longest_wait: u64) -> Option<Taken> {
    let later = move || Tick::from_nanos(now + 5);
    word.take(Tick::from_nanos(now), later, 1, longest_wait)
        .ok()
}

#[test]
fn permit_is_granted_once() {
    model(|| {
        let word = Arc::new(Word::new(quota(10, 1), ()));
        let other = Arc::clone(&word);
        let there = thread::spawn(move || take(&other, 5, 0).is_some());
        let here = take(&word, 7, 0).is_some();
        assert!(here ^ there.join().unwrap());
    });
}

#[test]
fn two_reservations_have_two_times() {
    model(|| {
        let word = Arc::new(Word::new(quota(10, 1), ()));
        let other = Arc::clone(&word);
        let there = thread::spawn(move || take(&other, 0, 100).unwrap().wait());
        let here = take(&word, 0, 100).unwrap().wait();
        let mut waits = [here, there.join().unwrap()];
        waits.sort_unstable();
        assert_eq!(waits, [0, 10]);
    });
}

#[test]
fn reservation_given_back_beside_another_one_is_lost_or_granted_once() {
    model(|| {
        let word = Arc::new(Word::new(quota(10, 1), ()));
        let first = take(&word, 0, 0).unwrap();
        let other = Arc::clone(&word);
        let there = thread::spawn(move || take(&other, 0, 10).unwrap().wait());
        let is_given_back = word.give_back(&first);
        let wait = there.join().unwrap();
        // In the order of the two: it was given back first, and granted again at once; or not at
        // all, and the other one waits behind it.
        assert_eq!(wait, if is_given_back { 0 } else { 10 });
        assert_eq!(take(&word, 0, 0).map(|taken| taken.wait()), None);
    });
}

#[test]
fn check_beside_a_change_counts_by_the_old_rate_or_the_new_one() {
    model(|| {
        let word = Arc::new(Word::new(quota(10, 2), ()));
        take(&word, 100, 0).unwrap();
        let other = Arc::clone(&word);
        let there = thread::spawn(move || {
            let change = other.change_at(Tick::from_nanos(100), |()| Ok::<_, ()>(quota(1000, 2)));
            change.unwrap();
        });
        assert!(
            take(&word, 100, 0).is_some(),
            "one permit is left under each"
        );
        there.join().unwrap();
        // Two permits of the new rate are missing, in whatever order.
        let (available, wait) = word.available_at(Tick::from_nanos(100));
        assert_eq!((available, wait), (0, 1000));
    });
}

#[test]
fn reservation_of_the_old_rate_is_not_given_back_under_the_new_one() {
    model(|| {
        let word = Arc::new(Word::new(quota(10, 1), ()));
        take(&word, 100, 0).unwrap();
        let reservation = take(&word, 100, 50).unwrap();
        let other = Arc::clone(&word);
        let there = thread::spawn(move || {
            let change = other.change_at(Tick::from_nanos(100), |()| Ok::<_, ()>(quota(3, 1)));
            change.unwrap();
        });
        let is_given_back = word.give_back(&reservation);
        there.join().unwrap();
        let missing = if is_given_back { 1 } else { 2 };
        let (_, wait) = word.available_at(Tick::from_nanos(100));
        assert_eq!(wait, 3 * missing);
    });
}
