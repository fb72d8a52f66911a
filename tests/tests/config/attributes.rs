//! Guards of attributes under a configuration.

use gardefou::{
    AppError, ErrorCode, Result, bulkhead, bulkhead::bulkheads, circuit_breakers, rate_limit,
    rate_limit::rate_limiters, retry, system::ConfigFile, timeout, with_circuit_breaker,
};
use gardefou_tests::testkit::child::in_own_process;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

static CALLS: AtomicU32 = AtomicU32::new(0);

#[with_circuit_breaker(name = "accounts", failure_threshold = 9)]
fn charge() -> Result<()> {
    Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no"))
}

#[retry(max_retries = 1, initial_delay = 0, budget = false)]
fn fetch() -> Result<()> {
    CALLS.fetch_add(1, Ordering::Relaxed);
    charge()
}

#[bulkhead(name = "accounts", max_concurrent = 9)]
#[rate_limit("9/s", name = "accounts")]
#[timeout("9s")]
fn read() -> Result<Option<Duration>> {
    Ok(gardefou::call::remaining())
}

#[test]
fn guards_of_attributes_take_settings_by_name_and_by_that_of_the_function() {
    in_own_process(|| {
        let text = "[breaker.accounts]\nfailure_threshold = 3\n[retry.\"fet*\"]\nmax_retries = 7
[bulkhead.accounts]\nmax_concurrent = 2\n[rate_limit.accounts]\nrate = \"5/s\"\n[timeout.read]\nlimit = 2";
        ConfigFile::parse("gardefou.toml", text)
            .unwrap()
            .apply()
            .unwrap();
        assert!(fetch().is_err());
        // The third failure opens the circuit, and that ends the series.
        let breaker = circuit_breakers().get("accounts").unwrap();
        assert_eq!(breaker.config().failure_threshold, Some(3));
        assert_eq!(breaker.snapshot().counts.failure, 3);
        let left = read().unwrap().unwrap();
        assert!(
            left > Duration::from_secs(1) && left <= Duration::from_secs(2),
            "{left:?}"
        );
        assert_eq!(
            bulkheads().get("accounts").unwrap().config().max_concurrent,
            2
        );
        assert_eq!(
            rate_limiters()
                .get("accounts")
                .unwrap()
                .config()
                .rate
                .count(),
            5
        );

        ConfigFile::parse("gardefou.toml", "[retry.fetch]\nmax_attempts = 2")
            .unwrap()
            .apply()
            .unwrap();
        breaker.reset();
        CALLS.store(0, Ordering::Relaxed);
        assert!(fetch().is_err());
        assert_eq!(CALLS.load(Ordering::Relaxed), 2);
        assert_eq!(
            breaker.config().failure_threshold,
            Some(9),
            "that of the code again"
        );
    });
}
