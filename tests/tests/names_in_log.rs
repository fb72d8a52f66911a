//! Names that are made at run time may hold a secret: no line of the log and no `Debug` output shows it.

use gardefou::{
    AppError, ConfigError, ErrorCode,
    alerts::{AlertsConfig, CallbackChannel, Rule},
    boundary::{ErrorBoundary, Operation, error_boundary, transaction},
    breaker::CircuitBreaker,
    event::{self, Event},
    health::{Health, HealthConfig},
    retry::{BudgetSource, Retry, RetryBudget},
    testing::Scope,
};
use std::{
    cell::RefCell,
    fmt,
    sync::{Arc, Mutex, Once},
    time::Duration,
};
use tracing::{
    Event as LogEvent, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

const NAME: &str = "https://ann:hunter2@db.example.com/";

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Every field of every line, at every level.
struct All;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for All {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn event(&self, event: &LogEvent<'_>) {
        let mut text = Text(event.metadata().target().to_owned());
        event.record(&mut text);
        LINES.with_borrow_mut(|lines| lines.push(text.0));
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn failure() -> AppError {
    AppError::new(ErrorCode::TIMEOUT_ERROR, "the archive did not answer")
}

#[test]
fn no_line_and_no_event_shows_a_secret_in_a_name() {
    static SET: Once = Once::new();
    SET.call_once(|| tracing::subscriber::set_global_default(All).unwrap());
    let events = Arc::new(Mutex::new(Vec::new()));
    let scope = Scope::new();
    scope.run(|| {
        let seen = Arc::clone(&events);
        let _subscription = event::subscribe(move |event: &Event<'_>| seen.lock().unwrap().push(format!("{event:?}")));
        error_boundary(NAME, || Ok::<_, AppError>(())).unwrap();
        error_boundary(NAME, || Err::<(), _>(failure())).unwrap_err();
        transaction(NAME, |_| Ok::<_, AppError>(())).unwrap();
        transaction(NAME, |_| Err::<(), _>(failure())).unwrap_err();
        let retry = Retry::builder().name(NAME).max_retries(1).build().unwrap();
        retry.call(|| Err::<(), _>(failure())).unwrap_err();
        let breaker = CircuitBreaker::builder(NAME).failure_threshold(1).build().unwrap();
        breaker.try_acquire().unwrap().failure();
        assert!(breaker.try_acquire().is_err());
        breaker.reset();
    });
    let lines = LINES.take();
    for target in ["boundary", "transaction", "retry", "breaker", "error"] {
        let of_target = |line: &&String| line.starts_with(&format!("gardefou::{target} "));
        assert!(lines.iter().any(|line| of_target(&line) && line.contains("@db.example.com")), "{target}: {lines:#?}");
    }
    for text in lines.iter().chain(&*events.lock().unwrap()) {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(events.lock().unwrap().len() >= 6, "{events:?}");
}

#[test]
fn debug_output_shows_no_secret_in_a_name() {
    let operation = Operation::new(NAME, "shop", "src/db.rs", 12);
    let channel = CallbackChannel::new(NAME, |_| Ok(()));
    let breaker = CircuitBreaker::builder(NAME).build().unwrap();
    let budget = RetryBudget::builder().name(NAME);
    let (failed, undone) = (Arc::new(Mutex::new(String::new())), RefCell::new(String::new()));
    let seen = Arc::clone(&failed);
    let retry = Retry::builder().name(NAME).budget(NAME).max_retries(1).initial_delay(Duration::ZERO);
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
    let health = Health::new(HealthConfig::default()).unwrap();
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
        assert!(text.contains("[redacted]@db.example.com") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn configuration_errors_show_no_secret_and_no_mail_address() {
    let long = format!("{NAME}{}", "x".repeat(300));
    let err = CircuitBreaker::builder(long).build().unwrap_err();
    assert!(!err.to_string().contains("hunter2") && !format!("{err:?}").contains("hunter2"), "{err}");
    for (value, shown) in [
        ("ann.lee+x@example.com", "..@example.com"),
        ("Ann <ann@example.com>, <bob@mail.example.org>", "Ann <..@example.com>, <..@mail.example.org>"),
        ("user@", "user@"),
        ("@alice and @bob", "@alice and @bob"),
        ("5", "5"),
    ] {
        assert_eq!(ConfigError::new("to", value, "must be something else").value(), shown);
    }
}
