//! When attempts start, and which outcome is that of the call.

use crate::support::{MS, Script, after, permanent, transient};
use gardefou::{
    AppError, ErrorCode, Rejection,
    call::{self, Context, InCall},
    error::{Policy, Rejector},
    hedge::Hedge,
    retry::Retry,
};
use std::{cell::Cell, future::pending, sync::Arc, time::Duration};

#[tokio::test(start_paused = true)]
async fn fast_first_attempt_needs_no_other_one() {
    let hedge = after(50).build().unwrap();
    for ms in [0, 49] {
        let script = Script::new([(ms, Ok)]);
        let (outcome, took) = script.run(&hedge).await;
        assert_eq!((outcome.unwrap(), took), (0, u128::from(ms)));
    }
    assert_eq!(hedge.snapshot().started, 0);
}

#[tokio::test(start_paused = true)]
async fn slow_first_attempt_loses_to_the_next_one() {
    let hedge = after(50).build().unwrap();
    let script = Script::new([(1000, Ok), (20, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (1, 70));
    assert_eq!(
        (script.started.get(), script.ended.get()),
        (2, 1),
        "the other one was dropped"
    );
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn slow_first_attempt_may_still_win() {
    let hedge = after(50).build().unwrap();
    let script = Script::new([(60, Ok), (20, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (0, 60));
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_starts_a_delay_after_the_one_before() {
    let hedge = after(50).max_hedges(3).build().unwrap();
    let script = Script::new([(1000, Ok), (1000, Ok), (1000, Ok), (10, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (3, 160));
}

#[tokio::test(start_paused = true)]
async fn no_more_attempts_start_than_are_allowed() {
    let hedge = after(50).max_hedges(2).build().unwrap();
    let script = Script::new([(1000, Ok), (1000, Ok), (1000, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took, script.started.get()), (0, 1000, 3));
    let alone = after(50).max_hedges(0).build().unwrap();
    let script = Script::new([(1000, |_| Err::<(), _>(transient()))]);
    let (outcome, took) = script.run(&alone).await;
    assert_eq!((outcome.is_err(), took), (true, 1000));
}

#[tokio::test(start_paused = true)]
async fn without_a_delay_all_start_at_once_unless_the_first_is_ready() {
    let hedge = after(0).max_hedges(3).build().unwrap();
    let script = Script::new([(30, Ok), (40, Ok), (10, Ok), (20, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took, script.started.get()), (2, 10, 4));
    let ready = Script::new([(0, Ok)]);
    assert_eq!(ready.run(&hedge).await.0.unwrap(), 0);
    assert_eq!(ready.started.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn with_an_endless_delay_attempts_follow_failures_one_by_one() {
    let hedge = Hedge::builder("endless")
        .after(Duration::MAX)
        .max_hedges(3)
        .build()
        .unwrap();
    let script = Script::new([
        (10, |_| Err(transient())),
        (20, |_| Err(transient())),
        (30, Ok),
    ]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took, script.started.get()), (2, 60, 3));
}

#[tokio::test(start_paused = true)]
async fn transient_failure_starts_the_next_attempt_at_once() {
    let hedge = after(50).build().unwrap();
    let script = Script::new([(5, |_| Err(transient())), (5, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (1, 10));
}

#[tokio::test(start_paused = true)]
async fn permanent_failure_of_any_attempt_is_returned_at_once() {
    let hedge = after(50).build().unwrap();
    let script = Script::new([(5, |_| Err::<(), _>(permanent()))]);
    let (outcome, took) = script.run(&hedge).await;
    assert!(outcome.unwrap_err().is(ErrorCode::FILE_NOT_FOUND_ERROR));
    assert_eq!((took, script.started.get()), (5, 1));

    let second = Script::new([(1000, |_| Ok(())), (5, |_| Err(permanent()))]);
    let (outcome, took) = second.run(&hedge).await;
    assert!(outcome.unwrap_err().is(ErrorCode::FILE_NOT_FOUND_ERROR));
    assert_eq!((took, second.ended.get()), (55, 1));
}

#[tokio::test(start_paused = true)]
async fn error_of_the_first_attempt_is_returned_where_all_fail() {
    let hedge = after(50).max_hedges(2).build().unwrap();
    let fail = |index: usize| Err::<(), _>(transient().with_detail("attempt", index));
    // The first one fails last.
    let script = Script::new([(200, fail), (5, fail), (5, fail)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!(
        (&outcome.unwrap_err().details()["attempt"], took),
        (&0.into(), 200)
    );
    let script = Script::new([(5, fail), (5, fail), (5, fail)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!(
        (&outcome.unwrap_err().details()["attempt"], took),
        (&0.into(), 15)
    );
}

#[tokio::test(start_paused = true)]
async fn failure_beside_a_running_attempt_waits_for_it() {
    let hedge = after(50).build().unwrap();
    let script = Script::new([(60, |_| Err(transient())), (100, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took, script.started.get()), (1, 150, 2));
}

#[derive(Debug)]
struct Full;

impl Rejector for Full {
    fn name(&self) -> &str {
        "full"
    }
}

#[tokio::test(start_paused = true)]
async fn attempt_without_room_leaves_the_next_one_to_its_delay() {
    let full = |_| {
        let code = ErrorCode::CONCURRENCY_LIMIT_ERROR;
        Err(Rejection::new(Policy::Bulkhead, code, Arc::new(Full), 0, None).into())
    };
    let hedge = after(50).build().unwrap();
    let script = Script::new([(0, full), (5, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (1, 55));
    // A hedge that finds no room ends nothing.
    let script = Script::new([(200, Ok), (0, full)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (0, 200));
    let script = Script::new([(0, full), (0, full)]);
    assert!(
        script
            .run(&hedge)
            .await
            .0
            .unwrap_err()
            .is(ErrorCode::CONCURRENCY_LIMIT_ERROR)
    );
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_deadline() {
    let hedge = after(50).build().unwrap();
    let script = Script::new([(1000, Ok)]);
    let request = Context::current().with_timeout(MS * 50);
    let (outcome, took) = script.run(&hedge).in_call(request).await;
    assert_eq!((outcome.unwrap(), took, script.started.get()), (0, 1000, 1));
}

/// Attempts borrow freely; their futures are neither `'static` nor `Send`.
#[tokio::test(start_paused = true)]
async fn attempts_borrow_from_their_surroundings() {
    let (words, seen) = (vec!["heron".to_owned()], Cell::new(0));
    let hedge = after(10).build().unwrap();
    let attempt = || async {
        seen.set(seen.get() + 1);
        tokio::time::sleep(MS * 30).await;
        Ok::<&str, String>(&words[0])
    };
    assert_eq!(hedge.call_async(attempt).await, Ok("heron"));
    assert_eq!(seen.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn call_of_a_hedge_can_be_spawned() {
    let hedge = after(10).build().unwrap();
    let task = tokio::spawn(async move {
        let words = [1, 2, 3];
        hedge
            .call_async(|| async { Ok::<_, AppError>(words.len()) })
            .await
    });
    assert_eq!(task.await.unwrap().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn attempt_of_the_retry_around_is_that_of_each_attempt_inside() {
    let hedge = after(10).build().unwrap();
    let retry = Retry::builder()
        .max_retries(1)
        .initial_delay(MS)
        .budget(false)
        .build()
        .unwrap();
    let seen = std::cell::RefCell::new(Vec::new());
    let outcome = retry.call_async(|| {
        hedge.call_async(|| async {
            seen.borrow_mut().push(call::attempt().unwrap().index);
            tokio::time::sleep(MS * 30).await;
            seen.borrow_mut().push(call::attempt().unwrap().index);
            Err::<(), _>(transient())
        })
    });
    assert!(outcome.await.is_err());
    assert_eq!(seen.into_inner(), [0, 0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(call::attempt(), None);
}

#[tokio::test(start_paused = true)]
async fn dropped_call_drops_every_attempt() {
    struct Guard<'a>(&'a Cell<u32>);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let (hedge, dropped) = (after(10).max_hedges(2).build().unwrap(), Cell::new(0));
    let call = hedge.call_async(|| async {
        let _guard = Guard(&dropped);
        pending::<Result<(), String>>().await
    });
    assert!(tokio::time::timeout(MS * 100, call).await.is_err());
    assert_eq!((dropped.get(), hedge.snapshot().started), (3, 2));
}

/// Calls side by side on one thread, and on several: each has attempts of its own.
#[test]
fn calls_side_by_side_do_not_mix() {
    let hedge = after(10).budget(false).build().unwrap();
    let call = async |number: u64| {
        let attempts = Cell::new(0);
        let outcome = hedge.call_async(|| {
            let attempt = attempts.replace(attempts.get() + 1);
            async move {
                tokio::time::sleep(MS * if attempt == 0 { 100 } else { 5 }).await;
                Ok::<_, AppError>((number, attempt))
            }
        });
        assert_eq!(outcome.await.unwrap(), (number, 1));
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let call = &call;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .start_paused(true)
                    .build()
                    .unwrap();
                let calls = (0..100).map(|task| call(thread * 1000 + task));
                runtime.block_on(futures::future::join_all(calls));
            });
        }
    });
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (400, 400));
}
