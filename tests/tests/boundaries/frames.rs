//! Frames of boundaries in place while futures wait: a frame is current during each poll of its
//! future, and not in between.

use crate::support::{Observed, panics};
use gardefou::{
    AppError,
    call::{self, Context, InCall},
    enhanced_error_handling, error_boundary, retry, transaction_boundary,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

/// Is pending once.
async fn turn() {
    let mut is_first = true;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::take(&mut is_first) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

/// Polls futures in turn until each is ready.
fn interleave<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    while waiting.iter().any(|(_, output)| output.is_none()) {
        for (future, output) in waiting.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = poll_once(future.as_mut()) {
                *output = Some(ready);
            }
        }
    }
    waiting
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}

async fn later(value: u8) -> Result<u8, AppError> {
    turn().await;
    Ok(value)
}

#[tokio::test]
async fn arguments_of_an_awaited_call_are_awaited() {
    let sum = error_boundary!("frames-chain", {
        later(later(1).await? + later(2).await?).await?
    });
    assert_eq!(sum.ok(), Some(3));
}

/// How a future ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Value,
    Return,
    Error,
    Panic,
}

impl End {
    /// The poll of [`deep`] that is its last one.
    fn last_poll(self) -> usize {
        match self {
            End::Return | End::Panic => 6,
            End::Error => 7,
            End::Value => 8,
        }
    }
}

const ENDS: [End; 4] = [End::Value, End::Return, End::Error, End::Panic];

/// Waits seven times in boundaries that are nested three deep, in a loop.
async fn deep(end: End) -> Result<u8, AppError> {
    error_boundary!("deep-outer", {
        turn().await;
        let mut sum = 0;
        for round in 0..2_u8 {
            sum += error_boundary!("deep-middle", {
                turn().await;
                let inner = error_boundary!("deep-inner", {
                    turn().await;
                    match (round, end) {
                        (0, _) => continue,
                        (_, End::Value) => later(round).await?,
                        (_, End::Return) => return Ok(100),
                        (_, End::Error) => "none".parse::<u8>()?,
                        (_, End::Panic) => panic!("broken between awaits"),
                    }
                });
                transaction_boundary!("deep-transaction", |_tx| {
                    turn().await;
                    inner?
                })?
            })?;
        }
        sum
    })
}

#[enhanced_error_handling]
fn frames_caller_inner() -> Result<(), String> {
    Err("no route".into())
}

/// As [`frames_caller_inner`], for another test.
#[enhanced_error_handling]
fn frames_order_inner() -> Result<(), String> {
    Err("no route".into())
}

/// As [`frames_caller_outer`], for another test.
#[enhanced_error_handling]
fn frames_order_outer(before: impl FnOnce()) -> Result<(), String> {
    before();
    frames_order_inner()
}

/// Fails with an error that a function inside of this one reported. It is recognised if the frame
/// of this function was current then.
#[enhanced_error_handling]
fn frames_caller_outer(before: impl FnOnce()) -> Result<(), String> {
    before();
    frames_caller_inner()
}

#[test]
fn frame_of_the_caller_is_current_after_each_poll() {
    let observed = Observed::on("frames_caller");
    for end in ENDS {
        for polls in 0..=8_usize {
            let mut future = Box::pin(deep(end));
            let mut is_over = false;
            for _ in 0..polls {
                let outcome = frames_caller_outer(|| {
                    // A panic leaves the future half-way.
                    is_over |=
                        panics(|| is_over |= !is_over && poll_once(future.as_mut()).is_ready());
                });
                assert!(outcome.is_err());
            }
            assert!(frames_caller_outer(|| drop(future)).is_err());
            assert_eq!(
                is_over,
                polls >= end.last_poll(),
                "{end:?} after {polls} polls"
            );
            assert_eq!(
                observed.operations(),
                vec!["frames_caller_inner"; polls + 1],
                "{end:?} after {polls} polls"
            );
            observed.clear();
        }
    }
}

#[test]
fn futures_that_are_dropped_in_each_order_leave_the_frame_of_the_caller() {
    let observed = Observed::on("frames_order");
    for polls in 1..6 {
        let outcome = frames_order_outer(|| {
            let [mut one, mut two] = [Box::pin(deep(End::Value)), Box::pin(deep(End::Error))];
            for _ in 0..polls {
                assert!(
                    poll_once(one.as_mut()).is_pending() && poll_once(two.as_mut()).is_pending()
                );
            }
            if polls % 2 == 0 {
                drop(one);
                drop(two);
            } else {
                drop(two);
                drop(one);
            }
        });
        assert!(outcome.is_err());
    }
    assert_eq!(observed.operations(), ["frames_order_inner"; 5]);
}

#[enhanced_error_handling]
async fn frames_two_inner(turns: u8) -> Result<(), String> {
    for _ in 0..turns {
        turn().await;
    }
    Err("no route".into())
}

/// Fails with the error of the function inside, out of three boundaries in place.
#[enhanced_error_handling]
async fn frames_two_outer(turns: u8) -> Result<(), String> {
    let reached = error_boundary!("two-outer", {
        turn().await;
        for round in 0..2_u8 {
            error_boundary!("two-middle", {
                turn().await;
                error_boundary!("two-inner", {
                    if round == 0 {
                        continue;
                    }
                    if let Err(text) = frames_two_inner(turns).await {
                        turn().await;
                        return Err(text);
                    }
                    panic!("the function inside fails");
                })?;
            })?;
        }
    });
    assert!(reached.is_ok());
    Ok(())
}

#[test]
fn interleaved_futures_keep_equal_errors_apart() {
    let observed = Observed::on("frames_two");
    let outcomes = interleave((0..10).map(|turns| frames_two_outer(turns % 4)));
    assert_eq!(outcomes, vec![Err("no route".to_owned()); 10]);
    assert_eq!(observed.operations(), ["frames_two_inner"; 10]);
}

#[enhanced_error_handling]
async fn frames_swallowed_inner() -> Result<(), String> {
    turn().await;
    Err("no route".into())
}

/// Continues after the error of the function inside, and then fails with one of its own with the
/// same text.
#[enhanced_error_handling]
async fn frames_swallowed_outer() -> Result<(), String> {
    let value = error_boundary!("swallowed", rethrow = false, {
        turn().await;
        let outcome = frames_swallowed_inner().await;
        assert!(outcome.is_err());
        turn().await;
    });
    assert_eq!(value, Some(()));
    Err("no route".into())
}

#[test]
fn error_that_ends_in_a_boundary_hides_no_equal_one_after_it() {
    let observed = Observed::on("frames_swallowed");
    assert!(
        interleave([frames_swallowed_outer(), frames_swallowed_outer()])
            .iter()
            .all(Result::is_err)
    );
    let mut operations = observed.operations();
    operations.sort();
    let (inner, outer) = ("frames_swallowed_inner", "frames_swallowed_outer");
    assert_eq!(operations, [inner, inner, outer, outer]);
}

#[derive(Debug, PartialEq)]
struct Tenant(&'static str);

/// What the context shows: the index of the attempt, the tenant, and the minutes that remain.
fn seen() -> (Option<u32>, Option<&'static str>, Option<u64>) {
    let minutes = call::remaining().map(|left| left.as_secs().div_ceil(60));
    (
        call::attempt().map(|attempt| attempt.index),
        call::value::<Tenant>().map(|tenant| tenant.0),
        minutes,
    )
}

const NOTHING: (Option<u32>, Option<&str>, Option<u64>) = (None, None, None);

#[retry(max_retries = 2, initial_delay = 0)]
async fn watched(tenant: &'static str, minutes: u64) -> Result<u32, AppError> {
    let index = call::attempt().expect("a retry is under way").index;
    let here = (Some(index), Some(tenant), Some(minutes));
    error_boundary!("frames-watched-outer", {
        turn().await;
        assert_eq!(seen(), here);
        let reached = error_boundary!("frames-watched-inner", {
            assert_eq!(seen(), here);
            turn().await;
            assert_eq!(seen(), here);
            transaction_boundary!("frames-watched-transaction", |_tx| {
                turn().await;
                assert_eq!(seen(), here);
                index
            })?
        });
        assert_eq!(seen(), here);
        if index < 2 {
            Err(std::io::Error::from(std::io::ErrorKind::TimedOut))?;
        }
        turn().await;
        assert_eq!(seen(), here);
        reached?
    })
}

#[test]
fn attempt_value_and_deadline_are_those_of_the_future_that_is_polled() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let start = |tenant: &'static str, minutes: u64| {
        let context = Context::current()
            .with(Tenant(tenant))
            .with_timeout(Duration::from_secs(60 * minutes));
        Box::pin(watched(tenant, minutes).in_call(context))
    };
    let mut futures = [start("acme", 5), start("umbrella", 90)].map(|future| (future, None));
    let around = Context::current().with(Tenant("caller"));
    let mut polls = 0;
    while futures.iter().any(|(_, output)| output.is_none()) {
        polls += 1;
        assert!(polls < 100, "the futures wait for nothing");
        for (future, output) in futures.iter_mut().filter(|(_, output)| output.is_none()) {
            around.run(|| {
                if let Poll::Ready(ready) = poll_once(future.as_mut()) {
                    *output = Some(ready);
                }
                assert_eq!(seen(), (None, Some("caller"), None));
            });
            assert_eq!(seen(), NOTHING);
        }
    }
    for (_, output) in futures {
        assert_eq!(output.and_then(Result::ok), Some(2));
    }
}

#[test]
fn context_of_a_future_that_panics_or_is_dropped_is_left() {
    let context = || {
        Context::current()
            .with(Tenant("acme"))
            .with_timeout(Duration::from_secs(60))
    };
    for end in ENDS {
        for polls in 0..=6 {
            let mut future = Box::pin(deep(end).in_call(context()));
            for poll_number in 1..=polls {
                let panicked = panics(|| drop(poll_once(future.as_mut())));
                assert_eq!(seen(), NOTHING);
                assert_eq!(panicked, poll_number == 6 && matches!(end, End::Panic));
            }
            drop(future);
            assert_eq!(seen(), NOTHING);
        }
    }
}

#[test]
fn future_in_place_stays_pinned() {
    let mut future =
        pin!(async { error_boundary!("frames-pinned", { later(later(3).await?).await? }) });
    assert!(poll_once(future.as_mut()).is_pending() && poll_once(future.as_mut()).is_pending());
    assert!(matches!(poll_once(future.as_mut()), Poll::Ready(Ok(3))));
}

/// The tenants that compensations read.
type Tenants = Arc<Mutex<Vec<Option<&'static str>>>>;

fn note_tenant(tenants: &Tenants) {
    let tenant = call::value::<Tenant>().map(|tenant| tenant.0);
    tenants
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(tenant);
}

fn rolled_back(tenants: &Tenants) -> Result<(), AppError> {
    transaction_boundary!("frames-compensated", |tx| {
        let tenants = Arc::clone(tenants);
        tx.on_rollback("undo", move || note_tenant(&tenants));
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut))?;
    })
}

async fn rolled_back_async(tenants: &Tenants, hangs: bool) -> Result<(), AppError> {
    transaction_boundary!("frames-compensated-async", |tx| {
        let (now, later) = (Arc::clone(tenants), Arc::clone(tenants));
        tx.on_rollback("undo", move || note_tenant(&now));
        tx.on_rollback_async("undo later", async move || {
            turn().await;
            note_tenant(&later);
        });
        turn().await;
        if hangs {
            pending::<()>().await;
        }
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut))?;
    })
}

#[test]
fn compensations_read_the_values_of_the_call_they_undo() {
    let tenants = Tenants::default();
    let acme = Context::current().with(Tenant("acme"));
    assert!(acme.run(|| rolled_back(&tenants)).is_err());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    assert!(
        runtime
            .block_on(rolled_back_async(&tenants, false).in_call(acme.clone()))
            .is_err()
    );
    assert_eq!(*tenants.lock().unwrap(), [Some("acme"); 3]);

    // Of a future that is dropped, they run as a task.
    runtime.block_on(async {
        let mut call = Box::pin(rolled_back_async(&tenants, true).in_call(acme));
        for _ in 0..3 {
            assert!(poll_once(call.as_mut()).is_pending());
        }
        drop(call);
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    });
    assert_eq!(*tenants.lock().unwrap(), [Some("acme"); 5]);
}
