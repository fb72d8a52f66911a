//! Pipelines by hand.

use super::support::{Spans, failure, single};
use gardefou::{AppError, hedge::Hedge, pipeline::Pipeline, retry::Retry};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

#[test]
fn pipeline_has_one_span_with_the_attempts_of_its_retry() {
    let retry = || {
        Retry::builder()
            .max_retries(1)
            .initial_delay(Duration::ZERO)
    };
    let pipeline = Pipeline::builder("spans-pipeline")
        .retry(retry())
        .timeout(Duration::from_secs(1))
        .span(true)
        .build()
        .unwrap();
    let mut answers = [Err(failure("busy")), Ok(4)].into_iter();
    let (answer, spans) = Spans::of(|| pipeline.call(|| answers.next().unwrap()));
    assert_eq!(answer.unwrap(), 4);
    let span = single(spans);
    assert_eq!(
        (&*span.fields["guard.kind"], &*span.fields["otel.name"]),
        ("pipeline", "spans-pipeline")
    );
    assert_eq!(span.attempts(), ["1 failed after 0.0", "2 succeeded"]);
    assert!(!span.fields.keys().any(|name| name.starts_with("code.")));

    let pipeline = Pipeline::builder("spans-pipeline")
        .retry(retry())
        .build()
        .unwrap();
    assert_eq!(
        Spans::of(|| pipeline.call(|| Err::<(), _>(failure("busy")))).1,
        []
    );
}

#[test]
fn pipeline_without_a_policy_can_have_a_span() {
    let pipeline = Pipeline::builder("spans-bare").span(true).build().unwrap();
    let (answer, spans) = Spans::of(|| pipeline.clone().call(|| Err::<(), _>(failure("busy"))));
    assert_eq!(
        single(spans).fields["error.id"],
        answer.unwrap_err().id().to_string()
    );
}

#[tokio::test(start_paused = true)]
async fn async_pipelines_have_one_span() {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.subscriber());
    let pipeline = Pipeline::builder("spans-async")
        .attempt_timeout(Duration::from_secs(1))
        .span(true)
        .build()
        .unwrap();
    assert_eq!(
        pipeline
            .call_async(|| async { Ok::<_, AppError>(1) })
            .await
            .unwrap(),
        1
    );
    let hedge = Hedge::builder("spans-hedge").after(Duration::from_secs(1));
    let pipeline = Pipeline::builder("spans-hedged")
        .hedge(hedge)
        .span(true)
        .build()
        .unwrap();
    assert_eq!(
        pipeline
            .call_async(|| async { Ok::<_, AppError>(2) })
            .await
            .unwrap(),
        2
    );
    {
        let mut dropped = pin!(pipeline.call_async(std::future::pending::<Result<(), AppError>>));
        assert!(
            dropped
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    drop(guard);
    let all = spans.all();
    let seen: Vec<_> = all
        .iter()
        .map(|span| (&*span.fields["guard.name"], span.outcome()))
        .collect();
    assert_eq!(
        seen,
        [
            ("spans-async", "succeeded"),
            ("spans-hedged", "succeeded"),
            ("spans-hedged", "cancelled")
        ]
    );
    assert_eq!(all[1].attempts(), ["1 succeeded"]);
}
