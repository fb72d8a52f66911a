//! Scopes on other threads and in tasks.

use crate::support::{handled, retried, retried_later};
use gardefou::{
    Result,
    call::{Context, InCall},
    error_monitor, init_error_system,
    monitor::RecordState,
    retry,
    testing::Scope,
    transaction_boundary,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{pin::pin, thread};

fn errors(scope: &Scope) -> u64 {
    scope.monitor().stats().total_errors
}

#[tokio::test]
async fn tasks_of_a_current_thread_runtime_are_in_the_scope() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let tasks: Vec<_> = (0..3).map(|_| tokio::spawn(retried_later())).collect();
    for task in tasks {
        assert!(task.await.unwrap().is_err());
    }
    assert_eq!(errors(&scope), 3);
}

#[test]
fn other_thread_is_outside_until_it_enters() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let there = scope.clone();
    let (outside, inside) = thread::spawn(move || {
        let ours = Scope::new();
        // Not compared with the process, which other tests of this binary use as well.
        ours.run(|| drop(handled()));
        let outside = errors(&there);
        let _entered = there.enter();
        let _ = handled();
        (outside, errors(&there))
    })
    .join()
    .unwrap();
    assert_eq!((outside, inside), (0, 1));
}

#[test]
fn thread_that_never_enters_reports_to_the_process() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let is_ours = thread::spawn({
        let scope = scope.clone();
        move || std::ptr::eq(error_monitor(), scope.run(error_monitor))
    });
    assert!(!is_ours.join().unwrap());
    assert!(std::ptr::eq(error_monitor(), scope.run(error_monitor)));
}

#[test]
fn context_carries_the_scope_to_other_threads() {
    let scope = Scope::new();
    let context = scope.run(Context::current);
    thread::spawn(move || context.run(retried))
        .join()
        .unwrap()
        .unwrap_err();
    assert_eq!(errors(&scope), 1);
}

#[test]
fn context_from_outside_has_no_effect_in_a_scope() {
    let context = Context::current();
    let scope = Scope::new();
    scope.run(|| context.run(|| drop(handled())));
    assert_eq!(errors(&scope), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn context_carries_the_scope_to_tasks_of_a_multi_threaded_runtime() {
    let scope = Scope::new();
    let context = scope.run(Context::current);
    let tasks: Vec<_> = (0..8)
        .map(|_| tokio::spawn(retried_later().in_call(context.clone())))
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().is_err());
    }
    assert_eq!(errors(&scope), 8);
}

#[test]
fn shutdown_of_the_process_settles_no_error_of_a_scope() {
    #[retry(max_retries = 1)]
    fn calls(scope: &Scope) -> Result<u32> {
        let failed = handled();
        let shut_down = || init_error_system().unwrap().shutdown();
        thread::scope(|threads| drop(threads.spawn(shut_down).join().unwrap()));
        let states: Vec<_> = scope.records().iter().map(|record| record.state).collect();
        assert!(
            states == [RecordState::Pending]
                || states == [RecordState::Retried, RecordState::Error],
            "{states:?}"
        );
        failed
    }
    let scope = Scope::new();
    assert!(scope.run(|| calls(&scope)).is_err());
    let states: Vec<_> = scope.records().iter().map(|record| record.state).collect();
    assert_eq!(states, [RecordState::Retried, RecordState::Error]);
}

#[test]
fn error_settled_outside_counts_in_the_scope_that_reported_it() {
    #[retry(max_retries = 1)]
    async fn hangs() -> Result<u32> {
        let _ = handled();
        std::future::pending().await
    }
    let scope = Scope::new();
    {
        let mut call = pin!(hangs());
        let polled = scope.run(|| poll_once(call.as_mut()));
        assert!(polled.is_pending());
        assert_eq!(scope.records()[0].state, RecordState::Pending);
        assert_eq!(errors(&scope), 0);
    }
    assert_eq!(errors(&scope), 1);
    assert_eq!(scope.records().len(), 1);
    assert_eq!(scope.records()[0].state, RecordState::Error);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rollback_as_a_task_stays_in_the_scope() {
    let scope = Scope::new();
    let (done, is_done) = tokio::sync::oneshot::channel();
    {
        let import = async {
            let outcome: Result<()> = transaction_boundary!("scope-rollback", |tx| {
                tx.on_rollback_async("undo", async || {
                    let _ = handled();
                    let _ = done.send(());
                    Ok::<_, gardefou::AppError>(())
                });
                std::future::pending::<()>().await;
            });
            outcome
        };
        let mut import = Box::pin(import);
        scope.run(|| {
            assert!(poll_once(import.as_mut()).is_pending());
        });
        scope.run(|| drop(import));
    }
    is_done.await.unwrap();
    assert_eq!(errors(&scope), 1);
}
