//! Async forms, on tokio's paused time.

use crate::support::{RecordingClock, SECOND, doubling, failure, script};
use gardefou::{
    AppError, ErrorCode, Rejection,
    retry::{Backoff, Jitter, Next, Retry, RetryBuilder},
};
use gardefou_tests::testkit::poll::ready;
use std::{cell::Cell, future::pending, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Delays of 1, 2, 4, ... seconds on tokio's clock.
fn on_tokio() -> RetryBuilder {
    Retry::builder().backoff(Backoff::exponential(SECOND).jitter(Jitter::None))
}

fn elapsed(since: Instant) -> f64 {
    since.elapsed().as_secs_f64().round()
}

#[tokio::test(start_paused = true)]
async fn async_function_is_awaited_and_called_again() {
    let (start, runs) = (Instant::now(), Cell::new(0));
    let retry = on_tokio().build().unwrap();
    let outcome = retry.call_async(async || {
        runs.set(runs.get() + 1);
        tokio::task::yield_now().await;
        Err::<(), _>("down")
    });
    assert_eq!(outcome.await, Err("down"));
    assert_eq!((runs.get(), elapsed(start)), (4, 7.0));
}

#[tokio::test]
async fn both_forms_make_the_same_decisions_on_the_same_script() {
    let outcomes = || {
        let busy = || failure(ErrorCode::RATE_LIMIT_ERROR).with_retry_after(SECOND * 5);
        [
            Err(failure(ErrorCode::SYNC_ERROR)),
            Err(busy()),
            Err(failure(ErrorCode::SYNC_ERROR)),
            Ok("good"),
        ]
    };
    for max_elapsed in [3, 6, 100] {
        let (blocking, asynchronous) = (RecordingClock::default(), RecordingClock::default());
        let build = |clock: &RecordingClock| {
            doubling(clock)
                .max_elapsed(SECOND * max_elapsed)
                .build()
                .unwrap()
        };
        let mut next = script(outcomes());
        let one = build(&blocking).call(script(outcomes()));
        let other = build(&asynchronous)
            .call_async(|| std::future::ready(next()))
            .await;
        assert_eq!(
            one.map_err(|e| e.details().clone()),
            other.map_err(|e| e.details().clone())
        );
        assert_eq!(blocking.slept(), asynchronous.slept());
    }
}

#[tokio::test(start_paused = true)]
async fn future_that_was_never_polled_has_called_nothing() {
    let runs = Cell::new(0);
    let retry = on_tokio().build().unwrap();
    drop(retry.call_async(async || {
        runs.set(runs.get() + 1);
        Ok::<_, String>(())
    }));
    assert_eq!(runs.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn cancelling_during_a_wait_returns_at_once_and_runs_nothing_more() {
    let (start, runs) = (Instant::now(), Cell::new(0));
    let retry = on_tokio().initial_delay(SECOND * 50).build().unwrap();
    let call = retry.call_async(async || {
        runs.set(runs.get() + 1);
        Err::<(), _>("down")
    });
    assert!(tokio::time::timeout(SECOND * 3, call).await.is_err());
    assert_eq!(elapsed(start), 3.0);
    tokio::time::sleep(SECOND * 1000).await;
    assert_eq!(runs.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn cancelling_an_attempt_drops_it() {
    struct Guard<'a>(&'a Cell<bool>);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Cell::new(false);
    let retry = on_tokio().build().unwrap();
    let call = retry.call_async(async || {
        let _guard = Guard(&dropped);
        pending::<Result<(), String>>().await
    });
    assert!(tokio::time::timeout(SECOND, call).await.is_err());
    assert!(dropped.get());
}

#[tokio::test(start_paused = true)]
async fn zero_delay_starts_no_timer_and_does_not_even_yield() {
    let start = Instant::now();
    let retry = on_tokio()
        .initial_delay(Duration::ZERO)
        .max_retries(1000)
        .budget(false)
        .build()
        .unwrap();
    let call = retry.call_async(async || Err::<(), _>("down"));
    assert_eq!(ready(call), Err("down"));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn predicate_that_panics_ends_the_future() {
    let retry = on_tokio()
        .retry_if(|_: &AppError| panic!("a faulty predicate"))
        .build()
        .unwrap();
    let task = tokio::spawn(async move {
        retry
            .call_async(async || Err::<(), _>(failure(ErrorCode::SYNC_ERROR)))
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn attempt_timeout_applies_per_attempt_and_is_retried() {
    let (start, runs) = (Instant::now(), Cell::new(0));
    let retry = on_tokio().attempt_timeout(SECOND * 10).build().unwrap();
    let outcome = retry.call_async(async || {
        runs.set(runs.get() + 1);
        if runs.get() < 3 {
            pending::<()>().await;
        }
        Ok::<_, AppError>("at last")
    });
    assert_eq!(outcome.await.unwrap(), "at last");
    assert_eq!((runs.get(), elapsed(start)), (3, 10.0 + 1.0 + 10.0 + 2.0));
}

#[tokio::test(start_paused = true)]
async fn last_attempt_that_times_out_is_a_timeout_error() {
    let retry = on_tokio()
        .name("fetch")
        .max_retries(1)
        .attempt_timeout(SECOND * 10)
        .build()
        .unwrap();
    let err = retry
        .call_async(pending::<Result<(), AppError>>)
        .await
        .unwrap_err();
    assert!(err.is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(err.to_string(), "timeout `fetch` cut off the call");
    let rejection = err.downcast_ref::<Rejection>().unwrap();
    assert_eq!(
        rejection.cause().unwrap(),
        "the attempt took longer than 10s"
    );
    assert!(rejection.ran());
    assert_eq!(
        (&err.details()["attempts"], &err.details()["elapsed"]),
        (&2.into(), &11.0.into())
    );
}

#[tokio::test(start_paused = true)]
async fn with_both_limits_even_a_hanging_function_ends_in_time() {
    let start = Instant::now();
    let retry = on_tokio()
        .max_retries(100)
        .max_elapsed(SECOND * 15)
        .attempt_timeout(SECOND * 10)
        .build()
        .unwrap();
    let err = retry
        .call_async(pending::<Result<(), AppError>>)
        .await
        .unwrap_err();
    assert!(err.is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(
        (err.details()["attempts"].clone(), elapsed(start)),
        (2.into(), 15.0),
        "10, a wait of 1, and the 4 left"
    );
}

#[tokio::test(start_paused = true)]
async fn error_type_of_the_users_own_takes_the_timeout_as_a_rejection() {
    #[derive(Debug)]
    enum Own {
        Rejected(Rejection),
    }
    impl From<Rejection> for Own {
        fn from(rejection: Rejection) -> Self {
            Self::Rejected(rejection)
        }
    }
    let retry = on_tokio()
        .max_retries(0)
        .attempt_timeout(SECOND)
        .build()
        .unwrap();
    let Err(Own::Rejected(rejection)) = retry.call_async(pending::<Result<(), Own>>).await else {
        panic!("it hangs")
    };
    assert_eq!(rejection.code(), ErrorCode::TIMEOUT_ERROR);
}

#[tokio::test(start_paused = true)]
async fn loop_in_place_waits_without_blocking() {
    let start = Instant::now();
    let retry = on_tokio().build().unwrap();
    let mut run = retry.start();
    let outcome = loop {
        let index = run.attempt().index;
        let delay = {
            let mut result = if index == 2 { Ok(index) } else { Err(index) };
            match run.after(&mut result) {
                Next::Return => break result,
                Next::Wait(delay) => delay,
            }
        };
        run.wait_async(delay).await;
    };
    assert_eq!((outcome, elapsed(start)), (Ok(2), 3.0));
}

#[tokio::test(start_paused = true)]
async fn future_of_a_call_can_be_spawned() {
    let retry = on_tokio().build().unwrap();
    let task = tokio::spawn(async move {
        let text = String::from("borrowed across the await");
        retry
            .call_async(async || {
                if text.is_empty() {
                    Err("empty")
                } else {
                    Ok(text.len())
                }
            })
            .await
    });
    assert_eq!(task.await.unwrap(), Ok(25));
}

#[tokio::test]
async fn manual_clock_applies_to_the_async_form() {
    let clock = RecordingClock::default();
    let outcome = doubling(&clock)
        .build()
        .unwrap()
        .call_async(async || Err::<(), _>("down"))
        .await;
    assert_eq!(
        (outcome, clock.slept_seconds()),
        (Err("down"), vec![1.0, 2.0, 4.0])
    );
}

#[test]
fn retry_adds_little_to_the_future_that_it_guards() {
    fn work() -> impl Future<Output = Result<u64, AppError>> {
        let room = [0_u64; 32];
        async move {
            tokio::task::yield_now().await;
            Ok(room.iter().sum())
        }
    }
    let retry = on_tokio().build().unwrap();
    let (bare, guarded) = (size_of_val(&work()), size_of_val(&retry.call_async(work)));
    assert!(guarded <= bare + 128, "{guarded} bytes around {bare}");
}

/// State that attempts borrow mutably.
#[derive(Default)]
struct Reader {
    reads: u32,
    seen: Vec<u32>,
}

impl Reader {
    async fn next(&mut self) -> Result<u32, String> {
        self.reads += 1;
        tokio::task::yield_now().await;
        self.seen.push(self.reads);
        if self.reads < 3 {
            Err(format!("read {}", self.reads))
        } else {
            Ok(self.reads)
        }
    }

    async fn next_again(&mut self, retry: &Retry) -> Result<u32, String> {
        retry
            .call_with_state_async(self, |reader: &mut Self| async move {
                let result = reader.next().await;
                (reader, result)
            })
            .await
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_may_borrow_their_state_in_a_spawned_task() {
    let start = Instant::now();
    let task = tokio::spawn(async {
        let (retry, mut reader) = (on_tokio().build().unwrap(), Reader::default());
        let outcome = reader.next_again(&retry).await;
        (outcome, reader.seen)
    });
    assert_eq!(task.await.unwrap(), (Ok(3), vec![1, 2, 3]));
    assert_eq!(elapsed(start), 3.0);
}

#[tokio::test(start_paused = true)]
async fn state_may_be_owned_and_ends_with_the_call() {
    let guard = Arc::new(());
    let retry = on_tokio().max_retries(1).build().unwrap();
    let outcome =
        retry.call_with_state_async((Arc::clone(&guard), 0), |(guard, runs)| async move {
            tokio::task::yield_now().await;
            ((guard, runs + 1), Err::<(), _>(runs))
        });
    assert_eq!((outcome.await, Arc::strong_count(&guard)), (Err(1), 1));
}
