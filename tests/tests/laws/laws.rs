//! The laws, each a test for each guard.

use super::guards::{
    Bounded, Composed, Empty, FallingBack, Guard, HalfOpen, Hedging, Limited, Paced, Retrying,
};
use gardefou::{AppError, ErrorCode, Rejection, testing::Scope};
use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// An error of the user's, which no policy knows, and which cannot be cloned.
#[derive(Debug)]
enum Own {
    Failed(Box<u32>),
    Rejected,
}

impl From<Rejection> for Own {
    fn from(_: Rejection) -> Self {
        Self::Rejected
    }
}

/// Counts its drops.
struct Held(Arc<AtomicU32>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn slot_after_success<G: Guard>() {
    let guard = G::make();
    for _ in 0..3 {
        if G::BLOCKS {
            guard.call(|| Ok::<_, Own>(1)).unwrap();
            assert!(guard.admits());
        }
        let mut call = pin!(guard.call_async(|| async { Ok::<_, Own>(1) }));
        assert!(matches!(poll_once(call.as_mut()), Poll::Ready(Ok(1))));
        assert!(guard.admits());
    }
}

fn slot_after_error<G: Guard>() {
    let guard = G::make();
    let permanent = || AppError::new(ErrorCode::PERMISSION_ERROR, "no access");
    for _ in 0..3 {
        if G::BLOCKS {
            assert!(guard.call(|| Err::<(), _>(permanent())).is_err());
            assert!(guard.admits());
            assert!(
                guard
                    .call(|| Err::<(), _>(Own::Failed(Box::new(1))))
                    .is_err()
            );
            assert!(guard.admits());
        }
        let mut call = pin!(guard.call_async(|| async { Err::<(), _>(permanent()) }));
        assert!(matches!(poll_once(call.as_mut()), Poll::Ready(Err(_))));
        assert!(guard.admits());
    }
}

fn slot_after_panic<G: Guard>() {
    let guard = G::make();
    for _ in 0..3 {
        if G::BLOCKS {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                guard.call(|| -> Result<(), Own> { panic!("on purpose") })
            }));
            assert!(panicked.is_err());
            assert!(guard.admits());
        }
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let panics = || async {
                if true {
                    panic!("on purpose")
                } else {
                    Ok::<(), Own>(())
                }
            };
            let mut call = pin!(guard.call_async(panics));
            let _ = poll_once(call.as_mut());
        }));
        assert!(panicked.is_err());
        assert!(guard.admits());
    }
}

fn slot_after_drop_before_the_first_poll<G: Guard>() {
    let guard = G::make();
    for _ in 0..3 {
        drop(guard.call_async(pending::<Result<(), Own>>));
        assert!(guard.admits());
    }
}

async fn slot_after_drop_while_pending<G: Guard>() {
    let guard = G::make();
    for _ in 0..3 {
        let mut call = Box::pin(guard.call_async(pending::<Result<(), Own>>));
        for _ in 0..2 {
            assert!(
                poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx)))
                    .await
                    .is_pending()
            );
        }
        drop(call);
        assert!(guard.admits());
    }
}

fn error_is_untouched<G: Guard>() {
    let guard = G::make();
    let made = RefCell::new(Vec::new());
    let fail = || {
        let error = Box::new(7);
        made.borrow_mut().push(&raw const *error);
        Err::<(), _>(Own::Failed(error))
    };
    if G::BLOCKS {
        let Err(Own::Failed(error)) = guard.call(fail) else {
            panic!("another error");
        };
        assert!(
            made.borrow().contains(&(&raw const *error)) && *error == 7,
            "the very same"
        );
        assert!(guard.admits());
    }
    let mut call = pin!(guard.call_async(|| async { fail() }));
    let Poll::Ready(Err(Own::Failed(error))) = poll_once(call.as_mut()) else {
        panic!("another error");
    };
    assert!(made.borrow().contains(&(&raw const *error)) && *error == 7);
}

fn nothing_runs_when_rejected<G: Guard>() {
    if !G::REJECTS {
        return;
    }
    let guard = G::make();
    let runs = Cell::new(0);
    let run = || {
        runs.set(runs.get() + 1);
        Ok::<_, Own>(())
    };
    guard.while_rejecting(|| {
        if G::BLOCKS {
            assert!(matches!(guard.call(run), Err(Own::Rejected)));
        }
        let made = || {
            runs.set(runs.get() + 1);
            async { run() }
        };
        let mut call = pin!(guard.call_async(made));
        assert!(matches!(
            poll_once(call.as_mut()),
            Poll::Ready(Err(Own::Rejected))
        ));
    });
    assert_eq!(runs.get(), 0);
    assert!(guard.admits());
}

async fn cancellation_passes_through<G: Guard>() {
    let scope = Scope::new();
    let entered = scope.enter();
    let guard = G::make();
    let drops = Arc::new(AtomicU32::new(0));
    let mut call = Box::pin(guard.call_async(|| {
        let held = Held(Arc::clone(&drops));
        async move {
            let _held = held;
            pending::<Result<(), Own>>().await
        }
    }));
    assert!(
        poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx)))
            .await
            .is_pending()
    );
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(call);
    assert_eq!(drops.load(Ordering::Relaxed), 1, "at once");
    assert_eq!(
        scope.monitor().stats().total_errors,
        0,
        "and it is no error"
    );
    drop(entered);
}

/// The operation and what it borrows live shorter than the guard.
fn static_is_not_required<G: Guard>() {
    let guard = G::make();
    let text = String::from("text");
    let borrowed: &str = &text;
    if G::BLOCKS {
        let seen: &str = guard.call(|| Ok::<_, Own>(borrowed)).unwrap();
        assert_eq!(seen, "text");
        assert!(guard.admits());
    }
    let mut call = pin!(guard.call_async(|| async { Ok::<_, Own>(borrowed) }));
    assert!(matches!(poll_once(call.as_mut()), Poll::Ready(Ok("text"))));
}

/// An async call can be spawned where its operation can.
async fn call_is_send<G: Guard + SendCall>() {
    let guard = G::make();
    assert_eq!(tokio::spawn(guard.send_call()).await.unwrap(), 3);
}

/// The call of each guard in a task; `Send` shows only for concrete types.
pub(crate) trait SendCall {
    fn send_call(self) -> impl Future<Output = u32> + Send + 'static;
}

/// Makes a module of tests for each guard.
macro_rules! laws {
    ($($module:ident: $guard:ty;)+) => {
        $(
            impl SendCall for $guard {
                async fn send_call(self) -> u32 {
                    self.call_async(|| async { Ok::<_, Own>(3) }).await.unwrap()
                }
            }

            mod $module {
                use super::*;

                #[test]
                fn slot_is_given_back_on_success() {
                    slot_after_success::<$guard>();
                }

                #[test]
                fn slot_is_given_back_on_error() {
                    slot_after_error::<$guard>();
                }

                #[test]
                fn slot_is_given_back_on_panic() {
                    slot_after_panic::<$guard>();
                }

                #[test]
                fn slot_is_given_back_on_drop_before_the_first_poll() {
                    slot_after_drop_before_the_first_poll::<$guard>();
                }

                #[tokio::test(start_paused = true)]
                async fn slot_is_given_back_on_drop_while_pending() {
                    slot_after_drop_while_pending::<$guard>().await;
                }

                #[test]
                fn error_of_the_user_is_untouched() {
                    error_is_untouched::<$guard>();
                }

                #[test]
                fn nothing_runs_when_the_call_is_rejected() {
                    nothing_runs_when_rejected::<$guard>();
                }

                #[tokio::test(start_paused = true)]
                async fn cancellation_passes_through_to_the_operation() {
                    cancellation_passes_through::<$guard>().await;
                }

                #[test]
                fn operation_need_not_be_static() {
                    static_is_not_required::<$guard>();
                }

                #[tokio::test]
                async fn call_can_be_spawned() {
                    call_is_send::<$guard>().await;
                }
            }
        )+
    };
}

laws! {
    circuit_breaker: HalfOpen;
    retry: Retrying;
    timeout: Limited;
    fallback: FallingBack;
    bulkhead: Bounded;
    rate_limit: Paced;
    hedge: Hedging;
    pipeline: Composed;
    empty_pipeline: Empty;
}
