//! Every attribute that has the key.

use super::support::{Spans, failure, single};
use gardefou::{
    AppError, bulkhead, enhanced_error_handling, fallback, hedge, rate_limit, resilient, retry,
    retry_with_circuit_breaker, timeout, with_circuit_breaker,
};

#[with_circuit_breaker(name = "kinds-breaker", span = true)]
fn breaker() -> Result<(), AppError> {
    Ok(())
}

#[with_circuit_breaker(name = "kinds-breaker-2", fallback = |_| Ok(()), span = true)]
fn breaker_with_fallback() -> Result<(), AppError> {
    Ok(())
}

#[retry(span = true)]
fn retried() -> Result<(), AppError> {
    Ok(())
}

#[retry_with_circuit_breaker(name = "kinds-both", span = true)]
fn both() -> Result<(), AppError> {
    Ok(())
}

#[timeout("1h", span = true)]
fn limited() -> Result<(), AppError> {
    Ok(())
}

#[bulkhead(max_concurrent = 2, span = true)]
fn bounded() -> Result<(), AppError> {
    Ok(())
}

#[bulkhead(max_concurrent = 2, key = tenant, span = true)]
fn bounded_by_key(tenant: &str) -> Result<(), AppError> {
    assert_eq!(tenant, "ann");
    Ok(())
}

#[rate_limit("1000/s", span = true)]
fn paced() -> Result<(), AppError> {
    Ok(())
}

#[fallback((), span = true)]
fn replaced() -> Result<(), AppError> {
    Err(failure("busy"))
}

#[enhanced_error_handling(rethrow = false, span = true)]
fn handled() -> Result<u32, AppError> {
    Ok(1)
}

#[enhanced_error_handling(span = true)]
#[track_caller]
fn tracked() -> Result<(), AppError> {
    Ok(())
}

#[resilient(bulkhead = 4, name = "kinds-resilient", span = true)]
fn resilient_call() -> Result<(), AppError> {
    Ok(())
}

#[test]
fn each_attribute_has_a_span_of_its_kind() {
    let spans_of = |run: fn()| single(Spans::of(run).1);
    let cases: [(&str, &str, fn()); 12] = [
        ("circuit_breaker", "kinds-breaker", || breaker().unwrap()),
        ("circuit_breaker", "kinds-breaker-2", || {
            breaker_with_fallback().unwrap();
        }),
        ("retry", "retried", || retried().unwrap()),
        ("retry_with_circuit_breaker", "kinds-both", || {
            both().unwrap();
        }),
        ("timeout", "limited", || limited().unwrap()),
        ("bulkhead", "bounded", || bounded().unwrap()),
        ("bulkhead", "bounded_by_key", || {
            bounded_by_key("ann").unwrap();
        }),
        ("rate_limit", "paced", || paced().unwrap()),
        ("fallback", "replaced", || replaced().unwrap()),
        ("error_handling", "handled", || {
            assert_eq!(handled().unwrap(), 1);
        }),
        ("error_handling", "tracked", || tracked().unwrap()),
        ("bulkhead", "kinds-resilient", || resilient_call().unwrap()),
    ];
    for (kind, name, run) in cases {
        let span = spans_of(run);
        assert_eq!(
            (&*span.fields["guard.kind"], &*span.fields["guard.name"]),
            (kind, name)
        );
        assert_eq!(span.outcome(), "succeeded", "{kind}");
    }
}

mod asynchronous {
    use super::*;

    #[hedge(after = "1h", span = true)]
    async fn hedged(text: String) -> Result<usize, AppError> {
        Ok(text.len())
    }

    #[rate_limit("1000/s", span = true)]
    async fn paced(text: &str) -> Result<usize, AppError> {
        Ok(text.len())
    }

    #[bulkhead(max_concurrent = 2, span = true)]
    async fn bounded(text: &str) -> Result<usize, AppError> {
        Ok(text.len())
    }

    #[fallback(0, span = true)]
    async fn replaced(text: &str) -> Result<usize, AppError> {
        Err(failure(text))
    }

    #[enhanced_error_handling(catch_panics = true, span = true)]
    async fn handled(text: &str) -> Result<usize, AppError> {
        Ok(text.len())
    }

    #[retry_with_circuit_breaker(name = "kinds-both-async", key = text, span = true)]
    async fn both(text: &str) -> Result<usize, AppError> {
        Ok(text.len())
    }

    #[timeout("1h", span = true)]
    fn future(text: &str) -> impl Future<Output = Result<usize, AppError>> + '_ {
        assert!(!text.is_empty());
        async move { Ok(text.len()) }
    }

    #[tokio::test(start_paused = true)]
    async fn each_attribute_has_a_span_of_its_kind() {
        let spans = Spans::default();
        let guard = tracing::subscriber::set_default(spans.subscriber());
        assert_eq!(hedged("four".to_owned()).await.unwrap(), 4);
        assert_eq!(paced("four").await.unwrap(), 4);
        assert_eq!(bounded("four").await.unwrap(), 4);
        assert_eq!(replaced("four").await.unwrap(), 0);
        assert_eq!(handled("four").await.unwrap(), 4);
        assert_eq!(both("four").await.unwrap(), 4);
        assert_eq!(future("four").await.unwrap(), 4);
        drop(guard);
        let all = spans.all();
        let kinds: Vec<_> = all.iter().map(|span| &*span.fields["guard.kind"]).collect();
        assert_eq!(
            kinds,
            [
                "hedge",
                "rate_limit",
                "bulkhead",
                "fallback",
                "error_handling",
                "retry_with_circuit_breaker",
                "timeout"
            ]
        );
        assert!(all.iter().all(|span| span.outcome() == "succeeded"));
    }
}
