//! What a scrape reads, beside the numbers under the lock.

use super::{queue, take, waiting};
use crate::bulkhead::{handle::Bulkhead, held::Held};
use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    thread,
};

/// The numbers of a reading as a snapshot has them.
fn assert_equal(bulkhead: &Bulkhead) {
    let reading = bulkhead.inner().reading();
    let snapshot = bulkhead.snapshot();
    assert_eq!(
        (reading.limit, reading.running, reading.waiting),
        (snapshot.limit, snapshot.in_flight, snapshot.queued.into())
    );
    let rejected = snapshot.rejected;
    assert_eq!(
        reading.rejected,
        [rejected.full, rejected.queue_full, rejected.timed_out]
    );
    assert_eq!(
        (reading.admitted, reading.cancelled),
        (snapshot.admitted, snapshot.cancelled)
    );
}

/// It would never end if it took the lock.
#[test]
fn reading_ends_while_the_lock_is_held() {
    let bulkhead = waiting(|b| b.max_concurrent(1).max_queue(3));
    let inner = bulkhead.inner();
    let held = take(inner);
    let ticket = queue(inner, Waker::noop());
    let reading = inner.read(|_, _, _| inner.reading());
    assert_eq!(
        (reading.running, reading.waiting, reading.admitted),
        (1, 1, 1)
    );
    drop((held, ticket));
    assert_equal(&bulkhead);
}

#[test]
fn reading_follows_the_queue() {
    let bulkhead = waiting(|b| b.max_concurrent(2).max_queue(3));
    let inner = bulkhead.inner();
    let (first, second) = (take(inner), take(inner));
    let [granted, dropped, forgone] = [(); 3].map(|()| queue(inner, Waker::noop()));
    assert_equal(&bulkhead);
    drop(dropped);
    assert_equal(&bulkhead);
    drop((first, second));
    assert_equal(&bulkhead);
    assert_eq!(inner.reading().admitted, 2, "none has taken its slot");
    // Its slot was granted, and it never knew.
    drop(forgone);
    assert_equal(&bulkhead);
    assert_eq!(inner.reading().admitted, 2);
    drop(granted.finish());
    assert_equal(&bulkhead);
    assert_eq!(inner.reading().admitted, 3);
}

#[test]
fn admitted_calls_that_are_moved_from_the_word_are_read_once() {
    use crate::bulkhead::state_word::StateWord;
    let bulkhead = waiting(|b| b.max_concurrent(4));
    bulkhead.inner().set_admitted_in_word(StateWord::MANY - 1);
    for _ in 0..3 {
        drop(take(bulkhead.inner()));
        assert_equal(&bulkhead);
    }
    assert_eq!(bulkhead.inner().reading().admitted, StateWord::MANY + 2);
}

#[test]
fn kept_slots_are_not_running() {
    let bulkhead = waiting(|b| b.max_concurrent(8));
    bulkhead.inner().start_keeping();
    // The first call makes what the thread keeps its slot in.
    (0..5).for_each(|_| drop(take(bulkhead.inner())));
    assert_eq!(bulkhead.inner().taken(), 1, "one is kept");
    let reading = bulkhead.inner().reading();
    assert_eq!((reading.running, reading.admitted), (0, 5));
    let held = take(bulkhead.inner());
    let reading = bulkhead.inner().reading();
    assert_eq!((reading.running, reading.admitted), (1, 6));
    drop(held);
    assert!(bulkhead.inner().is_keeping(), "a reading collects nothing");
    assert_equal(&bulkhead);
}

/// While calls come and go, are kept and collected, no reading has more calls than there can have been;
/// the last one has all.
#[test]
fn readings_beside_calls_never_exceed_them() {
    const THREADS: u64 = 4;
    const CALLS: u64 = 50_000;
    let bulkhead = waiting(|b| b.max_concurrent(16).max_queue(0));
    let (is_over, begin) = (AtomicBool::new(false), Barrier::new(THREADS as usize + 1));
    let most = THREADS * CALLS;
    thread::scope(|scope| {
        let callers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    begin.wait();
                    for i in 0..CALLS {
                        let held = take(bulkhead.inner());
                        if i % 100 == 0 {
                            // Collects what threads keep.
                            let _ = bulkhead.snapshot();
                            bulkhead.inner().start_keeping();
                        }
                        drop(held);
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let mut readings = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                let reading = bulkhead.inner().reading();
                assert!(reading.admitted <= most, "{reading:?}");
                assert!(u64::from(reading.running) <= 16, "{reading:?}");
                readings += 1;
            }
            readings
        });
        begin.wait();
        callers.into_iter().for_each(|it| it.join().unwrap());
        is_over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    let reading = bulkhead.inner().reading();
    assert_eq!((reading.admitted, reading.running), (most, 0));
    assert_equal(&bulkhead);
}

/// Each round moves admitted calls from the word: a reader between the two steps of a move would miss
/// a great many calls, or have them twice.
#[test]
fn admitted_calls_never_go_down_while_they_are_moved() {
    const THREADS: usize = 3;
    const ROUNDS: u64 = 20_000;
    // Of so few slots no thread keeps one, so that the word counts every call.
    let bulkhead = waiting(|b| b.max_concurrent(3).max_queue(0));
    let (is_over, begin) = (AtomicBool::new(false), Barrier::new(THREADS + 1));
    thread::scope(|scope| {
        let callers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    begin.wait();
                    for _ in 0..ROUNDS {
                        bulkhead.inner().skip_to_move();
                        for _ in 0..3 {
                            drop(Held::try_take(bulkhead.inner()));
                        }
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let (mut last, mut moves) = (0, 0);
            while !is_over.load(Ordering::Relaxed) {
                let admitted = bulkhead.inner().reading().admitted;
                assert!(admitted >= last, "{admitted} after {last}");
                moves += u64::from(admitted > last);
                last = admitted;
            }
            moves
        });
        begin.wait();
        callers.into_iter().for_each(|it| it.join().unwrap());
        is_over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    assert_equal(&bulkhead);
}
