//! Each key of `#[retry]` reaches the builder.

use crate::prelude::*;
use gardefou::retry::{Backoff, FailedAttempt, Jitter, Retry, RetryConfig};

#[retry(
    max_attempts = 6,
    initial_delay = "10ms",
    backoff = "decorrelated",
    backoff_factor = 2.5,
    max_delay = 5,
    max_elapsed = "1m",
    attempt_timeout = "2s",
    jitter = "equal",
    retry_if = |error| error.is(ErrorCode::SYNC_ERROR),
    on_retry = heard,
    on_give_up = |_| {},
    log_level = "debug",
    budget = "every-key",
    name = "every-key",
    seed = 7
)]
async fn f() -> R<i32> {
    tick().await;
    Ok(1)
}

fn heard(_: &FailedAttempt<'_>) {}

#[retry(backoff = Backoff::linear(Duration::from_secs(1)), jitter = false, max_retries = 2)]
fn g() -> R<()> {
    Ok(())
}

#[retry(jitter = 0.2, budget = false, max_retries = 0, retry_if_result = |outcome| matches!(outcome, Ok(())))]
fn h() -> R<()> {
    Ok(())
}

fn config_of(name: &str) -> RetryConfig {
    let all = guarded_functions();
    let function = all.iter().find(|f| f.name() == name && f.module_path() == module_path!()).unwrap();
    function.retry().unwrap().unwrap()
}

#[test]
fn the_macro_form_is_the_builder_form() {
    assert_eq!(block_on(f()).unwrap(), 1);
    g().unwrap();
    h().unwrap();
    let by_hand = Retry::builder()
        .max_attempts(6)
        .initial_delay(Duration::from_millis(10))
        .backoff("decorrelated")
        .backoff_factor(2.5)
        .max_delay(Duration::from_secs(5))
        .max_elapsed(Duration::from_secs(60))
        .attempt_timeout(Duration::from_secs(2))
        .jitter(Jitter::Equal)
        .seed(7)
        .build()
        .unwrap();
    assert_eq!(&config_of("f"), by_hand.config());
    let by_hand = Retry::builder().backoff(Backoff::linear(Duration::from_secs(1))).jitter(false).max_retries(2);
    assert_eq!(&config_of("g"), by_hand.build().unwrap().config());
    assert_eq!(&config_of("h"), Retry::builder().jitter(0.2).max_retries(0).build().unwrap().config());
}
