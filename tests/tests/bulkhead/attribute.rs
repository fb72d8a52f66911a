//! `#[bulkhead]`.

use gardefou::{
    AppError, ErrorCode, Rejection, bulkhead, bulkhead::bulkheads, guarded_functions,
    testing::Scope,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{future::pending, pin::pin, time::Duration};

const WAIT: Duration = Duration::from_secs(3);

#[bulkhead(name = "attribute-shared", max_concurrent = 1)]
fn outer(inside: impl FnOnce() -> Result<u32, AppError>) -> Result<u32, AppError> {
    inside()
}

#[bulkhead(name = "attribute-shared", max_concurrent = 1)]
fn inner() -> Result<u32, AppError> {
    Ok(1)
}

#[bulkhead(max_concurrent = 1)]
fn alone() -> Result<u32, AppError> {
    outer(|| Ok(2))
}

#[bulkhead(max_concurrent = 1, max_wait = WAIT, max_queue = 1, crate = gardefou)]
async fn waits(ready: bool) -> Result<u32, Rejection> {
    if !ready {
        pending::<()>().await;
    }
    Ok(3)
}

#[bulkhead(
    name = "attribute-adaptive",
    adaptive = true,
    max_concurrent = 10,
    min = 8,
    max = 12
)]
fn adaptive(code: ErrorCode) -> Result<(), AppError> {
    Err(AppError::new(code, "no"))
}

#[test]
fn attributes_of_one_name_share_their_slots() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let rejected = outer(inner).unwrap_err();
    assert!(rejected.is(ErrorCode::CONCURRENCY_LIMIT_ERROR));
    assert_eq!(rejected.details()["bulkhead"], "attribute-shared");
    assert_eq!(inner().unwrap(), 1);
    assert_eq!(alone().unwrap(), 2);
    let snapshot = bulkheads().get("attribute-shared").unwrap().snapshot();
    assert_eq!((snapshot.admitted, snapshot.rejected.full), (3, 1));
    assert!(
        bulkheads().get("alone").is_none(),
        "without a name it is the function's own"
    );
    assert_eq!(bulkheads().snapshots().len(), 1);
}

#[test]
fn test_scope_has_bulkheads_of_its_own() {
    let scope = Scope::new();
    {
        let _entered = scope.enter();
        assert!(bulkheads().get("attribute-adaptive").is_none());
        adaptive(ErrorCode::TIMEOUT_ERROR).unwrap_err();
        assert_eq!(
            bulkheads()
                .get("attribute-adaptive")
                .unwrap()
                .snapshot()
                .limit,
            9
        );
    }
    let other = Scope::new();
    let _entered = other.enter();
    adaptive(ErrorCode::API_REQUEST_ERROR).unwrap_err();
    assert_eq!(
        bulkheads()
            .get("attribute-adaptive")
            .unwrap()
            .snapshot()
            .limit,
        10
    );
}

#[test]
fn limit_of_an_attribute_adapts_between_its_bounds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    for _ in 0..5 {
        adaptive(ErrorCode::TIMEOUT_ERROR).unwrap_err();
    }
    assert_eq!(
        bulkheads()
            .get("attribute-adaptive")
            .unwrap()
            .snapshot()
            .limit,
        8
    );
}

#[tokio::test(start_paused = true)]
async fn async_function_waits_in_its_queue() {
    let start = tokio::time::Instant::now();
    {
        let mut running = pin!(waits(false));
        assert!(poll_once(running.as_mut()).is_pending());
        let rejection = waits(true).await.unwrap_err();
        assert_eq!(start.elapsed(), WAIT);
        assert_eq!(rejection.name(), "waits");
        let mut queued = pin!(waits(true));
        assert!(poll_once(queued.as_mut()).is_pending());
        assert!(waits(true).await.is_err(), "the queue is full");
        assert_eq!(start.elapsed(), WAIT);
    }
    assert_eq!(waits(true).await.unwrap(), 3);
}

#[test]
fn settings_are_listed() {
    let all = guarded_functions();
    let function = all
        .iter()
        .find(|function| function.name() == "waits")
        .unwrap();
    let config = function.bulkhead().unwrap().unwrap();
    assert_eq!(
        (config.max_concurrent, config.max_wait, config.max_queue),
        (1, WAIT, 1)
    );
    assert_eq!(function.attribute(), "bulkhead");
}

struct Store(Vec<u32>);

impl Store {
    #[bulkhead(max_concurrent = 2)]
    fn row_mut(&mut self, index: usize) -> std::io::Result<&mut u32> {
        self.0
            .get_mut(index)
            .ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    #[bulkhead(max_concurrent = 2)]
    async fn sum<'a>(&'a self, name: &'a str) -> Result<(&'a str, u32), AppError> {
        tokio::task::yield_now().await;
        Ok((name, self.0.iter().sum()))
    }
}

#[tokio::test]
async fn methods_and_borrows_keep_their_signature() {
    let mut store = Store(vec![1, 2]);
    *store.row_mut(1).unwrap() += 5;
    assert_eq!(store.sum("rows").await.unwrap(), ("rows", 8));
    assert_eq!(
        store.row_mut(2).unwrap_err().kind(),
        std::io::ErrorKind::NotFound
    );
}
