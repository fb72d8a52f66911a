//! Settlement of the errors of attempts.

use crate::support::{Fault, Seen, Watch, counted, give_way, retries, timeout};
use futures::future::join_all;
use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    boundary::ErrorBoundary,
    call::{Context, InCall},
    enhanced_error_handling, error_monitor,
    monitor::{
        RecordState,
        journal::{JournalConfig, Query},
    },
    retry,
    retry::{Retry, RetryBuilder},
    time::ManualClock,
};
use gardefou_tests::testkit::{
    log::{capture, ours},
    runtime::{four_threads, one_thread},
};
use std::{
    cell::Cell,
    future::{pending, poll_fn},
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    task::Poll,
    thread,
    time::Duration,
};

/// How often an error was pending, retried, and an error; checks that each one was settled once.
fn settled(watch: &Watch) -> (usize, usize, usize) {
    let all = watch.all();
    for seen in &all {
        let of_it: Vec<&Seen> = all.iter().filter(|other| other.id == seen.id).collect();
        let provisional: Vec<Option<RecordState>> =
            of_it.iter().map(|seen| seen.provisional).collect();
        match provisional[..] {
            [None] => {}
            [Some(RecordState::Pending), last] if last != Some(RecordState::Pending) => {}
            _ => panic!("an error that was not settled once: {of_it:?}"),
        }
    }
    (
        watch.pending().len(),
        watch.retried().len(),
        watch.errors().len(),
    )
}

/// Fails for the first calls.
fn failing(operation: &'static str, calls: u32) -> impl Fn() -> Result<(), AppError> {
    let made = AtomicU32::new(0);
    move || {
        ErrorBoundary::new(operation).call(|| {
            if made.fetch_add(1, Ordering::Relaxed) < calls {
                Err(timeout())
            } else {
                Ok(())
            }
        })
    }
}

#[test]
fn errors_of_attempts_that_another_one_followed_are_no_errors() {
    let watch = Watch::on("settled_recovering");
    assert!(retries(3).call(failing("settled_recovering", 2)).is_ok());
    assert_eq!(settled(&watch), (2, 2, 0));
    assert_eq!(counted("settled_recovering"), 0);
    assert_eq!(
        watch
            .pending()
            .iter()
            .map(|seen| seen.attempt)
            .collect::<Vec<_>>(),
        [Some((1, 4)), Some((2, 4))]
    );
}

#[test]
fn error_of_the_last_attempt_counts_at_once() {
    let watch = Watch::on("settled_exhausted");
    let during = Cell::new(0);
    let fail = failing("settled_exhausted", 9);
    let outcome = retries(2).call(|| {
        let result = fail();
        during.set(watch.errors().len());
        result
    });
    assert_eq!(settled(&watch), (2, 2, 1));
    assert_eq!((during.get(), counted("settled_exhausted")), (1, 1));
    assert_eq!(watch.errors()[0].id, outcome.unwrap_err().id().to_string());
    assert_eq!(watch.errors()[0].attempt, Some((3, 3)));
}

#[test]
fn error_that_ends_the_series_early_is_an_error_when_the_series_ends() {
    let watch = Watch::on("settled_early");
    let boundary = ErrorBoundary::new("settled_early");
    let outcome = retries(2).call(|| {
        let missing = || AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such recording");
        let result = boundary.call(|| Err::<(), _>(missing()));
        assert_eq!(watch.errors().len(), 0);
        result
    });
    assert!(outcome.is_err());
    assert_eq!(settled(&watch), (1, 0, 1));
    assert_eq!(counted("settled_early"), 1);
}

#[test]
fn error_that_the_attempt_handled_is_an_error_when_the_attempt_succeeds() {
    let watch = Watch::on("settled_handled");
    let fail = failing("settled_handled", 1);
    let outcome = retries(2).call(|| {
        let _ = fail();
        assert_eq!((watch.pending().len(), watch.errors().len()), (1, 0));
        Ok::<_, AppError>(())
    });
    assert!(outcome.is_ok());
    assert_eq!(settled(&watch), (1, 0, 1));
    assert_eq!(counted("settled_handled"), 1);
}

#[test]
fn error_of_a_future_that_is_dropped_is_an_error() {
    let watch = Watch::on("settled_dropped");
    let (retry, fail) = (retries(2), failing("settled_dropped", 9));
    one_thread().block_on(async {
        let attempt = || async {
            let _ = fail();
            pending::<Result<(), AppError>>().await
        };
        let mut series = Box::pin(retry.call_async(attempt));
        poll_fn(|cx| {
            assert!(series.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        assert_eq!((watch.pending().len(), watch.errors().len()), (1, 0));
    });
    assert_eq!(settled(&watch), (1, 0, 1));
    assert_eq!(counted("settled_dropped"), 1);
}

#[test]
fn race_inside_of_an_attempt_hands_the_errors_of_its_loser_to_the_attempt() {
    let watch = Watch::on("settled_raced");
    let (retry, fail) = (retries(1), failing("settled_raced", 9));
    let inner = retries(1);
    let outcome = one_thread().block_on(retry.call_async(|| async {
        let hangs = || async {
            let _ = fail();
            pending().await
        };
        tokio::select! {
            biased;
            result = inner.call_async(hangs) => result,
            result = async { give_way(1).await; fail() } => result,
        }
    }));
    assert!(outcome.is_err());
    // The loser of the first attempt and the error that ended it are retried; of the second attempt
    // both count.
    assert_eq!(settled(&watch).1, 2);
    assert_eq!(watch.errors().len(), 2);
}

#[test]
fn error_of_an_inner_retry_waits_for_the_outer_one() {
    let watch = Watch::on("settled_nested");
    let (outer, inner, fail) = (retries(1), retries(1), failing("settled_nested", 9));
    assert!(outer.call(|| inner.call(&fail)).is_err());
    assert_eq!(settled(&watch), (3, 3, 1));
    assert_eq!(counted("settled_nested"), 1);
}

#[test]
fn inner_retry_whose_failure_the_outer_attempt_handled_leaves_one_error() {
    let watch = Watch::on("settled_inner_handled");
    let (outer, inner, fail) = (retries(1), retries(1), failing("settled_inner_handled", 9));
    let outcome = outer.call(|| {
        let _ = inner.call(&fail);
        assert_eq!(watch.errors().len(), 0);
        Ok::<_, AppError>(())
    });
    assert!(outcome.is_ok());
    assert_eq!(settled(&watch), (2, 1, 1));
}

#[retry(max_retries = 2, initial_delay = 0, budget = false)]
async fn settled_by_attribute_series(seed: usize) -> Result<(), Fault> {
    settled_by_attribute(seed).await
}

#[enhanced_error_handling]
async fn settled_by_attribute(seed: usize) -> Result<(), Fault> {
    give_way(seed).await;
    Err(Fault::Timeout)
}

#[test]
fn series_side_by_side_settle_each_its_own_errors() {
    let watch = Watch::on("settled_by_attribute");
    let results = one_thread().block_on(join_all((0..50).map(settled_by_attribute_series)));
    assert!(results.iter().all(Result::is_err));
    let results = four_threads().block_on(async {
        join_all(
            (0..50)
                .map(|seed| tokio::spawn(settled_by_attribute_series(seed)))
                .collect::<Vec<_>>(),
        )
        .await
    });
    assert!(results.into_iter().all(|result| result.unwrap().is_err()));
    assert_eq!(settled(&watch), (200, 200, 100));
    assert_eq!(counted("settled_by_attribute"), 100);
}

#[enhanced_error_handling]
async fn settled_spawned() -> Result<(), Fault> {
    give_way(2).await;
    Err(Fault::Timeout)
}

#[test]
fn work_with_the_context_belongs_to_the_attempt_and_work_without_it_does_not() {
    let watch = Watch::on("settled_spawned");
    let runtime = four_threads();
    let with = || async {
        tokio::spawn(settled_spawned().in_call(Context::current()))
            .await
            .unwrap()
    };
    assert!(runtime.block_on(retries(2).call_async(with)).is_err());
    assert_eq!(settled(&watch), (2, 2, 1));
    let without = || async { tokio::spawn(settled_spawned()).await.unwrap() };
    assert!(runtime.block_on(retries(2).call_async(without)).is_err());
    assert_eq!(settled(&watch), (2, 2, 4));
}

#[enhanced_error_handling]
async fn settled_grandchild() -> Result<(), Fault> {
    give_way(2).await;
    Err(Fault::Timeout)
}

#[test]
fn work_of_spawned_work_belongs_to_the_attempt_too() {
    let watch = Watch::on("settled_grandchild");
    let child = || async {
        // A call of its own, which passes its context on as well.
        let own = ErrorBoundary::new("settled_grandchild_beside");
        assert!(
            own.call(|| Context::current().run(|| Ok::<_, Fault>(())))
                .is_ok()
        );
        tokio::spawn(settled_grandchild().in_call(Context::current()))
            .await
            .unwrap()
    };
    let attempt = || async {
        tokio::spawn(child().in_call(Context::current()))
            .await
            .unwrap()
    };
    assert!(
        one_thread()
            .block_on(retries(2).call_async(attempt))
            .is_err()
    );
    assert_eq!(settled(&watch), (2, 2, 1));
    assert!(
        four_threads()
            .block_on(retries(2).call_async(attempt))
            .is_err()
    );
    assert_eq!(settled(&watch), (4, 4, 2));
}

#[test]
fn thousands_of_contexts_in_one_call_lose_no_error() {
    let watch = Watch::on("settled_many");
    let fail = failing("settled_many", u32::MAX);
    let outcome = retries(1).call(|| {
        for _ in 0..3000 {
            // Each takes the context of a call of its own in between, so that none is that of the
            // one before.
            let own = ErrorBoundary::new("settled_many_beside");
            assert!(
                own.call(|| Context::current().run(|| Ok::<_, Fault>(())))
                    .is_ok()
            );
            assert!(Context::current().run(&fail).is_err());
        }
        fail()
    });
    assert!(outcome.is_err());
    assert_eq!(
        (
            watch.pending().len(),
            watch.retried().len(),
            watch.errors().len()
        ),
        (3001, 3001, 3001)
    );
}

#[test]
fn thread_of_a_thread_belongs_to_the_attempt_too() {
    let watch = Watch::on("settled_nephew");
    let fail = failing("settled_nephew", 9);
    let in_thread = |context: &Context, work: &(dyn Fn() -> Result<(), AppError> + Sync)| {
        thread::scope(|scope| scope.spawn(|| context.run(work)).join().unwrap())
    };
    let outcome = retries(2).call(|| {
        // The inner context is taken on another thread, where the frame of the attempt does not
        // stand.
        in_thread(&Context::current(), &|| {
            in_thread(&Context::current(), &fail)
        })
    });
    assert!(outcome.is_err());
    assert_eq!(settled(&watch), (2, 2, 1));
}

#[test]
fn thread_with_the_context_belongs_to_the_attempt() {
    let watch = Watch::on("settled_thread");
    let fail = failing("settled_thread", 9);
    let outcome = retries(2).call(|| {
        let context = Context::current();
        thread::scope(|scope| scope.spawn(|| context.run(&fail)).join().unwrap())
    });
    assert!(outcome.is_err());
    assert_eq!(settled(&watch), (2, 2, 1));
}

#[test]
fn paused_time_of_another_thread_settles_no_error_of_an_attempt() {
    let watch = Watch::on("settled_beside");
    let (fail, fail_ahead) = (failing("settled_beside", 1), failing("settled_ahead", 1));
    let an_hour_ahead = || {
        one_thread().block_on(async {
            tokio::time::advance(Duration::from_secs(3600)).await;
            retries(2).call(&fail_ahead)
        })
    };
    let outcome = retries(2).call(|| {
        let result = fail();
        thread::scope(|scope| scope.spawn(an_hour_ahead).join().unwrap())?;
        result
    });
    assert!(outcome.is_ok());
    assert_eq!(settled(&watch), (1, 1, 0));
}

#[test]
fn error_inside_of_an_attempt_is_logged_as_a_warning_and_once_more_where_it_stands() {
    let watch = Watch::on("settled_logged");
    let recovering = failing("settled_logged", 1);
    let handled = failing("settled_logged_handled", 1);
    let ((), lines) = capture(ours(tracing::Level::WARN), || {
        assert!(retries(2).call(recovering).is_ok());
        let handling = || {
            let _ = handled();
            Ok::<_, AppError>(())
        };
        assert!(retries(4).call(handling).is_ok());
    });
    assert_eq!(settled(&watch), (2, 1, 1));
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line.field("error.id").is_some())
        .collect();
    let of = |operation: &str| {
        let lines = lines
            .iter()
            .filter(|line| line.field("operation") == Some(operation));
        lines
            .map(|line| {
                (
                    line.level,
                    line.field("retry.attempts"),
                    line.field("retry.max_attempts"),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("settled_logged"),
        [(tracing::Level::WARN, Some("1"), Some("3"))]
    );
    let both = [tracing::Level::WARN, tracing::Level::ERROR];
    assert_eq!(
        of("settled_logged_handled"),
        both.map(|level| (level, Some("1"), Some("5")))
    );
}

#[test]
fn journal_shows_one_record_of_each_error_in_its_last_state() {
    let watch = Watch::alone_on("settled_journalled");
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalConfig::builder(folder.path()).background(false);
    let guard = ErrorSystem::builder().journal(journal).init().unwrap();
    let outcome = retries(2).call(failing("settled_journalled", 9));
    assert_eq!(settled(&watch), (2, 2, 1));
    let page = error_monitor()
        .query(
            &Query::default()
                .operation("settled_journalled")
                .include_retried(),
        )
        .unwrap();
    let mut states: Vec<_> = page
        .records
        .iter()
        .map(|record| (record.attempt, record.state, record.id.to_string()))
        .collect();
    states.sort_by_key(|(attempt, ..)| *attempt);
    let seen = watch
        .pending()
        .into_iter()
        .map(|seen| seen.id)
        .collect::<Vec<_>>();
    let expected = [
        (Some((1, 3)), RecordState::Retried, seen[0].clone()),
        (Some((2, 3)), RecordState::Retried, seen[1].clone()),
        (
            Some((3, 3)),
            RecordState::Error,
            outcome.unwrap_err().id().to_string(),
        ),
    ];
    assert_eq!(states, expected);
    drop(guard);
}

#[test]
fn shutdown_settles_pending_errors_before_the_journal_is_flushed() {
    let watch = Watch::alone_on("settled_at_the_end");
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalConfig::builder(folder.path()).background(false);
    let mut guard = Some(ErrorSystem::builder().journal(journal).init().unwrap());
    let fail = failing("settled_at_the_end", 1);
    let (retry, mut records) = (retries(2), Vec::new());
    let outcome = one_thread().block_on(async {
        let mut series = pin!(retry.call_async(|| async {
            let result = fail();
            give_way(1).await;
            result
        }));
        poll_fn(|cx| {
            assert!(series.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        assert_eq!((watch.pending().len(), watch.errors().len()), (1, 0));
        let report = guard.take().unwrap().shutdown();
        assert!(report.is_clean(), "{report}");
        assert_eq!((watch.pending().len(), watch.errors().len()), (1, 1));
        let journal = error_monitor().journal().unwrap();
        records = journal
            .query(&Query::default().operation("settled_at_the_end"))
            .unwrap()
            .records;
        series.await
    });
    assert!(outcome.is_ok());
    assert_eq!(settled(&watch), (1, 0, 1), "the first settlement decides");
    assert_eq!(
        records
            .iter()
            .map(|record| record.state)
            .collect::<Vec<_>>(),
        [RecordState::Error]
    );
}

/// The places of warnings of nested retries, outer one first.
fn nesting(run: impl FnOnce()) -> Vec<(String, String)> {
    let ((), lines) = capture(ours(tracing::Level::WARN), run);
    let places = lines
        .iter()
        .filter_map(|line| Some((line.field("first")?, line.field("second")?)));
    places
        .map(|(first, second)| (first.to_owned(), second.to_owned()))
        .collect()
}

fn here(line: u32, column: &str) -> String {
    format!("{}:{line}:{column}", file!())
}

#[test]
fn nested_retry_is_warned_of_once_with_both_places() {
    let build = |retry: RetryBuilder| retry.clock(ManualClock::new()).build().unwrap();
    let line = line!() + 1;
    let outer = Retry::builder().max_retries(2);
    let inner = Retry::builder().max_retries(1);
    let again = Retry::builder().max_retries(1);
    let (outer, inner, again) = (build(outer), build(inner), build(again));
    let both = || outer.call(|| inner.call(|| Err::<(), _>("down")));
    let places = [(here(line, "17"), here(line + 1, "17"))];
    assert_eq!(nesting(|| assert!(both().is_err())), places);
    assert_eq!(nesting(|| assert!(both().is_err())), [], "once");

    let spawned = || async {
        let work = async {
            again
                .clone()
                .call_async(|| async { Err::<(), _>("down") })
                .await
        };
        work.in_call(Context::current()).await
    };
    let places = [(here(line, "17"), here(line + 2, "17"))];
    let runtime = one_thread();
    assert_eq!(
        nesting(|| assert!(runtime.block_on(outer.call_async(spawned)).is_err())),
        places
    );
}

#[test]
fn nested_retry_without_multiplication_is_not_warned_of() {
    let twice = || {
        Retry::builder()
            .max_retries(1)
            .clock(ManualClock::new())
            .build()
            .unwrap()
    };
    let once = || {
        Retry::builder()
            .max_retries(0)
            .clock(ManualClock::new())
            .build()
            .unwrap()
    };
    let run = |outer: Retry, inner: Retry| {
        assert!(outer.call(|| inner.call(|| Err::<(), _>("down"))).is_err());
    };
    assert_eq!(nesting(|| run(once(), twice())), []);
    assert_eq!(nesting(|| run(twice(), once())), []);
    let after = || {
        let _ = twice().call(|| Err::<(), _>("down"));
        let _ = twice().call(|| Err::<(), _>("down"));
    };
    assert_eq!(nesting(after), [], "one after the other");
}
