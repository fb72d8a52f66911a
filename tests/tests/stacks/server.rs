//! Layers in an axum server on the loopback, with a client of hyper.

use crate::support::serve;
use axum::{
    Router, body::Body, error_handling::HandleErrorLayer, extract::Path, http::StatusCode,
    routing::get,
};
use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    error_monitor,
    integrations::{
        axum::{handle_error, problems},
        tower::CircuitBreakerLayer,
    },
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

#[tokio::test]
async fn slot_is_given_back_when_the_client_hangs_up() {
    struct Dropped(Arc<Notify>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
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
