//! Reloads of how the limit of a bulkhead adapts.

use gardefou::{bulkhead::Bulkhead, system::ConfigFile, testing::Scope, time::SystemClock};
use std::{
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    task::{Context, Poll, Waker},
};

fn apply(text: &str) -> usize {
    ConfigFile::parse("gardefou.toml", text)
        .unwrap()
        .apply()
        .unwrap()
        .guards
}

fn overload(bulkhead: &Bulkhead) {
    let refused = gardefou::AppError::new(gardefou::ErrorCode::RESOURCE_BUSY_ERROR, "busy");
    let failed: Result<(), _> = bulkhead.call(|| Err(refused));
    assert!(failed.is_err());
}

#[test]
fn limit_begins_and_ends_to_adapt_while_calls_run() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let bulkhead = Bulkhead::builder("a")
        .max_concurrent(20)
        .build_shared()
        .unwrap();
    let running: Vec<_> = (0..12).map(|_| bulkhead.try_acquire().unwrap()).collect();
    overload(&bulkhead);
    assert_eq!(bulkhead.snapshot().limit, 20, "it does not adapt");
    assert_eq!(apply("[bulkhead.a]\nadaptive = true\nmin = 2\nmax = 30"), 1);
    assert_eq!(
        (bulkhead.snapshot().limit, bulkhead.snapshot().in_flight),
        (20, 12)
    );
    overload(&bulkhead);
    assert_eq!(bulkhead.snapshot().limit, 18);
    assert_eq!(
        (
            bulkhead.config().adaptive,
            bulkhead.config().min,
            bulkhead.config().max
        ),
        (true, 2, 30)
    );
    // Successes of calls that began before the limit adapted count.
    for permit in running.into_iter().take(2) {
        permit.success();
    }
    let running: Vec<_> = (0..12).map(|_| bulkhead.try_acquire().unwrap()).collect();
    for _ in 0..40 {
        bulkhead.try_acquire().unwrap().success();
    }
    assert!(
        bulkhead.snapshot().limit > 18,
        "{}",
        bulkhead.snapshot().limit
    );
    assert_eq!(apply(""), 1);
    assert_eq!(
        (bulkhead.snapshot().limit, bulkhead.snapshot().in_flight),
        (20, 12)
    );
    overload(&bulkhead);
    assert_eq!(bulkhead.snapshot().limit, 20);
    drop(running);
    let slots: Vec<_> = (0..40).map_while(|_| bulkhead.try_acquire().ok()).collect();
    assert_eq!(slots.len(), 20);
}

#[test]
fn learnt_limit_is_kept_within_the_new_bounds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let code = Bulkhead::builder("a").adaptive(true).max_concurrent(20);
    let bulkhead = code.build_shared().unwrap();
    overload(&bulkhead);
    assert_eq!(bulkhead.snapshot().limit, 18);
    apply("[bulkhead.a]\nmax = 100");
    assert_eq!(bulkhead.snapshot().limit, 18, "within the bounds");
    apply("[bulkhead.a]\nmin = 19");
    assert_eq!(bulkhead.snapshot().limit, 19);
    overload(&bulkhead);
    assert_eq!(bulkhead.snapshot().limit, 19, "the lowest");
    apply("[bulkhead.a]\nmax = 20");
    overload(&bulkhead);
    overload(&bulkhead);
    assert_eq!(bulkhead.snapshot().limit, 15);
    apply("[bulkhead.a]\nmax = 20\nmax_wait = 1");
    assert_eq!(bulkhead.snapshot().limit, 15);
    apply("[bulkhead.a]\nmax_concurrent = 12");
    assert_eq!(
        bulkhead.snapshot().limit,
        12,
        "the limit that an operator sets is where it goes on"
    );
    apply("[bulkhead.a]\nmax_concurrent = 12\nmax = 14");
    let running: Vec<_> = (0..11).map(|_| bulkhead.try_acquire().unwrap()).collect();
    (0..100).for_each(|_| bulkhead.try_acquire().unwrap().success());
    assert_eq!(bulkhead.snapshot().limit, 14, "the highest");
    drop(running);
}

#[test]
fn file_ends_the_adaption_of_the_code_with_its_bounds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let code = Bulkhead::builder("a")
        .adaptive(true)
        .min(4)
        .max(30)
        .max_concurrent(10);
    let bulkhead = code.build_shared().unwrap();
    overload(&bulkhead);
    apply("[bulkhead.a]\nadaptive = false");
    assert_eq!(
        (bulkhead.config().adaptive, bulkhead.snapshot().limit),
        (false, 10)
    );
    overload(&bulkhead);
    assert_eq!(bulkhead.snapshot().limit, 10);
    apply("");
    let config = bulkhead.config();
    assert_eq!((config.adaptive, config.min, config.max), (true, 4, 30));
    let wrong = ConfigFile::parse("gardefou.toml", "[bulkhead.a]\nadaptive = false\nmin = 3");
    assert_eq!(wrong.unwrap_err().problems()[0].field, "min");
}

#[test]
fn higher_floor_admits_calls_that_wait() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _runtime = runtime.enter();
    apply("[bulkhead.a]\nadaptive = true\nmax_concurrent = 1\nmax_wait = 60\nmax_queue = 4");
    let bulkhead = Bulkhead::builder("a")
        .clock(SystemClock)
        .build_shared()
        .unwrap();
    let running = bulkhead.try_acquire().unwrap();
    let mut first = pin!(bulkhead.acquire_async());
    let mut second = pin!(bulkhead.acquire_async());
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    apply(
        "[bulkhead.a]\nadaptive = true\nmax_concurrent = 2\nmin = 2\nmax_wait = 60\nmax_queue = 4",
    );
    let Poll::Ready(Ok(first)) = first.as_mut().poll(&mut context) else {
        panic!("the first in the queue has the new slot");
    };
    assert!(second.as_mut().poll(&mut context).is_pending());
    drop((running, first));
    assert!(second.as_mut().poll(&mut context).is_ready());
}

#[test]
fn no_slot_is_lost_where_the_limit_begins_and_ends_to_adapt_on_several_threads() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let bulkhead = Bulkhead::builder("a")
        .max_concurrent(8)
        .build_shared()
        .unwrap();
    let (is_over, most) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            let (bulkhead, is_over, most) = (bulkhead.clone(), &is_over, &most);
            threads.spawn(move || {
                let mut n = 0_u32;
                while !is_over.load(Ordering::Relaxed) {
                    n += 1;
                    let slots: Vec<_> = (0..4).map_while(|_| bulkhead.try_acquire().ok()).collect();
                    most.fetch_max(bulkhead.snapshot().in_flight, Ordering::Relaxed);
                    for slot in slots {
                        if n.is_multiple_of(16) {
                            drop(slot);
                        } else {
                            slot.success();
                        }
                    }
                    if n.is_multiple_of(32) {
                        let busy = gardefou::AppError::new(
                            gardefou::ErrorCode::RESOURCE_BUSY_ERROR,
                            "busy",
                        );
                        drop(bulkhead.call(|| Err::<(), _>(busy)));
                    }
                }
            });
        }
        for n in 0..300 {
            let text = match n % 3 {
                0 => "[bulkhead.a]\nadaptive = true\nmin = 2\nmax = 12",
                1 => "[bulkhead.a]\nadaptive = true\nmin = 6\nmax = 8",
                _ => "[bulkhead.a]\nmax_concurrent = 8\nmax_wait = 0",
            };
            assert_eq!(apply(text), 1);
            let limit = bulkhead.snapshot().limit;
            let expected = [2..=12, 6..=8, 8..=8];
            assert!(expected[n % 3].contains(&limit), "{n}: {limit}");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(most.load(Ordering::Relaxed) <= 12);
    assert_eq!(
        (bulkhead.snapshot().in_flight, bulkhead.snapshot().limit),
        (0, 8)
    );
    let slots: Vec<_> = (0..20).map_while(|_| bulkhead.try_acquire().ok()).collect();
    assert_eq!(slots.len(), 8);
}
