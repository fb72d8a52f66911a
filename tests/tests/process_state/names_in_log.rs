//! Names that are made at run time may hold a secret: no line of the log and no `Debug` output
//! shows it.

use gardefou::{
    AppError, ConfigError, ErrorCode,
    alerts::{AlertsConfig, CallbackChannel, DeliveryError, Rule},
    boundary::{ErrorBoundary, Operation, RollbackFailures, error_boundary, transaction},
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    event::{self, Event},
    health::{Check, CheckResult, Health, builtin::BreakerGroup},
    hedge::Hedge,
    monitor::journal::Query,
    pipeline::Pipeline,
    rate_limit::{Rate, RateLimiter},
    retry::{BudgetSource, Retry, RetryBudget},
    testing::Scope,
};
use gardefou_tests::testkit::{child::in_own_process, log::Lines};
use std::{
    cell::RefCell,
    sync::{Arc, Mutex},
    time::Duration,
};

const NAME: &str = "https://ann:hunter2@db.example.com/";
const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

fn failure() -> AppError {
    AppError::new(ErrorCode::TIMEOUT_ERROR, "the archive did not answer")
}

#[test]
fn no_line_and_no_event_shows_a_secret_in_a_name() {
    in_own_process(|| {
        let log = Lines::default();
        log.listener(|_| true).install();
        let events = Arc::new(Mutex::new(Vec::new()));
        let scope = Scope::new();
        scope.run(|| {
            let seen = Arc::clone(&events);
            let _subscription = event::subscribe(move |event: &Event<'_>| {
                seen.lock().unwrap().push(format!("{event:?}"));
            });
            error_boundary(NAME, || Ok::<_, AppError>(())).unwrap();
            error_boundary(NAME, || Err::<(), _>(failure())).unwrap_err();
            transaction(NAME, |_| Ok::<_, AppError>(())).unwrap();
            transaction(NAME, |_| Err::<(), _>(failure())).unwrap_err();
            let retry = Retry::builder().name(NAME).max_retries(1).build().unwrap();
            retry.call(|| Err::<(), _>(failure())).unwrap_err();
            let pipeline = Pipeline::builder(NAME).retry(retry).span(true).build();
            let pipeline = pipeline.unwrap();
            pipeline.call(|| Err::<(), _>(failure())).unwrap_err();
            let breaker = CircuitBreaker::builder(NAME)
                .failure_threshold(1)
                .build()
                .unwrap();
            breaker.try_acquire().unwrap().failure();
            assert!(breaker.try_acquire().is_err());
            breaker.reset();
        });
        let lines: Vec<_> = log
            .take()
            .iter()
            .map(|line| format!("{} {}", line.target, line.text_without("")))
            .collect();
        for target in [
            "boundary",
            "transaction",
            "retry",
            "attempt",
            "breaker",
            "error",
        ] {
            let of_target = |line: &&String| line.starts_with(&format!("gardefou::{target} "));
            assert!(
                lines
                    .iter()
                    .any(|line| of_target(&line) && line.contains("@db.example.com")),
                "{target}: {lines:#?}"
            );
        }
        for text in lines.iter().chain(&*events.lock().unwrap()) {
            assert!(!text.contains("hunter2"), "{text}");
        }
        assert!(events.lock().unwrap().len() >= 6, "{events:?}");
    });
}

#[test]
fn debug_output_shows_no_secret_in_a_name() {
    let operation = Operation::new(NAME, "shop", "src/db.rs", 12);
    let channel = CallbackChannel::new(NAME, |_| Ok(()));
    let breaker = CircuitBreaker::builder(NAME).build().unwrap();
    let budget = RetryBudget::builder().name(NAME);
    let hedge = Hedge::builder(NAME).after(Duration::from_millis(50));
    let bulkhead = Bulkhead::builder(NAME).max_concurrent(1);
    let limiter = RateLimiter::builder(NAME).rate(Rate::per_second(1));
    let (failed, undone) = (
        Arc::new(Mutex::new(String::new())),
        RefCell::new(String::new()),
    );
    let seen = Arc::clone(&failed);
    let retry = Retry::builder()
        .name(NAME)
        .budget(NAME)
        .max_retries(1)
        .initial_delay(Duration::ZERO);
    let retry = retry.on_retry(move |attempt| *seen.lock().unwrap() = format!("{attempt:?}"));
    let builder = format!("{retry:?}");
    let retry = retry.build().unwrap();
    retry.call(|| Err::<(), _>(failure())).unwrap_err();
    transaction("order", |tx| {
        tx.on_rollback(NAME, || ());
        undone.replace(format!("{tx:?}"));
        Ok::<_, AppError>(())
    })
    .unwrap();
    let health = Health::default();
    let texts = [
        format!("{operation:?}"),
        format!("{:?}", ErrorBoundary::new(NAME)),
        format!("{channel:?}"),
        format!("{:?}", AlertsConfig::builder().channel(channel)),
        format!("{breaker:?}"),
        format!("{:?}", breaker.try_acquire().unwrap()),
        format!("{:?}", breaker.snapshot()),
        format!("{:?}", CircuitBreaker::builder(NAME)),
        builder,
        format!("{retry:?}"),
        format!("{:?}", budget.build().unwrap()),
        format!("{:?}", RetryBudget::builder().name(NAME)),
        format!("{:?}", BudgetSource::from(NAME)),
        format!("{hedge:?}"),
        format!("{:?}", hedge.build().unwrap()),
        format!("{bulkhead:?}"),
        format!("{:?}", bulkhead.build().unwrap()),
        format!("{limiter:?}"),
        format!("{:?}", limiter.build().unwrap()),
        failed.lock().unwrap().clone(),
        undone.take(),
        format!("{:?}", Rule::immediate(NAME)),
        format!("{:?}", Rule::ratio("r", NAME, 0.5, Duration::from_secs(60))),
        format!("{:?}", Rule::breakers("r").only(NAME)),
        format!("{:?}", Rule::immediate("r").operation(NAME).channel(NAME)),
        format!("{:?}", health.run_check(NAME).unwrap_err()),
        health.run_check(NAME).unwrap_err().to_string(),
    ];
    for text in texts {
        assert!(
            text.contains("[redacted]@db.example.com") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn debug_output_of_what_is_reported_shows_no_secret() {
    let scope = Scope::new();
    let monitor = scope.monitor();
    let mut texts = Vec::new();
    scope.run(|| {
        error_boundary(NAME, || {
            Err::<(), _>(AppError::new(ErrorCode::TIMEOUT_ERROR, NAME))
        })
        .unwrap_err();
        let retry = Retry::builder()
            .name(NAME)
            .max_retries(1)
            .initial_delay(Duration::ZERO)
            .build()
            .unwrap();
        retry.call(|| Err::<(), _>(failure())).unwrap_err();
        let failed = transaction("order", |tx| {
            tx.on_rollback(NAME, || Err::<(), _>(NAME));
            Err::<(), _>(failure())
        });
        texts.push(format!(
            "{:?}",
            failed
                .unwrap_err()
                .downcast_ref::<RollbackFailures>()
                .unwrap()
        ));
    });
    let snapshot = monitor.snapshot();
    texts.push(format!(
        "{:?}",
        snapshot
            .operations
            .iter()
            .find(|row| row.name.contains("@db"))
            .unwrap()
    ));
    texts.push(format!("{:?}", snapshot.retries.first().unwrap()));
    texts.push(format!(
        "{:?}",
        snapshot
            .groups
            .iter()
            .find(|group| group.operation.contains("@db"))
            .unwrap()
    ));
    texts.push(format!(
        "{:?}",
        monitor.stats().recent_errors.first().unwrap()
    ));
    let health = Health::default();
    let check =
        |name: &str| Check::dependency(name, || CheckResult::fail(NAME).with_detail("url", NAME));
    // Names of checks are words, which may still be tokens.
    for check in [
        check(TOKEN),
        check("tagged").tag(TOKEN),
        check("grouped").group(TOKEN),
    ] {
        health.register(check).unwrap();
    }
    health
        .register(check("alive").liveness_despite_dependency(NAME))
        .unwrap();
    let report = health.run_all_checks();
    for text in report
        .checks()
        .iter()
        .map(|check| format!("{check:?}"))
        .chain([format!("{report:?}")])
    {
        assert!(!text.contains(TOKEN), "{text}");
        texts.push(text);
    }
    texts.push(format!("{:?}", BreakerGroup::new(NAME, ["a"])));
    texts.push(format!("{:?}", BreakerGroup::new("a", [NAME])));
    texts.push(format!("{:?}", CheckResult::fail(NAME)));
    texts.push(format!("{:?}", Query::new().operation(NAME)));
    texts.push(format!("{:?}", Query::new().text(NAME)));
    texts.push(format!("{:?}", Query::new().code_name(NAME)));
    texts.push(format!("{:?}", DeliveryError::transient(NAME)));
    texts.push(format!(
        "{:?}",
        DeliveryError::permanent("refused")
            .with_source(AppError::new(ErrorCode::TIMEOUT_ERROR, NAME).into_std())
    ));
    let public = AppError::new(ErrorCode::TIMEOUT_ERROR, "m").with_public_message(NAME);
    texts.push(format!("{:?}", public.to_problem()));
    texts.push(format!(
        "{:?}",
        AppError::new(ErrorCode::TIMEOUT_ERROR, NAME)
    ));
    texts.push(format!(
        "{:?}",
        AppError::new(ErrorCode::TIMEOUT_ERROR, "m").with_detail("url", NAME)
    ));
    let breaker = CircuitBreaker::builder("b")
        .failure_threshold(1)
        .build()
        .unwrap();
    breaker
        .call(|| Err::<(), _>(AppError::new(ErrorCode::TIMEOUT_ERROR, NAME)))
        .unwrap_err();
    texts.push(format!("{:?}", breaker.snapshot()));
    for text in texts {
        assert!(
            text.contains("[redacted]@db.example.com") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn configuration_errors_show_no_secret_and_no_mail_address() {
    let long = format!("{NAME}{}", "x".repeat(300));
    let err = CircuitBreaker::builder(long).build().unwrap_err();
    assert!(
        !err.to_string().contains("hunter2") && !format!("{err:?}").contains("hunter2"),
        "{err}"
    );
    for (value, shown) in [
        ("ann.lee+x@example.com", "..@example.com"),
        (
            "Ann <ann@example.com>, <bob@mail.example.org>",
            "Ann <..@example.com>, <..@mail.example.org>",
        ),
        ("user@", "user@"),
        ("@alice and @bob", "@alice and @bob"),
        ("5", "5"),
    ] {
        assert_eq!(
            ConfigError::new("to", value, "must be something else").value(),
            shown
        );
    }
}
