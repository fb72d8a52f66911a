//! `#[timeout]`.

use gardefou::{AppError, ErrorCode, Rejection, call, guarded_functions, testing::Scope, timeout};
use std::{future::pending, time::Duration};

const LIMIT: Duration = Duration::from_secs(3);
const NAME: &str = "named-by-constant";

#[timeout("2s")]
async fn waits(ready: bool) -> Result<u32, AppError> {
    if !ready {
        pending::<()>().await;
    }
    Ok(42)
}

#[timeout(limit = LIMIT, name = NAME, crate = gardefou)]
async fn waits_by_constants() -> Result<(), Rejection> {
    pending().await
}

#[timeout(2)]
fn blocks(scope: &Scope, seconds: u64) -> std::io::Result<Option<Duration>> {
    scope.clock().advance(Duration::from_secs(seconds));
    Ok(call::remaining())
}

#[tokio::test(start_paused = true)]
async fn async_function_is_cut_off() {
    assert_eq!(waits(true).await.unwrap(), 42);
    let err = waits(false).await.unwrap_err();
    assert!(err.is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(err.details()["timeout"], "waits");
    let rejection = waits_by_constants().await.unwrap_err();
    assert_eq!((rejection.name(), rejection.ran()), (NAME, true));
    assert_eq!(rejection.cause().as_deref(), Some("the limit is 3s"));
}

#[test]
fn blocking_function_gets_a_deadline() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!(blocks(&scope, 1).unwrap(), Some(Duration::from_secs(1)));
    assert_eq!(scope.monitor().stats().total_errors, 0);
    assert_eq!(
        blocks(&scope, 3).unwrap(),
        Some(Duration::ZERO),
        "a value is never discarded"
    );
    assert_eq!(scope.monitor().stats().total_errors, 1);
}

struct Store {
    rows: Vec<u32>,
}

impl Store {
    #[timeout("1s")]
    fn row_mut(&mut self, index: usize) -> Result<&mut u32, AppError> {
        self.rows
            .get_mut(index)
            .ok_or_else(|| AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such row"))
    }

    #[timeout("1s")]
    async fn sum<'a>(&'a self, name: &'a str) -> Result<(&'a str, u32), AppError> {
        tokio::task::yield_now().await;
        Ok((name, self.rows.iter().sum()))
    }
}

#[tokio::test]
async fn methods_and_borrows_keep_their_signature() {
    let mut store = Store { rows: vec![1, 2] };
    *store.row_mut(1).unwrap() += 5;
    assert_eq!(store.sum("rows").await.unwrap(), ("rows", 8));
    assert!(
        store
            .row_mut(2)
            .unwrap_err()
            .is(ErrorCode::FILE_NOT_FOUND_ERROR)
    );
}

#[test]
fn limit_is_listed() {
    let all = guarded_functions();
    let function = all
        .iter()
        .find(|function| function.name() == "waits_by_constants")
        .unwrap();
    assert_eq!(function.timeout().unwrap().unwrap(), LIMIT);
    assert_eq!(function.attribute(), "timeout");
}
