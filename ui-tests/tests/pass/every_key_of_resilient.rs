//! Each form of each key of `#[resilient]`.

use crate::prelude::*;
use gardefou::resilient;
use std::time::Duration;

const NAME: &str = "resilient-by-constant";
const LIMIT: Duration = Duration::from_secs(30);

fn of_error(_: &AppError) -> u8 {
    4
}

#[resilient(
    name = NAME,
    fallback = of_error,
    timeout = LIMIT,
    retry,
    circuit_breaker,
    rate_limit = "1_000_000/s",
    bulkhead,
    attempt_timeout = 10,
    span = true,
    crate = gardefou,
)]
fn defaults() -> R<u8> {
    Ok(3)
}

#[resilient(
    name = "resilient-by-lists",
    fallback(|_| 5, on = |error| error.is(ErrorCode::CONFIG_ERROR)),
    timeout(limit = "1m", name = "of-the-whole"),
    retry(max_retries = 1, initial_delay = 0, name = "own-name"),
    hedge(after = "50ms", max_hedges = 2),
    circuit_breaker(failure_threshold = 30, name = "own-breaker"),
    rate_limit(rate = "1_000_000/s", burst = 100),
    bulkhead(max_concurrent = 7),
    attempt_timeout("10s"),
    span = true,
)]
async fn lists(fail: bool) -> R<u8> {
    if fail {
        Err(AppError::new(ErrorCode::CONFIG_ERROR, "failed"))
    } else {
        Ok(3)
    }
}

#[resilient(
    bulkhead(max_concurrent = 5, span = false),
    name = "resilient-value",
    span = true
)]
fn value() -> R<u8> {
    Ok(3)
}

#[resilient()]
fn nothing() -> R<u8> {
    Ok(3)
}

#[resilient(
    name = "resilient-of-tenant",
    key = tenant,
    circuit_breaker(max_keys = 7),
    rate_limit = "1_000_000/s",
    bulkhead(max_concurrent = 7)
)]
async fn of_tenant(tenant: String) -> R<String> {
    tick().await;
    Ok(tenant)
}

struct Client {
    calls: u8,
}

impl Client {
    #[resilient(
        name = "resilient-method",
        retry(max_retries = 2, initial_delay = 0),
        circuit_breaker
    )]
    fn call(&mut self) -> R<u8> {
        self.calls += 1;
        if self.calls < 3 {
            return Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "busy"));
        }
        Ok(self.calls)
    }
}

#[test]
fn each_form_runs() {
    assert_eq!(defaults().unwrap(), 3);
    assert_eq!(value().unwrap() + nothing().unwrap(), 6);
    assert_eq!(Client { calls: 0 }.call().unwrap(), 3);
    assert_eq!(block_on(of_tenant("acme".into())).unwrap(), "acme");
    assert_eq!(block_on(lists(false)).unwrap(), 3);
    assert_eq!(block_on(lists(true)).unwrap(), 5);
}
