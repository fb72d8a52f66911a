//! Asynchronous calls: interleaved, dropped, and panicking.

use super::support::{Spans, failure, single};
use gardefou::{AppError, retry, timeout, with_circuit_breaker};
use std::{
    future::{Future, pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// Is pending once.
async fn step() {
    let mut was_polled = false;
    poll_fn(|_| {
        if std::mem::replace(&mut was_polled, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[with_circuit_breaker(name = "spans-walk", span = true)]
async fn walk(who: &str, steps: u32) -> Result<u32, AppError> {
    for at in 0..steps {
        tracing::info!("{who} {at}");
        step().await;
    }
    Ok(steps)
}

#[test]
fn interleaved_calls_of_one_thread_do_not_mix() {
    let ((), spans) = Spans::of(|| {
        let (mut ann, mut bob) = (pin!(walk("ann", 2)), pin!(walk("bob", 3)));
        assert!(poll(ann.as_mut()).is_pending());
        tracing::info!("between");
        assert!(poll(bob.as_mut()).is_pending());
        assert!(poll(ann.as_mut()).is_pending());
        assert!(poll(bob.as_mut()).is_pending());
        assert!(poll(ann.as_mut()).is_ready());
        assert!(poll(bob.as_mut()).is_pending());
        assert!(poll(bob.as_mut()).is_ready());
    });
    let [ann, bob] = &spans[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(ann.messages(), ["ann 0", "ann 1"]);
    assert_eq!(bob.messages(), ["bob 0", "bob 1", "bob 2"]);
    assert_eq!((ann.parent, bob.parent), (None, None));
    // Polled 3 and 4 times; the subscriber checks that each was left and closed once.
    assert!(ann.entered >= 3 && bob.entered >= 4);
    assert_eq!((ann.outcome(), bob.outcome()), ("succeeded", "succeeded"));
}

#[test]
fn call_that_moves_to_another_thread_keeps_its_span() {
    let spans = Spans::default();
    let dispatch = tracing::Dispatch::new(spans.subscriber());
    let mut call = Box::pin(walk("ann", 1));
    tracing::dispatcher::with_default(&dispatch, || assert!(poll(call.as_mut()).is_pending()));
    let there = dispatch.clone();
    std::thread::spawn(move || {
        tracing::dispatcher::with_default(&there, || assert!(poll(call.as_mut()).is_ready()));
    })
    .join()
    .unwrap();
    assert_eq!(single(spans.all()).outcome(), "succeeded");
}

struct LogsItsDrop;

impl Drop for LogsItsDrop {
    fn drop(&mut self) {
        tracing::info!("dropped");
    }
}

#[timeout("1h", span = true)]
async fn wait_forever() -> Result<(), AppError> {
    let _logs = LogsItsDrop;
    pending().await
}

#[tokio::test(start_paused = true)]
async fn dropped_call_is_cancelled() {
    let ((), spans) = Spans::of(|| {
        let mut call = Box::pin(wait_forever());
        assert!(poll(call.as_mut()).is_pending());
    });
    let span = single(spans);
    assert_eq!(span.outcome(), "cancelled");
    assert_eq!(
        span.messages(),
        ["dropped"],
        "what a drop logs is in the span"
    );
    assert!(!span.fields.contains_key("otel.status_code"));
}

#[tokio::test(start_paused = true)]
async fn call_that_was_never_polled_has_no_span() {
    let ((), spans) = Spans::of(|| drop(wait_forever()));
    assert_eq!(spans, []);
}

#[test]
fn panic_in_a_poll_ends_the_span_although_the_future_is_dropped_later() {
    #[retry(max_retries = 2, span = true)]
    async fn explode() -> Result<(), AppError> {
        step().await;
        panic!("boom")
    }
    let ((), spans) = Spans::of(|| {
        let mut call = Box::pin(explode());
        assert!(poll(call.as_mut()).is_pending());
        let caught = catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()).is_ready()));
        assert!(caught.is_err());
        tracing::info!("elsewhere");
        drop(call);
    });
    let span = single(spans);
    assert_eq!((span.outcome(), span.messages().len()), ("panicked", 0));
}

#[test]
fn pending_call_that_an_unwinding_thread_drops_is_cancelled() {
    let (caught, spans) = Spans::of(|| {
        catch_unwind(|| {
            let mut call = Box::pin(walk("ann", 9));
            assert!(poll(call.as_mut()).is_pending());
            panic!("elsewhere")
        })
    });
    let caught: std::thread::Result<()> = caught;
    assert!(caught.is_err());
    assert_eq!(single(spans).outcome(), "cancelled");
}

#[test]
fn stacked_guards_are_parent_and_child_across_polls() {
    #[with_circuit_breaker(name = "spans-stacked", span = true)]
    #[retry(max_retries = 1, initial_delay = 0, span = true)]
    async fn stacked() -> Result<(), AppError> {
        step().await;
        tracing::info!("ran");
        Err(failure("busy"))
    }
    let ((), spans) = Spans::of(|| {
        let mut call = Box::pin(stacked());
        while poll(call.as_mut()).is_pending() {}
    });
    let [breaker, retry] = &spans[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!((breaker.parent, retry.parent), (None, Some(0)));
    assert_eq!(breaker.fields["error.id"], retry.fields["error.id"]);
    assert_eq!(retry.attempts(), ["1 failed after 0.0", "2 failed"]);
    assert_eq!(breaker.attempts(), [""; 0], "the innermost span has them");
    assert_eq!(
        retry
            .messages()
            .iter()
            .filter(|message| **message == "ran")
            .count(),
        2
    );
}

#[test]
fn futures_with_a_span_stay_send() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&walk("ann", 1));
    is_send(&wait_forever());
}
