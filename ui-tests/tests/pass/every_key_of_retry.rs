//! Each key of `#[retry]` reaches the builder.

use crate::prelude::*;
use gardefou::{
    keyed::Keyed,
    retry::{Attempt, Backoff, FailedAttempt, Jitter, Retry, RetryBudget, RetryConfig},
};
use std::{fmt::Display, pin::Pin, sync::LazyLock};

#[retry(
    max_attempts = 6,
    initial_delay = "10ms",
    backoff = "decorrelated",
    backoff_factor = 2.5,
    max_delay = 5,
    max_elapsed = "1m",
    attempt_timeout = "2s",
    jitter = "equal",
    delay = longer_each_time,
    retry_if = |error| error.is(ErrorCode::SYNC_ERROR),
    on_retry = heard,
    on_give_up = |_| {},
    log_level = "debug",
    budget = "every-key",
    name = "every-key",
    timed = true,
    span = true,
    seed = 7
)]
async fn f() -> R<i32> {
    tick().await;
    Ok(1)
}

fn heard(_: &FailedAttempt<'_>) {}

fn longer_each_time(attempt: Attempt, error: &AppError) -> Option<Duration> {
    error
        .retry_after()
        .is_none()
        .then(|| Duration::from_secs(1) * attempt.index)
}

#[derive(Debug)]
struct Borrowed<'a>(&'a str);

trait Queue {
    const PAUSE: Duration;

    fn pause(&self, error: &Borrowed<'_>) -> Duration;

    #[retry(max_retries = 1, delay = |_, error| self.pause(error), span = true)]
    fn take<'a, T: Clone + ToString>(
        &self,
        item: T,
        text: &'a str,
    ) -> Result<String, Borrowed<'a>> {
        if text.is_empty() {
            Err(Borrowed(text))
        } else {
            Ok(item.to_string())
        }
    }

    #[retry(max_retries = 1, delay = |attempt, _| Self::PAUSE * attempt.index + Duration::from_millis(extra), span = true)]
    async fn take_later(&mut self, extra: u64) -> R<u64> {
        tick().await;
        Ok(extra)
    }

    #[retry(delay = |_, _: &AppError| Self::PAUSE, retry_if_result = Result::is_err)]
    fn poll(&mut self) -> R<()> {
        Ok(())
    }
}

impl Queue for u8 {
    const PAUSE: Duration = Duration::ZERO;

    fn pause(&self, _: &Borrowed<'_>) -> Duration {
        Duration::from_secs((*self).into())
    }
}

#[retry(backoff = Backoff::linear(Duration::from_secs(1)), jitter = false, max_retries = 2)]
fn g() -> R<()> {
    Ok(())
}

#[retry(jitter = 0.2, budget = false, max_retries = 0, retry_if_result = |outcome| matches!(outcome, Ok(())))]
fn h() -> R<()> {
    Ok(())
}

static BUDGETS: LazyLock<Keyed<RetryBudget>> =
    LazyLock::new(|| RetryBudget::builder().build_keyed().unwrap());

struct Tenant<'a>(&'a str);

impl Tenant<'_> {
    #[retry(budget = "every-key", key = self.0, max_keys = 300, span = true)]
    fn keyed<T: Display + Clone>(&self, other: T) -> R<T> {
        Ok(other)
    }

    #[retry(budget = &*BUDGETS, key = other, attempt_timeout = "2s")]
    async fn keyed_later(&mut self, other: u32) -> R<u32> {
        tick().await;
        Ok(other)
    }
}

fn config_of(name: &str) -> RetryConfig {
    let all = guarded_functions();
    let function = all
        .iter()
        .find(|f| f.name() == name && f.module_path() == module_path!())
        .unwrap();
    function.retry().unwrap().unwrap()
}

#[test]
fn macro_form_equals_the_builder_form() {
    assert_eq!(block_on(f()).unwrap(), 1);
    g().unwrap();
    h().unwrap();
    assert_eq!(1_u8.take(2, "x").unwrap(), "2");
    assert_eq!(0_u8.take(2, "").unwrap_err().0, "");
    assert_eq!(block_on(1_u8.take_later(3)).unwrap(), 3);
    1_u8.poll().unwrap();
    assert_eq!(Tenant("acme").keyed(3).unwrap(), 3);
    let keyed = RetryBudget::named_keyed("every-key").unwrap();
    assert_eq!((keyed.keys(), keyed.max_keys()), (vec!["acme".into()], 300));
    let (mut tenant, other) = (Tenant("acme"), 7);
    let later: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(tenant.keyed_later(other));
    assert_eq!(block_on(later).unwrap(), 7);
    assert_eq!(BUDGETS.keys(), ["7"]);
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
        .timed(true)
        .build()
        .unwrap();
    assert_eq!(&config_of("f"), by_hand.config());
    let by_hand = Retry::builder()
        .backoff(Backoff::linear(Duration::from_secs(1)))
        .jitter(false)
        .max_retries(2);
    assert_eq!(&config_of("g"), by_hand.build().unwrap().config());
    assert_eq!(
        &config_of("h"),
        Retry::builder()
            .jitter(0.2)
            .max_retries(0)
            .build()
            .unwrap()
            .config()
    );
}
