//! Concurrent failures with one text: each occurrence is one error.

use crate::support::{Boxed, Fault, Watch, assert_exactly, give_way, timeout};
use anyhow::Context as _;
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use gardefou::{
    AppError, ErrorCode, ErrorSystem, bail,
    boundary::ErrorBoundary,
    call::{Context, InCall},
    enhanced_error_handling, error_boundary, error_monitor,
    monitor::journal::{JournalConfig, Query},
    retry,
    retry::Retry,
    time::ManualClock,
};
use gardefou_tests::testkit::{
    log::{capture, ours},
    runtime::{four_threads, one_thread},
};
use std::{cell::Cell, collections::BTreeSet, future::pending, sync::Arc, thread, time::Duration};

fn ids_of<T>(results: &[Result<T, AppError>]) -> BTreeSet<String> {
    results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .map(|error| error.id().to_string())
        .collect()
}

#[enhanced_error_handling(error_code = ErrorCode::TIMEOUT_ERROR)]
async fn joined_read() -> Result<(), AppError> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    bail!(ErrorCode::TIMEOUT_ERROR, "the archive did not answer")
}

#[test]
fn joined_failures_with_one_text_are_each_logged_counted_and_observed() {
    let watch = Watch::on("joined_read");
    let run = || one_thread().block_on(join_all((0..100).map(|_| joined_read())));
    let (results, lines) = capture(ours(tracing::Level::WARN), run);
    let ids = assert_exactly(&watch, "joined_read", 100);
    assert_eq!(ids, ids_of(&results));
    let logged: BTreeSet<String> = lines
        .iter()
        .filter_map(|line| line.field("error.id"))
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!((lines.len(), logged), (100, ids));
}

#[enhanced_error_handling]
async fn journalled_read() -> Result<(), AppError> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    bail!(ErrorCode::TIMEOUT_ERROR, "the archive did not answer")
}

#[test]
fn joined_failures_are_each_in_the_journal() {
    let watch = Watch::alone_on("journalled_read");
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalConfig::builder(folder.path()).background(false);
    let guard = ErrorSystem::builder().journal(journal).init().unwrap();
    let results = one_thread().block_on(join_all((0..100).map(|_| journalled_read())));
    let page = error_monitor()
        .query(&Query::default().operation("journalled_read").limit(1000))
        .unwrap();
    let journalled: Vec<String> = page
        .records
        .iter()
        .map(|record| record.id.to_string())
        .collect();
    assert_eq!(journalled.len(), 100);
    assert_eq!(
        journalled.into_iter().collect::<BTreeSet<_>>(),
        ids_of(&results)
    );
    assert_exactly(&watch, "journalled_read", 100);
    drop(guard);
}

#[enhanced_error_handling]
async fn unordered_read(seed: usize) -> Result<(), AppError> {
    give_way(seed).await;
    Err(timeout())
}

#[enhanced_error_handling]
async fn unordered_read_all(seed: usize) -> Result<(), AppError> {
    let result = unordered_read(seed).await;
    give_way(seed / 3).await;
    result
}

#[test]
fn five_hundred_nested_failures_are_counted_once_each() {
    let watch = Watch::on("unordered_read");
    let results: Vec<_> = one_thread().block_on(
        (0..500)
            .map(unordered_read_all)
            .collect::<FuturesUnordered<_>>()
            .collect(),
    );
    let ids = assert_exactly(&watch, "unordered_read", 500);
    assert_eq!(ids, ids_of(&results));
}

#[enhanced_error_handling]
async fn stolen_read(seed: usize) -> Result<(), AppError> {
    give_way(seed).await;
    Err(timeout())
}

#[enhanced_error_handling]
async fn stolen_read_all(seed: usize) -> Result<(), AppError> {
    give_way(seed / 5).await;
    let result = stolen_read(seed).await;
    give_way(seed / 3).await;
    result
}

#[test]
fn tasks_that_change_threads_keep_their_errors_apart() {
    let watch = Watch::on("stolen_read");
    let results: Vec<_> = four_threads().block_on(async {
        let tasks: Vec<_> = (0..500)
            .map(|seed| tokio::spawn(stolen_read_all(seed)))
            .collect();
        join_all(tasks)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect()
    });
    let ids = assert_exactly(&watch, "stolen_read", 500);
    assert_eq!(ids, ids_of(&results));
}

#[enhanced_error_handling]
fn threaded_read() -> Result<(), AppError> {
    Err(timeout())
}

#[enhanced_error_handling]
fn threaded_read_all() -> Result<(), AppError> {
    threaded_read()
}

#[test]
fn threads_that_fail_at_the_same_time_count_each_for_itself() {
    let watch = Watch::on("threaded_read");
    let results: Vec<_> = thread::scope(|scope| {
        let work = || (0..125).map(|_| threaded_read_all()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let ids = assert_exactly(&watch, "threaded_read", 500);
    assert_eq!(ids, ids_of(&results));
}

/// Nested functions with an error type that has no room for a mark, on one thread and on four.
macro_rules! nested {
    ($($test:ident: $error:ty = $make:expr, $inner:ident in $outer:ident;)*) => {$(
        #[enhanced_error_handling]
        async fn $inner(seed: usize) -> Result<(), $error> {
            give_way(seed).await;
            Err($make)
        }

        #[enhanced_error_handling]
        async fn $outer(seed: usize) -> Result<(), $error> {
            give_way(seed / 7).await;
            let result = $inner(seed).await;
            give_way(seed / 3).await;
            result
        }

        #[test]
        fn $test() {
            let watch = Watch::on(stringify!($inner));
            let results = one_thread().block_on(join_all((0..500).map($outer)));
            assert!(results.iter().all(Result::is_err));
            assert_exactly(&watch, stringify!($inner), 500);
            let tasks = four_threads().block_on(async {
                join_all((0..500).map(|seed| tokio::spawn($outer(seed))).collect::<Vec<_>>()).await
            });
            assert!(tasks.into_iter().all(|result| result.unwrap().is_err()));
            assert_exactly(&watch, stringify!($inner), 1000);
        }
    )*};
}

nested! {
    an_anyhow_error_is_reported_by_the_innermost_function: anyhow::Error = anyhow::anyhow!("no such block"),
        nested_anyhow in nested_anyhow_outer;
    an_enum_is_reported_by_the_innermost_function: Fault = Fault::Timeout, nested_enum in nested_enum_outer;
    a_transparent_enum_is_reported_by_the_innermost_function: Fault = Fault::Other("no such block".into()),
        nested_transparent in nested_transparent_outer;
    a_text_is_reported_by_the_innermost_function: String = "no such block".to_owned(),
        nested_text in nested_text_outer;
    a_boxed_error_is_reported_by_the_innermost_function: Boxed = Fault::Timeout.into(),
        nested_boxed in nested_boxed_outer;
    an_anyhow_error_with_context_is_reported_by_the_innermost_function:
        anyhow::Error = anyhow::Error::new(Fault::Down).context("reading the index"),
        nested_context in nested_context_outer;
    an_anyhow_error_made_of_ours_is_reported_by_the_innermost_function: anyhow::Error = timeout().into_std().into(),
        nested_ours in nested_ours_outer;
}

#[enhanced_error_handling]
async fn converted_text(seed: usize) -> Result<(), String> {
    give_way(seed).await;
    Err("no such block".into())
}

#[enhanced_error_handling]
async fn converted_enum(seed: usize) -> Result<(), Fault> {
    give_way(seed).await;
    Err(Fault::Timeout)
}

#[enhanced_error_handling]
async fn converted_anyhow(seed: usize) -> anyhow::Result<()> {
    give_way(seed).await;
    anyhow::bail!("no such block")
}

#[test]
fn error_of_any_type_that_ends_in_a_boundary_in_place_keeps_its_identity() {
    let watch = Watch::on("converted_");
    macro_rules! in_place {
        ($call:ident) => {{
            let before = watch.ids();
            let results = one_thread().block_on(join_all((0..100).map(|seed| async move {
                error_boundary!("converted_outermost", {
                    give_way(seed).await;
                    error_boundary!("converted_outer", { $call(seed).await? })?
                })
            })));
            let operations: BTreeSet<_> =
                watch.operations().into_iter().skip(before.len()).collect();
            assert_eq!(operations, BTreeSet::from([stringify!($call).to_owned()]));
            assert_eq!(
                watch
                    .ids()
                    .difference(&before)
                    .cloned()
                    .collect::<BTreeSet<_>>(),
                ids_of(&results)
            );
            assert_eq!(ids_of(&results).len(), 100);
        }};
    }
    in_place!(converted_enum);
    in_place!(converted_anyhow);
    in_place!(converted_text);
}

#[enhanced_error_handling]
async fn explained_read(seed: usize) -> anyhow::Result<()> {
    give_way(seed).await;
    anyhow::bail!("no such block")
}

#[enhanced_error_handling]
async fn explained_read_file(seed: usize) -> anyhow::Result<()> {
    let result = explained_read(seed).await;
    give_way(seed / 2).await;
    result.context("reading the index")
}

#[enhanced_error_handling]
async fn explained_read_all(seed: usize) -> Result<(), Boxed> {
    let result = explained_read_file(seed).await;
    give_way(seed / 3).await;
    Ok(result.context("opening the archive")?)
}

#[test]
fn context_on_the_way_makes_no_new_error() {
    let watch = Watch::on("explained_read");
    let results = one_thread().block_on(join_all((0..100).map(explained_read_all)));
    assert!(results.iter().all(Result::is_err));
    assert_exactly(&watch, "explained_read", 100);
}

#[enhanced_error_handling]
fn reused_read(text: &'static str) -> Result<(), Boxed> {
    Err(text.into())
}

#[enhanced_error_handling]
fn reused_read_all() -> Result<(), Boxed> {
    for _ in 0..10 {
        let _ = reused_read("no such block");
    }
    // Of the same size as those that were freed.
    Err("no such index".into())
}

#[test]
fn fresh_box_in_memory_that_a_handled_one_had_is_another_error() {
    let watch = Watch::on("reused_read");
    for _ in 0..10 {
        assert!(reused_read_all().is_err());
    }
    assert_eq!(watch.errors().len(), 110);
    assert_eq!(
        watch
            .operations()
            .iter()
            .filter(|name| *name == "reused_read_all")
            .count(),
        10
    );
    watch.ids();
}

#[enhanced_error_handling]
async fn gathered_read(seed: usize) -> Result<(), String> {
    give_way(seed).await;
    Err("no such block".into())
}

#[enhanced_error_handling]
async fn gathered_read_all(seed: usize) -> Result<(), String> {
    let results = join_all((0..10).map(|i| gathered_read(seed + i))).await;
    give_way(seed).await;
    results.into_iter().nth(seed % 10).unwrap()
}

#[test]
fn ten_equal_failures_in_a_call_count_ten_times() {
    let watch = Watch::on("gathered_read");
    let results = one_thread().block_on(join_all((0..50).map(gathered_read_all)));
    assert!(results.iter().all(Result::is_err));
    assert_exactly(&watch, "gathered_read", 500);
}

#[enhanced_error_handling]
async fn raced_read(seed: usize) -> Result<(), String> {
    give_way(seed).await;
    Err("no such block".into())
}

#[enhanced_error_handling]
async fn raced_read_slow(seed: usize) -> Result<(), String> {
    let result = raced_read(seed).await;
    pending::<()>().await;
    result
}

#[enhanced_error_handling]
async fn raced_read_all(seed: usize) -> Result<(), String> {
    tokio::select! {
        biased;
        result = raced_read_slow(seed) => result,
        result = async { give_way(3).await; give_way(3).await; raced_read(seed).await } => result,
    }
}

#[test]
fn loser_that_is_dropped_half_way_leaves_its_error_and_takes_no_other() {
    let watch = Watch::on("raced_read");
    let results = one_thread().block_on(join_all((0..250).map(raced_read_all)));
    assert!(results.iter().all(Result::is_err));
    assert_exactly(&watch, "raced_read", 500);
}

#[enhanced_error_handling]
async fn passed_read(seed: usize) -> anyhow::Result<()> {
    give_way(seed).await;
    anyhow::bail!("no such block")
}

#[enhanced_error_handling]
async fn passed_read_all(seed: usize) -> anyhow::Result<()> {
    let task = tokio::spawn(passed_read(seed).in_call(Context::current()));
    give_way(seed / 2).await;
    task.await?
}

#[test]
fn spawned_task_with_the_context_reports_for_the_call_that_waits_for_it() {
    let watch = Watch::on("passed_read");
    let results = one_thread().block_on(join_all((0..250).map(passed_read_all)));
    assert!(results.iter().all(Result::is_err));
    let results = four_threads().block_on(async {
        join_all(
            (0..250)
                .map(|seed| tokio::spawn(passed_read_all(seed)))
                .collect::<Vec<_>>(),
        )
        .await
    });
    assert!(results.into_iter().all(|result| result.unwrap().is_err()));
    assert_exactly(&watch, "passed_read", 500);
}

#[enhanced_error_handling]
async fn unpassed_read(seed: usize) -> Result<(), AppError> {
    give_way(seed).await;
    Err(timeout())
}

#[enhanced_error_handling]
async fn unpassed_read_all(seed: usize) -> Result<(), AppError> {
    let task = tokio::spawn(unpassed_read(seed));
    give_way(seed / 2).await;
    task.await?
}

#[test]
fn app_error_of_a_spawned_task_is_known_without_the_context() {
    let watch = Watch::on("unpassed_read");
    let results = four_threads().block_on(join_all((0..250).map(unpassed_read_all)));
    assert_eq!(
        assert_exactly(&watch, "unpassed_read", 250),
        ids_of(&results)
    );
}

#[enhanced_error_handling]
fn thread_read() -> Result<(), Fault> {
    Err(Fault::Down)
}

#[enhanced_error_handling]
fn thread_read_all() -> Result<(), Fault> {
    let context = Context::current();
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| context.run(thread_read)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    results.into_iter().next_back().unwrap()
}

#[test]
fn thread_that_runs_in_the_context_reports_for_the_call_that_waits_for_it() {
    let watch = Watch::on("thread_read");
    for _ in 0..25 {
        assert!(thread_read_all().is_err());
    }
    assert_exactly(&watch, "thread_read", 100);
}

#[test]
fn boundaries_by_hand_and_in_place_count_as_attributes_do() {
    let watch = Watch::on("by_hand_");
    let clock = ManualClock::new();
    let retry = Retry::builder()
        .max_retries(0)
        .clock(clock)
        .build()
        .unwrap();
    let results: Vec<Result<(), AppError>> =
        one_thread().block_on(join_all((0..500).map(|seed| {
            let retry = retry.clone();
            async move {
                let outermost = ErrorBoundary::new("by_hand_outermost");
                outermost
                    .call_async(|| async {
                        retry
                            .call_async(|| async {
                                error_boundary!("by_hand_outer", {
                                    let inner = ErrorBoundary::new("by_hand_inner");
                                    inner
                                        .call_async(|| async {
                                            give_way(seed).await;
                                            Err::<(), _>(Fault::Timeout)
                                        })
                                        .await?;
                                })
                            })
                            .await
                    })
                    .await
            }
        })));
    assert_eq!(
        assert_exactly(&watch, "by_hand_inner", 500),
        ids_of(&results)
    );
}

#[enhanced_error_handling]
fn clone_leaves(error: &AppError) -> Result<(), AppError> {
    Err(error.clone())
}

#[test]
fn clones_of_an_error_are_one_occurrence() {
    let watch = Watch::on("clone_leaves");
    let error = timeout();
    let detailed = clone_leaves(&error).unwrap_err().with_detail("block", 7);
    let boxed: Boxed = clone_leaves(&error).unwrap_err().into();
    let again = ErrorBoundary::new("clone_leaves_boundary")
        .call(|| Err::<(), _>(boxed))
        .unwrap_err();
    assert!(clone_leaves(&detailed.clone().wrap(ErrorCode::DB_QUERY_ERROR, "no index")).is_err());
    assert_eq!(
        assert_exactly(&watch, "clone_leaves", 1),
        BTreeSet::from([error.id().to_string()])
    );
    assert_eq!((again.id(), detailed.id()), (error.id(), error.id()));
}

#[enhanced_error_handling]
async fn shared_load() -> Result<(), AppError> {
    give_way(1).await;
    Err(timeout())
}

#[enhanced_error_handling]
async fn shared_load_waiter(
    shared: Arc<tokio::sync::OnceCell<Result<(), Arc<AppError>>>>,
) -> Result<(), AppError> {
    let loaded = shared
        .get_or_init(|| async { shared_load().await.map_err(Arc::new) })
        .await;
    give_way(2).await;
    loaded.clone().map_err(AppError::from_arc)
}

#[test]
fn error_that_many_waiters_share_is_one_occurrence() {
    let watch = Watch::on("shared_load");
    let cell = Arc::new(tokio::sync::OnceCell::new());
    let results = one_thread().block_on(join_all(
        (0..100).map(|_| shared_load_waiter(Arc::clone(&cell))),
    ));
    assert_eq!(assert_exactly(&watch, "shared_load", 1), ids_of(&results));
}

#[test]
fn permanent_error_behind_an_arc_or_a_box_is_not_retried() {
    let clock = ManualClock::new();
    let retry = Retry::builder()
        .max_retries(3)
        .clock(clock)
        .build()
        .unwrap();
    let missing = || AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such recording");
    let mut runs = [0; 3];
    let _ = retry.call(|| {
        runs[0] += 1;
        Err::<(), _>(Arc::new(missing()))
    });
    let _ = retry.call(|| {
        runs[1] += 1;
        Err::<(), Boxed>(missing().into())
    });
    let _ = retry.call(|| {
        runs[2] += 1;
        Err::<(), _>(Box::new(missing()))
    });
    assert_eq!(runs, [1; 3]);
    let results = [
        shared_and_missing(&missing()),
        hidden_and_missing(&missing()),
    ]
    .map(|result| result.unwrap_err());
    assert_eq!(results, [1; 2]);
}

/// Counts the runs of a retried function, whose error is an `Arc` of ours.
fn shared_and_missing(error: &AppError) -> Result<(), u32> {
    #[retry(max_retries = 3, initial_delay = 0)]
    fn call(error: &AppError, runs: &Cell<u32>) -> Result<(), Arc<AppError>> {
        runs.set(runs.get() + 1);
        Err(Arc::new(error.clone()))
    }
    let runs = Cell::new(0);
    call(error, &runs).map_err(|_| runs.get())
}

/// The same, of an enum with `#[error(transparent)]`.
fn hidden_and_missing(error: &AppError) -> Result<(), u32> {
    #[retry(max_retries = 3, initial_delay = 0)]
    fn call(error: &AppError, runs: &Cell<u32>) -> Result<(), Fault> {
        runs.set(runs.get() + 1);
        Err(Fault::Other(error.clone().into()))
    }
    let runs = Cell::new(0);
    call(error, &runs).map_err(|_| runs.get())
}
