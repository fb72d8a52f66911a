//! Many threads and tasks at one bulkhead: never more than the limit, and no slot lost.

use gardefou::{AppError, bulkhead::Bulkhead};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    pin::pin,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
    time::Duration,
};

const LIMIT: u32 = 3;

/// Counts who runs, and fails where that is more than the limit.
#[derive(Default)]
struct Gate {
    running: AtomicU32,
    ran: AtomicU64,
}

impl Gate {
    fn pass(&self) {
        assert!(self.running.fetch_add(1, Ordering::SeqCst) < LIMIT);
        self.ran.fetch_add(1, Ordering::SeqCst);
        thread::yield_now();
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn bulkhead(max_queue: u32) -> Bulkhead {
    Bulkhead::builder("svc")
        .max_concurrent(LIMIT)
        .max_wait(Duration::from_secs(3600))
        .max_queue(max_queue)
        .build()
        .unwrap()
}

fn assert_whole(bulkhead: &Bulkhead) {
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.queued), (0, 0));
    let all: Vec<_> = (0..LIMIT)
        .map(|_| bulkhead.try_acquire().unwrap())
        .collect();
    assert!(bulkhead.try_acquire().is_err());
    drop(all);
}

#[test]
fn threads_that_wait_all_get_through() {
    let (bulkhead, gate) = (bulkhead(100), Gate::default());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    bulkhead
                        .call(|| {
                            gate.pass();
                            Ok::<_, AppError>(())
                        })
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(gate.ran.load(Ordering::SeqCst), 4000);
    assert_eq!(bulkhead.snapshot().admitted, 4000);
    assert_whole(&bulkhead);
}

#[test]
fn waiters_that_leave_at_any_moment_lose_no_slot() {
    let (bulkhead, gate) = (bulkhead(100), Gate::default());
    let cancelled = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1500 {
                    let _permit = bulkhead.acquire().unwrap();
                    gate.pass();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1500 {
                    if let Ok(_permit) = bulkhead.try_acquire() {
                        gate.pass();
                    }
                }
            });
        }
        for worker in 0..3_u32 {
            let (bulkhead, gate, cancelled) = (&bulkhead, &gate, &cancelled);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for n in 0..1500_u32 {
                        let mut wait = pin!(bulkhead.acquire_async());
                        if (n + worker).is_multiple_of(3) {
                            let _permit = wait.await.unwrap();
                            gate.pass();
                        } else if poll_once(wait.as_mut()).is_pending() {
                            cancelled.fetch_add(1, Ordering::SeqCst);
                            if n.is_multiple_of(2) {
                                thread::yield_now();
                            }
                        }
                    }
                });
            });
        }
    });
    assert_eq!(
        bulkhead.snapshot().cancelled,
        cancelled.load(Ordering::SeqCst)
    );
    assert_whole(&bulkhead);
}

#[test]
fn limit_that_changes_all_the_time_is_never_exceeded() {
    let (bulkhead, gate) = (bulkhead(100), Gate::default());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let _permit = bulkhead.acquire().unwrap();
                    gate.pass();
                }
            });
        }
        scope.spawn(|| {
            for n in 0..2000 {
                bulkhead.set_max_concurrent(1 + n % LIMIT).unwrap();
                thread::yield_now();
            }
            bulkhead.set_max_concurrent(LIMIT).unwrap();
        });
    });
    assert_eq!(gate.ran.load(Ordering::SeqCst), 4000);
    assert_whole(&bulkhead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_that_wait_all_get_through() {
    let bulkhead = bulkhead(1000);
    let gate = std::sync::Arc::new(Gate::default());
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let (bulkhead, gate) = (bulkhead.clone(), std::sync::Arc::clone(&gate));
            tokio::spawn(async move {
                bulkhead
                    .call_async(async || {
                        gate.pass();
                        tokio::task::yield_now().await;
                        Ok::<_, AppError>(())
                    })
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(gate.ran.load(Ordering::SeqCst), 500);
    assert_whole(&bulkhead);
}
