//! No span and no event shows a secret, wherever it is planted.

use super::support::{Spans, failure};
use gardefou::{
    AppError, bulkhead, enhanced_error_handling, hedge, pipeline::Pipeline, retry::Retry,
    retry_with_circuit_breaker, timeout, with_circuit_breaker,
};
use std::time::Duration;

const NAME: &str = "https://ann:hunter2@db.example.com/";

fn refused() -> AppError {
    failure("login failed: password=hunter2").with_detail("password", "hunter2")
}

#[with_circuit_breaker(name = NAME, span = true)]
fn breaker() -> Result<(), AppError> {
    Err(refused())
}

#[gardefou::retry(name = NAME, max_retries = 1, initial_delay = 0, span = true)]
fn retried() -> Result<(), AppError> {
    Err(refused())
}

#[retry_with_circuit_breaker(name = NAME, max_retries = 1, initial_delay = 0, span = true)]
fn both() -> Result<(), AppError> {
    Err(refused())
}

#[timeout("1h", name = NAME, span = true)]
fn limited() -> Result<(), AppError> {
    Err(refused())
}

#[bulkhead(name = NAME, max_concurrent = 3, span = true)]
fn bounded() -> Result<(), AppError> {
    Err(refused())
}

#[enhanced_error_handling(span = true, capture(password))]
fn handled(password: &str) -> Result<usize, String> {
    Err(format!("no such password: {password}"))
}

#[hedge(after = 0, max_hedges = 1, budget = false, name = NAME, span = true)]
async fn hedged() -> Result<(), AppError> {
    Err(refused())
}

#[tokio::test(start_paused = true)]
async fn no_span_and_no_event_shows_a_secret() {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.subscriber());
    for call in [breaker, retried, both, limited, bounded] {
        assert!(call().is_err());
    }
    assert!(handled("hunter2").is_err());
    assert!(hedged().await.is_err());
    let retry = Retry::builder()
        .name(NAME)
        .max_retries(1)
        .initial_delay(Duration::ZERO);
    let builder = Pipeline::builder(NAME).retry(retry).span(true);
    assert!(!format!("{builder:?}").contains("hunter2"));
    let pipeline = builder.build().unwrap();
    assert!(!format!("{pipeline:?}").contains("hunter2"));
    assert!(pipeline.call(|| Err::<(), _>(refused())).is_err());
    drop(guard);
    let all = spans.all();
    assert_eq!(all.len(), 8);
    let text = format!("{all:?}");
    assert!(!text.contains("hunter2"), "{all:#?}");
    let with_name = all
        .iter()
        .filter(|span| span.fields["guard.name"].contains("@db.example.com"));
    assert_eq!(with_name.count(), 7, "{all:#?}");
    let events = all.iter().flat_map(|span| &span.events);
    let with_name = events.filter(|event| {
        event
            .get("guard.name")
            .is_some_and(|name| name.contains("@db.example.com"))
    });
    assert!(with_name.count() >= 6, "{all:#?}");
}
