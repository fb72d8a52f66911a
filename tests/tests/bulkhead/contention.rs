//! Many threads at one bulkhead with many slots, whose threads keep slots between their calls: what
//! holds on one thread holds then too.

use gardefou::{
    AppError,
    bulkhead::{Bulkhead, BulkheadBuilder},
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    thread,
    time::Duration,
};

const THREADS: u32 = 8;

fn bulkhead(configure: impl FnOnce(BulkheadBuilder) -> BulkheadBuilder) -> Bulkhead {
    configure(Bulkhead::builder("svc")).build().unwrap()
}

fn with_waits(limit: u32) -> Bulkhead {
    let wait = Duration::from_secs(3600);
    bulkhead(|b| b.max_concurrent(limit).max_wait(wait).max_queue(100))
}

/// Counts running calls.
#[derive(Default)]
struct Gate {
    running: AtomicU32,
    ran: AtomicU64,
}

impl Gate {
    fn pass(&self, limit: u32) {
        let before = self.running.fetch_add(1, Ordering::SeqCst);
        assert!(before < limit, "{before} of {limit} ran already");
        self.ran.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn assert_whole(bulkhead: &Bulkhead, limit: u32) {
    let seen = bulkhead.snapshot();
    assert_eq!((seen.in_flight, seen.queued, seen.limit), (0, 0, limit));
    let all: Vec<_> = (0..limit)
        .map(|_| bulkhead.try_acquire().unwrap())
        .collect();
    assert!(bulkhead.try_acquire().is_err());
    drop(all);
}

#[test]
fn eight_threads_never_run_more_calls_than_the_limit_and_every_call_is_counted() {
    for limit in [4, 6, 8, 16] {
        let (bulkhead, gate) = (bulkhead(|b| b.max_concurrent(limit)), Gate::default());
        let rejected = AtomicU64::new(0);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (bulkhead, gate, rejected) = (&bulkhead, &gate, &rejected);
                scope.spawn(move || {
                    for n in 0..5_000_u32 {
                        // Now and then a thread takes two slots, or keeps one for longer.
                        let other = n.is_multiple_of(64).then(|| {
                            bulkhead
                                .try_acquire()
                                .map(|permit| (permit, gate.pass(limit)))
                        });
                        let outcome = bulkhead.call(|| {
                            gate.pass(limit);
                            if (n + thread).is_multiple_of(32) {
                                thread::yield_now();
                            }
                            Ok::<_, AppError>(())
                        });
                        let failed =
                            u64::from(outcome.is_err()) + u64::from(matches!(other, Some(Err(_))));
                        rejected.fetch_add(failed, Ordering::SeqCst);
                    }
                });
            }
        });
        let seen = bulkhead.snapshot();
        assert_eq!(seen.admitted, gate.ran.load(Ordering::SeqCst), "{limit}");
        assert_eq!(
            seen.rejected.full,
            rejected.load(Ordering::SeqCst),
            "{limit}"
        );
        assert_whole(&bulkhead, limit);
    }
}

/// As many threads as there are slots, each with one call at a time: none is ever rejected.
#[test]
fn free_slot_is_never_refused() {
    let bulkhead = bulkhead(|b| b.max_concurrent(THREADS));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for n in 0..5_000_u32 {
                    let permit = bulkhead.try_acquire().unwrap();
                    if n.is_multiple_of(16) {
                        thread::yield_now();
                    }
                    drop(permit);
                }
            });
        }
    });
    assert_eq!(bulkhead.snapshot().admitted, u64::from(THREADS) * 5_000);
    assert_whole(&bulkhead, THREADS);
}

#[test]
fn threads_that_wait_all_get_through() {
    for limit in [4, 5, 7] {
        let (bulkhead, gate) = (with_waits(limit), Gate::default());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for n in 0..2_000_u32 {
                        let permit = bulkhead.acquire().unwrap();
                        gate.pass(limit);
                        if n.is_multiple_of(32) {
                            thread::yield_now();
                        }
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(bulkhead.snapshot().admitted, u64::from(THREADS) * 2_000);
        assert_whole(&bulkhead, limit);
    }
}

/// Calls that wait are admitted in their order, and no thread that comes later is admitted before.
#[test]
fn threads_with_kept_slots_never_overtake_calls_that_wait() {
    const LIMIT: u32 = 8;
    let bulkhead = with_waits(LIMIT);
    // Odd while calls wait.
    let phase = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let before = phase.load(Ordering::SeqCst);
                    let permit = bulkhead.try_acquire();
                    let is_same = phase.load(Ordering::SeqCst) == before;
                    assert!(permit.is_err() || !is_same || before.is_multiple_of(2));
                }
            });
        }
        for _ in 0..300 {
            for _ in 0..200 {
                let _ = bulkhead.try_acquire();
            }
            let mut held: Vec<_> = (0..LIMIT).map(|_| bulkhead.acquire().unwrap()).collect();
            let mut waits = [0, 1, 2].map(|_| Box::pin(bulkhead.acquire_async()));
            let _runtime = timers().enter();
            for wait in &mut waits {
                assert!(poll_once(wait.as_mut()).is_pending());
            }
            phase.fetch_add(1, Ordering::SeqCst);
            let mut admitted = Vec::new();
            for first in 0..waits.len() {
                held.pop();
                spin_loop();
                for (at, wait) in waits.iter_mut().enumerate().skip(first).rev() {
                    let polled = poll_once(wait.as_mut());
                    assert_eq!(polled.is_ready(), at == first, "{at}");
                    admitted.extend(match polled {
                        std::task::Poll::Ready(permit) => Some(permit.unwrap()),
                        std::task::Poll::Pending => None,
                    });
                }
                if first + 2 == waits.len() {
                    // The last one is admitted without the flag: newcomers come after it.
                    phase.fetch_add(1, Ordering::SeqCst);
                }
            }
            drop((held, admitted));
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_whole(&bulkhead, LIMIT);
}

fn timers() -> &'static tokio::runtime::Runtime {
    static TIMERS: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    TIMERS.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    })
}

/// From the moment on in which no more calls run than a lowered limit allows, no more ever do.
#[test]
fn lowered_limit_holds_while_threads_keep_slots() {
    let bulkhead = bulkhead(|b| b.max_concurrent(16));
    let running = AtomicU32::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let _ = bulkhead.call(|| {
                        running.fetch_add(1, Ordering::SeqCst);
                        spin_loop();
                        running.fetch_sub(1, Ordering::SeqCst);
                        Ok::<_, AppError>(())
                    });
                }
            });
        }
        for n in 0..100 {
            let limit = 1 + n % 2;
            bulkhead.set_max_concurrent(limit).unwrap();
            while bulkhead.snapshot().in_flight > limit {
                thread::yield_now();
            }
            for _ in 0..100 {
                let seen = running.load(Ordering::SeqCst);
                assert!(seen <= limit, "{seen} calls run, {limit} may");
            }
            bulkhead.set_max_concurrent(16).unwrap();
            thread::yield_now();
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_whole(&bulkhead, 16);
}

/// Calls that come and go on different threads leave nothing behind.
#[test]
fn permits_that_end_on_other_threads_are_not_lost() {
    let bulkhead = bulkhead(|b| b.max_concurrent(16));
    let (sender, receiver) = std::sync::mpsc::sync_channel(2);
    let receiver = std::sync::Mutex::new(receiver);
    thread::scope(|scope| {
        for _ in 0..3 {
            let sender = sender.clone();
            let bulkhead = &bulkhead;
            scope.spawn(move || {
                for _ in 0..3_000 {
                    sender.send(bulkhead.try_acquire().unwrap()).unwrap();
                    drop(bulkhead.try_acquire().unwrap());
                }
            });
        }
        drop(sender);
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let permit = receiver.lock().unwrap().recv();
                    match permit {
                        Ok(permit) => drop(permit),
                        Err(_) => return,
                    }
                }
            });
        }
    });
    assert_eq!(bulkhead.snapshot().admitted, 18_000);
    assert_whole(&bulkhead, 16);
}
