//! Which of code, file and environment sets a setting.

use gardefou::{
    breaker::WindowKind,
    bulkhead::Bulkhead,
    circuit_breakers,
    hedge::{Hedge, HedgeDelay},
    rate_limit::RateLimiter,
    retry::{Retry, RetryBudget},
    system::ConfigFile,
    testing::Scope,
    timeout::Timeout,
};
use std::{ffi::OsString, time::Duration};

fn configure(text: &str, variables: &[(&str, &str)]) {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
    let file = ConfigFile::parse("gardefou.toml", text).unwrap();
    file.variables(variables).unwrap().apply().unwrap();
}

#[test]
fn environment_comes_before_the_file_and_the_file_before_the_code() {
    let variable = "GARDEFOU_BREAKER__PAYMENTS_API__FAILURE_THRESHOLD";
    let file = "[breaker.payments-api]\nfailure_threshold = 3";
    for (code, file, variable, expected) in [
        (None, "", None, 5),
        (Some(7), "", None, 7),
        (Some(7), file, None, 3),
        (None, file, None, 3),
        (Some(7), file, Some((variable, "2")), 2),
        (Some(7), "", Some((variable, "2")), 2),
        (None, file, Some((variable, "2")), 2),
    ] {
        let scope = Scope::new();
        let _entered = scope.enter();
        configure(file, &Vec::from_iter(variable));
        let set = |builder: gardefou::breaker::BreakerBuilder| match code {
            Some(code) => builder.failure_threshold(code),
            None => builder,
        };
        let breaker = circuit_breakers()
            .get_or_create("payments-api", set)
            .unwrap();
        assert_eq!(
            breaker.config().failure_threshold,
            Some(expected),
            "{code:?} {file} {variable:?}"
        );
    }
}

#[test]
fn each_setting_is_decided_by_itself() {
    let scope = Scope::new();
    let _entered = scope.enter();
    configure(
        "[breaker.a]\nrecovery_timeout = 9\nsuccess_threshold = 2",
        &[("GARDEFOU_BREAKER__A__SUCCESS_THRESHOLD", "1")],
    );
    let breaker = circuit_breakers()
        .get_or_create("a", |code| code.failure_threshold(7))
        .unwrap();
    let config = breaker.config();
    assert_eq!(config.failure_threshold, Some(7));
    assert_eq!(config.recovery_timeout, Duration::from_secs(9));
    assert_eq!(
        (config.success_threshold, config.half_open_max_calls),
        (1, 2)
    );
}

#[test]
fn setting_replaces_another_one_that_cannot_stand_beside_it() {
    let scope = Scope::new();
    let _entered = scope.enter();
    configure(
        "[breaker.a]\ntime_window = 60\n[retry.a]\nmax_attempts = 2\n[hedge.a]\nquantile = 0.9\n[breaker.b]\nwindow = \"50 calls\"",
        &[],
    );
    let window = |name: &str| {
        let breaker = circuit_breakers()
            .get_or_create(name, |code| code.count_window(100))
            .unwrap();
        breaker.config().window
    };
    assert_eq!(window("a"), Some(WindowKind::Time(Duration::from_secs(60))));
    assert_eq!(window("b"), Some(WindowKind::Calls(50)));
    assert_eq!(window("c"), Some(WindowKind::Calls(100)));
    let retry = Retry::builder().name("a").max_retries(9).build().unwrap();
    assert_eq!(retry.config().max_attempts.get(), 2);
    let hedge = Hedge::builder("a")
        .after(Duration::from_secs(1))
        .build()
        .unwrap();
    assert_eq!(hedge.config().delay, HedgeDelay::Quantile(0.9));
}

#[test]
fn every_kind_of_guard_takes_its_settings() {
    let scope = Scope::new();
    let _entered = scope.enter();
    configure(
        "[bulkhead.a]\nmax_concurrent = 3\nmax_wait = \"1s\"\n[rate_limit.a]\nrate = \"7/s\"\n[timeout.a]\nlimit = \"1m30s\"
[budget.a]\nratio = 0.5\n[retry.a]\njitter = 0.25\nbackoff = \"linear\"\nlog_level = \"debug\"",
        &[("GARDEFOU_RATE_LIMIT__A__BURST", "2"), ("GARDEFOU_RETRY__A__MAX_DELAY", "3s")],
    );
    let bulkhead = Bulkhead::builder("a").build_shared().unwrap();
    assert_eq!(
        (bulkhead.config().max_concurrent, bulkhead.config().max_wait),
        (3, Duration::from_secs(1))
    );
    let limiter = RateLimiter::builder("a")
        .rate("100/s")
        .build_shared()
        .unwrap();
    assert_eq!(
        (limiter.config().rate.to_string(), limiter.config().burst),
        ("7/s".to_owned(), 2)
    );
    let timeout = Timeout::builder("a")
        .limit(Duration::from_secs(1))
        .build()
        .unwrap();
    assert_eq!(timeout.limit(), Duration::from_secs(90));
    assert_eq!(RetryBudget::named("a").unwrap().config().ratio, 0.5);
    let retry = Retry::builder().name("a").build().unwrap();
    let expected = Retry::builder()
        .max_delay(Duration::from_secs(3))
        .backoff("linear")
        .jitter(0.25)
        .build()
        .unwrap();
    assert_eq!(retry.config(), expected.config());
}

#[test]
fn guard_without_a_name_or_for_its_owner_alone_is_not_configured() {
    let scope = Scope::new();
    let _entered = scope.enter();
    configure(
        "[breaker.\"*\"]\nfailure_threshold = 2\n[bulkhead.\"*\"]\nmax_concurrent = 2\n[retry.\"*\"]\nmax_retries = 9",
        &[],
    );
    let breaker = gardefou::breaker::CircuitBreaker::builder("own")
        .build()
        .unwrap();
    assert_eq!(breaker.config().failure_threshold, Some(5));
    assert_eq!(
        Bulkhead::builder("own")
            .build()
            .unwrap()
            .config()
            .max_concurrent,
        16
    );
    assert_eq!(
        Retry::builder()
            .build()
            .unwrap()
            .config()
            .max_attempts
            .get(),
        4
    );
}

#[test]
fn file_that_does_not_fit_the_code_of_a_guard_leaves_it_as_it_is() {
    let scope = Scope::new();
    let _entered = scope.enter();
    configure("[bulkhead.a]\nmax_queue = 5\nmax_concurrent = 3", &[]);
    let plain = Bulkhead::builder("a")
        .max_concurrent(8)
        .build_shared()
        .unwrap();
    assert_eq!(
        plain.config().max_concurrent,
        8,
        "no call waits, so there is no queue"
    );
}

#[test]
fn guards_by_key_take_the_settings_of_their_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    configure("[breaker.tenants]\nfailure_threshold = 2", &[]);
    let keyed = circuit_breakers()
        .get_or_create_keyed("tenants", |code| code)
        .unwrap();
    assert_eq!(keyed.get("acme").config().failure_threshold, Some(2));
}

#[test]
fn wrong_variables_are_problems_with_their_names() {
    let file = ConfigFile::parse("gardefou.toml", "[journal]\nfolder = \"logs\"").unwrap();
    let variables = [
        ("GARDEFOU_BREAKER__PAYMENTS__FAILURE_TRESHOLD", "3"),
        ("GARDEFOU_BREAKER__PAYMENTS__FAILURE_THRESHOLD", "0"),
        ("GARDEFOU_BREAKER__PAYMENTS", "3"),
        ("GARDEFOU_JOURNAL_MAX_AGE", "0"),
        ("GARDEFOU_JURNAL", "x"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), OsString::from(value)));
    let err = file.variables(variables).unwrap_err();
    let mut texts: Vec<_> = err.problems().iter().map(ToString::to_string).collect();
    texts.sort();
    assert_eq!(
        texts,
        [
            "environment variable GARDEFOU_BREAKER__PAYMENTS: `the variable` must have the name of a guard and a setting, for example GARDEFOU_BREAKER__PAYMENTS__FAILURE_THRESHOLD",
            "environment variable GARDEFOU_BREAKER__PAYMENTS__FAILURE_THRESHOLD: `failure_threshold` = 0: must be at least 1",
            "environment variable GARDEFOU_BREAKER__PAYMENTS__FAILURE_TRESHOLD: `failure_treshold` is no setting of [breaker.*]; did you mean `failure_threshold`?",
            "environment variable GARDEFOU_JOURNAL_MAX_AGE: `max_age` = 0ns: must be from 1s to 3153600000s",
            "environment variable GARDEFOU_JURNAL: `the variable` is no setting",
        ]
    );
}

#[test]
fn environment_completes_what_a_file_leaves_out_and_nothing_else_does_at_the_start() {
    let text = "[alerts.mail]\nhost = \"h\"\nfrom = \"a@example.com\"\nto = \"b@example.com\"\nuser = \"u\"";
    let file = ConfigFile::parse("gardefou.toml", text).unwrap();
    let password = (
        "GARDEFOU_ALERTS_MAIL_PASSWORD".to_owned(),
        OsString::from("hunter2"),
    );
    assert!(file.clone().variables([password]).is_ok());
    let err = file.variables([]).unwrap_err();
    assert_eq!(
        err.to_string(),
        "gardefou.toml:5:8: `user` needs `alerts.mail.password`"
    );
}
