//! Layers in an axum server on the loopback, with a client of hyper.

use crate::support::{quick_retry, serve};
use axum::{
    Router,
    body::Body,
    error_handling::HandleErrorLayer,
    extract::{Path, Request},
    http::StatusCode,
    routing::get,
};
use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    bulkhead::Bulkhead,
    call, error_monitor,
    hedge::Hedge,
    integrations::{
        axum::{handle_error, problems},
        tower::{CircuitBreakerLayer, PipelineLayer},
    },
    pipeline::Pipeline,
    time::ManualClock,
};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tower::ServiceBuilder;

fn client() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn uri(address: SocketAddr, path: &str) -> axum::http::Uri {
    format!("http://{address}{path}").parse().unwrap()
}

/// A router whose routes are behind a breaker that reads statuses.
fn guarded(breaker: &CircuitBreaker, routes: Router) -> Router {
    let layers = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_error))
        .layer(CircuitBreakerLayer::new(breaker.clone()).by_status());
    problems(routes.layer(layers))
}

#[tokio::test]
async fn failing_responses_open_the_circuit_and_rejected_requests_are_problems() {
    let breaker = CircuitBreaker::builder("stock-server")
        .failure_threshold(2)
        .recovery_timeout(Duration::from_secs(30))
        .recovery_jitter(0.0)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let routes = Router::new().route(
        "/answer/{status}",
        get(async |Path(status): Path<u16>| StatusCode::from_u16(status).unwrap()),
    );
    let address = serve(guarded(&breaker, routes)).await;
    let client = client();
    let status = async |path: &str| client.get(uri(address, path)).await.unwrap();

    assert_eq!(status("/answer/502").await.status(), 502);
    assert_eq!(status("/answer/404").await.status(), 404);
    assert_eq!(breaker.state(), CircuitState::Closed, "the client's fault");
    assert_eq!(status("/answer/502").await.status(), 502);
    assert_eq!(breaker.state(), CircuitState::Open);

    let rejected = status("/answer/200").await;
    assert_eq!(rejected.status(), 503);
    assert_eq!(rejected.headers()["retry-after"], "30");
    assert_eq!(
        rejected.headers()["content-type"],
        "application/problem+json"
    );
    let body = rejected.into_body().collect().await.unwrap().to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code_name"], "CIRCUIT_OPEN_ERROR");
    assert!(error_monitor().stats().error_counts["CIRCUIT_OPEN_ERROR"] >= 1);
    assert_eq!(breaker.snapshot().counts.rejected, 1);
}

/// Announces its drop.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn slot_is_given_back_when_the_client_hangs_up() {
    let breaker = CircuitBreaker::builder("hang-up")
        .half_open_max_calls(1)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    breaker.force_open();
    breaker.half_open().unwrap();
    let (begun, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
        async move || {
            let _dropped = Dropped(ended);
            begun.notify_one();
            std::future::pending::<&str>().await
        }
    };
    let routes = Router::new()
        .route("/hang", get(handler))
        .route("/", get(async || "hello"));
    let address = serve(guarded(&breaker, routes)).await;
    let (client, target) = (client(), uri(address, "/hang"));
    let request = tokio::spawn(async move { client.get(target).await });
    begun.notified().await;
    assert!(breaker.try_acquire().is_err(), "its slot is taken");
    request.abort();
    ended.notified().await;
    assert!(breaker.try_acquire().is_ok(), "dropped with the handler");
    assert_eq!(breaker.state(), CircuitState::HalfOpen, "no verdict");
    let answer = self::client().get(uri(address, "/")).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(breaker.state(), CircuitState::Closed);
}

/// Copies requests without a body.
fn copied(request: &Request) -> Option<Request> {
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    (request.method() == axum::http::Method::GET).then_some(copy)
}

#[tokio::test]
async fn routes_behind_a_pipeline_are_retried_and_rejected_by_its_policies() {
    let breaker = CircuitBreaker::builder("pipeline-server")
        .failure_threshold(3)
        .recovery_timeout(Duration::from_secs(30))
        .recovery_jitter(0.0)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let pipeline = Pipeline::builder("pipeline-server")
        .timeout(Duration::from_secs(3600))
        .retry(quick_retry().max_retries(2))
        .circuit_breaker(&breaker)
        .build()
        .unwrap();
    let layers = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_error))
        .layer(
            PipelineLayer::new(pipeline)
                .by_status()
                .clone_request(copied),
        );
    let answer = async |Path(failures): Path<u32>| {
        let attempt = call::attempt().unwrap().index;
        assert!(call::remaining().is_some());
        match attempt < failures {
            true => (StatusCode::BAD_GATEWAY, attempt.to_string()),
            false => (StatusCode::OK, attempt.to_string()),
        }
    };
    let routes = Router::new().route("/fails/{count}", get(answer).post(answer));
    let address = serve(problems(routes.layer(layers))).await;
    let client = client();
    let get = async |path: &str| client.get(uri(address, path)).await.unwrap();

    let retried = get("/fails/2").await;
    assert_eq!(retried.status(), 200);
    let body = retried.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "2", "the third attempt");
    assert_eq!(breaker.snapshot().counts.failure, 2);

    let post = axum::http::Request::post(uri(address, "/fails/1"));
    let once = client.request(post.body(Body::empty()).unwrap()).await;
    assert_eq!(once.unwrap().status(), 502, "it is not sent again");
    assert_eq!(breaker.snapshot().counts.failure, 3);

    assert_eq!(breaker.state(), CircuitState::Closed, "one in a row");

    // The second attempt opens the circuit, and no third one reaches the handler.
    assert_eq!(get("/fails/9").await.status(), 503);
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!(breaker.snapshot().counts.failure, 5);
    let rejected = get("/fails/0").await;
    assert_eq!(rejected.status(), 503);
    assert_eq!(rejected.headers()["retry-after"], "30");
    let body = rejected.into_body().collect().await.unwrap().to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code_name"], "CIRCUIT_OPEN_ERROR");
}

#[tokio::test]
async fn permits_of_all_attempts_come_back_when_the_client_hangs_up() {
    let bulkhead = Bulkhead::builder("pipeline-hang-up")
        .max_concurrent(2)
        .build()
        .unwrap();
    let pipeline = Pipeline::builder("pipeline-hang-up")
        .retry(quick_retry())
        .hedge(Hedge::builder("pipeline-hang-up").after(Duration::ZERO))
        .bulkhead(&bulkhead)
        .attempt_timeout(Duration::from_secs(3600))
        .build()
        .unwrap();
    let layers = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_error))
        .layer(PipelineLayer::new(pipeline).clone_request(copied));
    let (begun, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
        async move || {
            let _dropped = Dropped(ended);
            begun.notify_one();
            std::future::pending::<&str>().await
        }
    };
    let routes = Router::new()
        .route("/hang", get(handler))
        .route("/", get(async || "hello"));
    let address = serve(problems(routes.layer(layers))).await;
    let (client, target) = (client(), uri(address, "/hang"));
    let request = tokio::spawn(async move { client.get(target).await });
    // Both attempts run: a permit of `Notify` holds one announcement, and they may merge.
    begun.notified().await;
    while bulkhead.snapshot().in_flight < 2 {
        tokio::task::yield_now().await;
    }
    request.abort();
    ended.notified().await;
    while bulkhead.snapshot().in_flight > 0 {
        tokio::task::yield_now().await;
    }
    let answer = self::client().get(uri(address, "/")).await.unwrap();
    assert_eq!(answer.status(), 200);
}
