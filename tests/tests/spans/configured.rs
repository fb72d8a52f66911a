//! Spans by configuration.

use super::support::Spans;
use gardefou::{
    AppError, bulkhead, hedge, rate_limit, retry, retry_with_circuit_breaker, system::ConfigFile,
    testing::Scope, timeout, with_circuit_breaker,
};

#[with_circuit_breaker(name = "switched", span = false)]
fn breaker() -> Result<(), AppError> {
    Ok(())
}

#[retry(name = "http-switched", span = true)]
fn retried() -> Result<(), AppError> {
    Ok(())
}

#[retry_with_circuit_breaker(name = "switched-both", span = false)]
fn both() -> Result<(), AppError> {
    Ok(())
}

#[timeout("1h", span = false)]
fn limited() -> Result<(), AppError> {
    Ok(())
}

#[bulkhead(name = "switched-slots", max_concurrent = 2, span = false)]
fn bounded() -> Result<(), AppError> {
    Ok(())
}

#[rate_limit("1000/s", name = "switched-rate", span = false)]
fn paced() -> Result<(), AppError> {
    Ok(())
}

#[hedge(after = "1h", span = false)]
async fn hedged() -> Result<(), AppError> {
    Ok(())
}

/// Returns the names of the guards whose calls have a span.
fn traced() -> Vec<String> {
    let ((), spans) = Spans::of(|| {
        for call in [breaker, retried, both, limited, bounded, paced] {
            call().unwrap();
        }
        let mut hedged = std::pin::pin!(hedged());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(hedged.as_mut().poll(&mut context).is_ready());
    });
    spans
        .iter()
        .map(|span| span.fields["guard.name"].clone())
        .collect()
}

fn apply(text: &str) {
    ConfigFile::parse("gardefou.toml", text)
        .unwrap()
        .apply()
        .unwrap();
}

#[test]
fn configuration_switches_the_spans_of_functions_with_the_key() {
    Scope::new().run(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        assert_eq!(traced(), ["http-switched"], "as in the code");
        let cases: [(&str, &[&str]); 8] = [
            (
                "[breaker.switched]\nspan = true",
                &["switched", "http-switched"],
            ),
            (
                "[breaker.\"switched*\"]\nspan = true",
                &["switched", "http-switched", "switched-both"],
            ),
            ("[retry.\"http-*\"]\nspan = false", &[]),
            (
                "[retry.both]\nspan = true\n[breaker.switched-both]\nspan = false",
                &["http-switched", "switched-both"],
            ),
            (
                "[retry.\"*\"]\nspan = true\n[retry.http-switched]\nspan = false",
                &["switched-both"],
            ),
            (
                "[timeout.limited]\nspan = true\n[hedge.hedged]\nspan = true",
                &["http-switched", "limited", "hedged"],
            ),
            (
                "[bulkhead.switched-slots]\nspan = true\n[rate_limit.switched-rate]\nspan = true",
                &["http-switched", "switched-slots", "switched-rate"],
            ),
            ("", &["http-switched"]),
        ];
        for (file, expected) in cases {
            apply(file);
            assert_eq!(traced(), expected, "{file}");
        }
    });
}

#[test]
fn scopes_have_spans_of_their_own() {
    let (one, other) = (Scope::new(), Scope::new());
    one.run(|| apply("[breaker.switched]\nspan = true"));
    other.run(|| apply("[retry.\"*\"]\nspan = false"));
    let calls = || {
        let ((), spans) = Spans::of(|| {
            breaker().unwrap();
            retried().unwrap();
        });
        spans.len()
    };
    assert_eq!((one.run(calls), other.run(calls), calls()), (2, 0, 1));
}
