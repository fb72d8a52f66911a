//! `#[rate_limit]`.

use gardefou::{
    AppError, ErrorCode, Rejection, guarded_functions, rate_limit,
    rate_limit::{Rate, rate_limiters},
    testing::Scope,
};
use std::time::Duration;

const RATE: Rate = Rate::per_minute(2);
const NAME: &str = "attribute-shared";

#[rate_limit("2/h")]
fn own(n: u32) -> Result<u32, AppError> {
    Ok(n + 1)
}

#[rate_limit("2/h")]
fn other(n: u32) -> std::io::Result<u32> {
    Ok(n + 1)
}

#[rate_limit(rate = RATE, burst = 1, max_wait = "30s", name = NAME, crate = gardefou)]
async fn shared() -> Result<u32, Rejection> {
    Ok(1)
}

#[rate_limit(rate = "2/m", burst = 1, max_wait = 30, name = "attribute-shared")]
fn shared_too() -> Result<u32, Rejection> {
    Ok(2)
}

#[rate_limit("5/s", burst = 2)]
fn bursts() -> Result<(), AppError> {
    Ok(())
}

fn zero() -> u32 {
    0
}

#[rate_limit("5/s", burst = zero())]
fn misconfigured() -> Result<(), AppError> {
    Ok(())
}

#[test]
fn functions_without_a_name_have_limiters_of_their_own() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!((own(1).unwrap(), own(2).unwrap()), (2, 3));
    let err = own(3).unwrap_err();
    assert!(err.is(ErrorCode::RATE_LIMIT_ERROR));
    assert_eq!(err.details()["rate_limit"], "own");
    assert_eq!(err.retry_after(), Some(Duration::from_secs(1800)));
    assert_eq!(err.to_problem().status(), 429);
    assert!(other(1).is_ok());
    scope.clock().advance(Duration::from_secs(1800));
    assert!(own(4).is_ok());
    assert!(rate_limiters().get("own").is_none(), "not shared");
}

#[tokio::test]
async fn functions_with_one_name_share_a_limiter_and_wait_in_one_queue() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let start = scope.now();
    assert_eq!(shared().await.unwrap(), 1);
    assert_eq!(shared_too().unwrap(), 2);
    assert_eq!(shared().await.unwrap(), 1);
    assert_eq!(scope.now().since(start), Duration::from_secs(60));
    let snapshot = rate_limiters().get(NAME).unwrap().snapshot();
    assert_eq!((snapshot.admitted, snapshot.waited), (3, 2));
}

#[test]
fn burst_is_granted_at_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert!(bursts().is_ok() && bursts().is_ok() && bursts().is_err());
    scope.clock().advance(Duration::from_millis(200));
    assert!(bursts().is_ok() && bursts().is_err());
}

#[test]
fn value_that_is_out_of_range_at_run_time_is_reported_once_and_limits_nothing() {
    let scope = Scope::new();
    let _entered = scope.enter();
    for _ in 0..100 {
        misconfigured().unwrap();
    }
    let stats = scope.monitor().stats();
    assert_eq!(stats.error_counts["CONFIG_ERROR"], 1);
}

struct Store {
    rows: Vec<u32>,
}

impl Store {
    #[rate_limit("9/s")]
    fn row_mut(&mut self, index: usize) -> Result<&mut u32, AppError> {
        self.rows
            .get_mut(index)
            .ok_or_else(|| AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such row"))
    }

    #[rate_limit("9/s")]
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
fn configuration_is_listed() {
    let all = guarded_functions();
    let function = all
        .iter()
        .find(|function| function.name() == "shared")
        .unwrap();
    let config = function.rate_limit().unwrap().unwrap();
    assert_eq!(
        (config.rate, config.burst, config.max_wait),
        (RATE, 1, Duration::from_secs(30))
    );
    assert_eq!(function.attribute(), "rate_limit");
}
