//! What a call gets and leaves: its slot, its error, its rejection.

use gardefou::{AppError, ErrorCode, Rejection, bulkhead::Bulkhead, error::Policy, testing::Scope};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    cell::Cell,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
};

fn bulkhead(max_concurrent: u32) -> Bulkhead {
    Bulkhead::builder("svc")
        .max_concurrent(max_concurrent)
        .build()
        .unwrap()
}

fn panic_in_future() -> Result<(), AppError> {
    panic!("on purpose")
}

fn in_flight(bulkhead: &Bulkhead) -> u32 {
    bulkhead.snapshot().in_flight
}

#[test]
fn third_call_of_two_is_rejected_and_does_not_run() {
    let bulkhead = bulkhead(2);
    let _running = [0, 1].map(|_| bulkhead.try_acquire().unwrap());
    let ran = Cell::new(false);
    let rejection = bulkhead
        .call(|| {
            ran.set(true);
            Ok::<_, Rejection>(())
        })
        .unwrap_err();
    assert!(!ran.get());
    assert_eq!(rejection.policy(), Policy::Bulkhead);
    assert_eq!(rejection.code(), ErrorCode::CONCURRENCY_LIMIT_ERROR);
    assert_eq!((rejection.retry_after(), rejection.ran()), (None, false));
    assert_eq!(rejection.to_string(), "bulkhead `svc` rejected the call");
    let error = AppError::from(rejection);
    assert_eq!(
        (error.to_problem().status(), &error.details()["bulkhead"]),
        (503, &"svc".into())
    );
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.admitted, snapshot.rejected.full), (2, 1));
}

#[tokio::test]
async fn rejected_future_is_not_made() {
    let bulkhead = bulkhead(0);
    let made = Cell::new(false);
    let outcome = bulkhead
        .call_async(|| {
            made.set(true);
            async { Ok::<_, AppError>(()) }
        })
        .await;
    assert!(outcome.unwrap_err().is(ErrorCode::CONCURRENCY_LIMIT_ERROR));
    let polled = bulkhead.run_async(async {
        made.set(true);
        Ok::<_, AppError>(())
    });
    assert!(polled.await.is_err());
    assert!(!made.get());
}

#[test]
fn limit_of_zero_rejects_every_call_at_once() {
    let closed = Bulkhead::builder("svc")
        .max_concurrent(0)
        .max_wait(std::time::Duration::from_secs(3600))
        .build()
        .unwrap();
    for _ in 0..3 {
        assert!(closed.acquire().is_err());
        assert!(closed.call(|| Ok::<_, AppError>(())).is_err());
    }
    let snapshot = closed.snapshot();
    assert_eq!((snapshot.rejected.full, snapshot.queued), (6, 0));
}

#[test]
fn error_of_the_function_is_returned_unchanged() {
    #[derive(Debug, PartialEq)]
    struct Own(u8);
    impl From<Rejection> for Own {
        fn from(_: Rejection) -> Self {
            Self(0)
        }
    }
    let bulkhead = bulkhead(1);
    assert_eq!(bulkhead.call(|| Err::<(), _>(Own(7))), Err(Own(7)));
    assert_eq!(in_flight(&bulkhead), 0);
}

#[test]
fn slot_is_given_back_once_by_success_error_and_panic() {
    let bulkhead = bulkhead(2);
    let other = bulkhead.try_acquire().unwrap();
    bulkhead.call(|| Ok::<_, AppError>(())).unwrap();
    assert_eq!(in_flight(&bulkhead), 1);
    let failing = || Err::<(), _>(AppError::new(ErrorCode::TIMEOUT_ERROR, "late"));
    bulkhead.call(failing).unwrap_err();
    assert_eq!(in_flight(&bulkhead), 1);
    let panicking = || bulkhead.call(|| -> Result<(), AppError> { panic!("on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    assert_eq!(in_flight(&bulkhead), 1);
    drop(other);
    assert_eq!(in_flight(&bulkhead), 0);
}

#[test]
fn slot_is_given_back_by_each_end_of_a_future() {
    let bulkhead = bulkhead(1);
    let call = || bulkhead.call_async(pending::<Result<(), AppError>>);
    drop(call());
    assert_eq!(
        bulkhead.snapshot().admitted,
        0,
        "dropped before its first poll"
    );
    {
        let mut pinned = pin!(call());
        assert!(poll_once(pinned.as_mut()).is_pending());
        assert_eq!(in_flight(&bulkhead), 1);
    }
    assert_eq!(in_flight(&bulkhead), 0, "dropped while it was pending");
    let mut ready = pin!(
        bulkhead.run_async(async { Err::<(), _>(AppError::new(ErrorCode::TIMEOUT_ERROR, "late")) })
    );
    assert!(poll_once(ready.as_mut()).is_ready());
    assert_eq!(in_flight(&bulkhead), 0, "ready, and not dropped yet");
}

#[test]
fn slot_of_a_future_that_panics_is_given_back_before_its_drop() {
    let bulkhead = bulkhead(1);
    let mut panics = pin!(bulkhead.run_async(async { panic_in_future() }));
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(panics.as_mut()))).is_err());
    assert_eq!(in_flight(&bulkhead), 0);
    assert!(bulkhead.try_acquire().is_ok());
}

#[test]
fn future_inside_is_dropped_before_the_slot_is_free() {
    struct Probe(Bulkhead);
    impl Drop for Probe {
        fn drop(&mut self) {
            assert!(
                self.0.try_acquire().is_err(),
                "its resources are still in use"
            );
        }
    }
    let bulkhead = bulkhead(1);
    {
        let probe = Probe(bulkhead.clone());
        let mut call = pin!(bulkhead.call_async(|| async move {
            let _probe = probe;
            pending::<Result<(), AppError>>().await
        }));
        assert!(poll_once(call.as_mut()).is_pending());
    }
    assert_eq!(in_flight(&bulkhead), 0);
}

#[test]
fn operation_may_borrow() {
    let bulkhead = bulkhead(1);
    let mut lines = vec![String::from("a")];
    let last = bulkhead.call(|| {
        lines.push(String::from("b"));
        Ok::<_, AppError>(lines.last().unwrap())
    });
    assert_eq!(last.unwrap(), "b");
}

#[tokio::test]
async fn call_can_be_awaited_in_a_spawned_task() {
    let bulkhead = bulkhead(1);
    let task = tokio::spawn(async move {
        let mut sum = 1;
        bulkhead
            .call_async(async || {
                tokio::task::yield_now().await;
                sum += 1;
                Ok::<_, AppError>(())
            })
            .await?;
        bulkhead
            .run_async(async { Ok::<_, AppError>(()) })
            .await??;
        drop(bulkhead.acquire_async().await?);
        Ok::<_, AppError>(sum)
    });
    assert_eq!(task.await.unwrap().unwrap(), 2);
}

#[test]
fn rejection_at_a_boundary_is_one_error() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let closed = bulkhead(0);
    let outcome = gardefou::error_boundary!("outer", {
        gardefou::error_boundary!("inner", { closed.call(|| Ok::<_, AppError>(1))? })?
    });
    assert!(outcome.unwrap_err().is(ErrorCode::CONCURRENCY_LIMIT_ERROR));
    assert_eq!(scope.monitor().stats().total_errors, 1);
}
