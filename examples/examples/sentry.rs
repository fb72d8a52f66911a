//! Errors go to Sentry too: an observer hands each record on, under the identity that log, journal and HTTP
//! answers have.
//!
//! `cargo run -p gardefou-examples --example sentry`
//!
//! It sends nothing: a transport in memory takes the place of the one that a program has by default.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    event::{self, Event, Record, Severity},
    report, retry,
};
use sentry::{
    ClientOptions, Level,
    protocol::{self, Exception},
    test::TestTransport,
};
use std::{borrow::Cow, error::Error, sync::Arc};

/// Makes Sentry's event of a record. Its texts are bounded and redacted already.
fn to_sentry(record: &Record) -> protocol::Event<'static> {
    let exception = |kind: &str, text: &str| Exception {
        ty: kind.to_owned(),
        value: Some(text.to_owned()),
        ..Exception::default()
    };
    // Sentry lists the innermost cause first.
    let causes = record.chain.iter().rev();
    let mut exceptions: Vec<_> = causes.map(|text| exception("cause", text)).collect();
    exceptions.push(exception(&record.error_code, &record.message));
    let tags = [
        ("error.id", record.id.to_string()),
        ("error.code", record.error_code.clone()),
        ("component", record.component.clone()),
    ];
    let details = record.details.clone().into_iter();
    protocol::Event {
        event_id: record.id.to_string().parse().unwrap_or_default(),
        timestamp: record.timestamp.into(),
        level: match record.level {
            Severity::Critical => Level::Fatal,
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            _ => Level::Info,
        },
        transaction: Some(record.operation.clone()),
        fingerprint: Cow::Owned(vec![Cow::Owned(record.fingerprint.to_string())]),
        tags: tags.map(|(name, value)| (name.to_owned(), value)).into(),
        extra: details.collect(),
        exception: exceptions.into(),
        ..protocol::Event::default()
    }
}

#[retry(max_retries = 1, initial_delay = 0)]
fn load(attempts: &mut u32) -> gardefou::Result<u32> {
    *attempts += 1;
    match attempts {
        1 => Err(AppError::new(
            ErrorCode::DB_CONNECTION_ERROR,
            "no connection",
        )),
        _ => Ok(7),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let _guard = ErrorSystem::builder().service("shop").init()?;
    let transport = TestTransport::new();
    let options = ClientOptions::new()
        .dsn("https://key@sentry.invalid/42")
        .transport(Arc::clone(&transport));
    let _sentry = sentry::init(options);

    // Once for each error; rejections are folded into the record of the opening of their circuit.
    let _subscription = event::subscribe(|event: &Event<'_>| {
        let Event::Error(error) = event else { return };
        if let Some(record) = error.record().filter(|_| error.opening.is_none()) {
            sentry::capture_event(to_sentry(&record));
        }
    });

    let lost = AppError::new(
        ErrorCode::DB_WRITE_ERROR,
        "cannot save order 12, password=hunter2",
    )
    .with_detail("table", "orders")
    .with_source(std::io::Error::other("disk full"));
    report(&lost);
    report(&lost); // the same error
    assert_eq!(load(&mut 0)?, 7); // an attempt that another one made good is none

    let events = transport.fetch_and_clear_events();
    assert_eq!(events.len(), 1);
    let [event] = &events[..] else { return Ok(()) };
    assert_eq!(event.event_id.to_string(), lost.id().to_string());
    let texts: Vec<_> = event
        .exception
        .iter()
        .filter_map(|it| it.value.as_deref())
        .collect();
    assert_eq!(texts[0], "disk full");
    assert!(!format!("{event:?}").contains("hunter2"));
    println!("sent to Sentry: {}: {}", event.exception[1].ty, texts[1]);
    Ok(())
}
