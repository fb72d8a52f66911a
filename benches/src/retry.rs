//! What a retry costs.

use crate::{
    StandingClock, Table,
    breaker::{Error, add_one, add_one_async, fail, value},
    polled,
};
use futures::executor::block_on;
use gardefou::{
    AppError, ErrorCode,
    retry::{Backoff, Next, Retry, RetryBudget, RetryBuilder},
};
use std::{
    future::{Ready, ready},
    hint::black_box,
    mem,
    sync::LazyLock,
    time::Duration,
};

fn built(configure: impl FnOnce(RetryBuilder) -> RetryBuilder) -> Retry {
    configure(Retry::builder())
        .build()
        .expect("the benchmark's own configuration is legal")
}

/// The retried function with the usual error, which is one word wide.
///
/// # Errors
///
/// Never, but the compiler does not know.
#[inline(never)]
pub fn add_one_app(n: u64) -> gardefou::Result<u64> {
    let sum = black_box(n).wrapping_add(1);
    if sum == u64::MAX {
        Err(AppError::new(ErrorCode::UNKNOWN_ERROR, "never made"))
    } else {
        Ok(sum)
    }
}

/// The retried function under the attribute.
///
/// # Errors
///
/// As the function itself.
#[gardefou::retry]
pub fn annotated(n: u64) -> gardefou::Result<u64> {
    add_one_app(n)
}

#[gardefou::retry]
async fn annotated_async(n: u64) -> gardefou::Result<u64> {
    ready(add_one_app(n)).await
}

/// Returns a function that fails when it is called first, and succeeds from then on.
pub fn fails_once(n: u64) -> impl FnMut() -> Result<u64, Error> {
    let mut failed = false;
    move || {
        if mem::replace(&mut failed, true) {
            add_one(n)
        } else {
            fail(n)
        }
    }
}

/// Returns an asynchronous function that fails when it is called first, and succeeds from then on.
pub fn fails_once_async(n: u64) -> impl FnMut() -> Ready<Result<u64, Error>> {
    let mut run = fails_once(n);
    move || ready(run())
}

/// Measures retries whose first attempt succeeds, with an error of one word.
pub fn first_success_small(table: &mut Table) {
    let sum = |outcome: gardefou::Result<u64>| value(outcome);
    table.both("floor: bare call, `AppError`", move |n| sum(add_one_app(n)));
    let retry = built(|b| b);
    table.both("default, `call`, `AppError`", move |n| {
        sum(retry.call(|| add_one_app(n)))
    });
    table.both("default, `#[retry]`, `AppError`", move |n| {
        sum(annotated(n))
    });
}

/// Measures the bare calls, and retries whose first attempt succeeds, with an error of 48 bytes: a
/// `Result` of that size goes through memory.
pub fn first_success(table: &mut Table) {
    table.both("floor: bare call", |n| value(add_one(n)));
    let retry = built(|b| b);
    table.both("default with its budget, `call`", |n| {
        value(retry.call(|| add_one(n)))
    });
    static SITE: LazyLock<Retry> = LazyLock::new(|| built(|b| b));
    table.both("default, loop in place on a static", |n| {
        let mut run = SITE.start();
        let outcome = loop {
            let mut outcome = add_one(n);
            match run.after(&mut outcome) {
                Next::Return => break outcome,
                Next::Wait(delay) => run.wait(delay),
            }
        };
        value(outcome)
    });
    let hooks = built(|b| b.retry_if(|_: &Error| true).on_retry(|_| {}));
    table.both("with `retry_if` and `on_retry`", |n| {
        value(hooks.call(|| add_one(n)))
    });
    let without = built(|b| b.budget(false));
    table.both("without a budget", |n| value(without.call(|| add_one(n))));
    // With so small deposits it does not become full again.
    let budget = RetryBudget::builder()
        .ratio(1e-6)
        .build()
        .expect("the settings are legal");
    while budget.try_withdraw() {}
    let paid = built(|b| b.budget(&budget));
    table.both("with a budget that is not full", |n| {
        value(paid.call(|| add_one(n)))
    });
    let limited = built(|b| b.max_elapsed(Duration::from_secs(60)));
    table.both("with `max_elapsed`, which reads the clock", |n| {
        value(limited.call(|| add_one(n)))
    });
}

/// Measures asynchronous retries whose first attempt succeeds and is ready at once.
pub fn asynchronous(table: &mut Table) {
    let retry = built(|b| b);
    table.both("floor: bare async call, polled once", |n| {
        polled(add_one_async(n))
    });
    table.both("default, `call_async`, polled once", |n| {
        polled(retry.call_async(|| add_one_async(n)))
    });
    table.both("default, `call_async`, block_on", |n| {
        value(block_on(retry.call_async(|| add_one_async(n))))
    });
    table.both("floor: bare async call, `AppError`, polled once", |n| {
        polled(async { ready(add_one_app(n)).await })
    });
    table.both("default, `#[retry]` async, `AppError`, polled once", |n| {
        polled(annotated_async(n))
    });
}

/// Measures retries whose first attempt fails and whose second succeeds, without a delay, and without
/// a budget, which the retries of every call would exhaust.
pub fn second_success(table: &mut Table) {
    let at_once = built(|b| {
        b.backoff(Backoff::constant(Duration::ZERO))
            .jitter(false)
            .budget(false)
    });
    table.both("floor: two bare calls, one of which fails", |n| {
        let mut run = fails_once(n);
        value(run().or_else(|_| run()))
    });
    table.both("one failure, then success, `call`", |n| {
        value(at_once.call(fails_once(n)))
    });
    table.both(
        "one failure, then success, `call_async`, polled once",
        |n| polled(at_once.call_async(fails_once_async(n))),
    );
}

/// Measures attempts that fail, with the waits passing at once.
pub fn failing(table: &mut Table) {
    let retry = built(|b| b.clock(StandingClock::default()));
    table.both("four attempts, three waits", |n| {
        value(retry.call(|| fail(n)))
    });
    let delays = built(|b| b.max_retries(u32::MAX));
    let mut sequence = delays.config().backoff.delays();
    table.single("one delay of the sequence", |_| {
        sequence
            .next()
            .map_or(0, |delay| u64::from(delay.subsec_nanos()))
    });
}

/// Measures everything.
pub fn all(table: &mut Table) {
    first_success_small(table);
    first_success(table);
    asynchronous(table);
    second_success(table);
    failing(table);
}
