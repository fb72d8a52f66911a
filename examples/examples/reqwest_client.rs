//! A client of reqwest whose requests are retried, guarded by a circuit breaker for each host, and
//! carry the time that remains.
//!
//! `cargo run -p gardefou-examples --example reqwest_client`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use gardefou::{
    AppError, ErrorCode, Result,
    breaker::CircuitBreaker,
    call::{Context, InCall},
    integrations::reqwest_middleware::{GuardMiddleware, Repeat},
    retry::{Backoff, Retry},
};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

static CALLS: AtomicU32 = AtomicU32::new(0);

/// A server that is overloaded at every other request, and one route that is down.
fn server() -> Router {
    let busy = async |headers: HeaderMap| match CALLS.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => (StatusCode::SERVICE_UNAVAILABLE, "busy".to_owned()),
        _ => {
            let millis = headers.get("x-envoy-expected-rq-timeout-ms");
            let millis = millis
                .and_then(|value| value.to_str().ok())
                .unwrap_or("no limit");
            (StatusCode::OK, format!("served within {millis}"))
        }
    };
    Router::new()
        .route("/orders", get(busy).post(busy))
        .route("/down", post(async || StatusCode::BAD_GATEWAY))
}

fn client() -> Result<ClientWithMiddleware> {
    let backoff = Backoff::constant(Duration::from_millis(1));
    let guards = GuardMiddleware::builder("orders")
        .retry(Retry::builder().max_retries(2).backoff(backoff).build()?)
        .circuit_breaker(CircuitBreaker::builder("orders").failure_threshold(3))
        .build()?;
    let client = reqwest_0_13::Client::new();
    Ok(ClientBuilder::new(client).with(guards).build())
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, server()).await });
    let client = client()?;
    let orders = format!("{url}/orders");

    // A `GET` is repeated; the server learns how much time is left.
    let within = Context::current().with_timeout(Duration::from_secs(5));
    let answer = client.get(&orders).send().in_call(within).await?;
    assert_eq!(answer.status(), 200);
    println!("GET: {}", answer.text().await?);

    // A `POST` is not, unless the request allows it.
    let answer = client.post(&orders).send().await?;
    assert_eq!(answer.status(), 503);
    CALLS.store(0, Ordering::Relaxed);
    let answer = client
        .post(&orders)
        .with_extension(Repeat::Allowed)
        .send()
        .await?;
    assert_eq!(answer.status(), 200);
    println!("POST that may be repeated: {}", answer.text().await?);

    // Three failures in a row open the circuit of this host: the next request is not sent.
    for _ in 0..3 {
        let answer = client.post(format!("{url}/down")).send().await?;
        assert_eq!(answer.status(), 502);
    }
    let rejected = client.get(&orders).send().await.map_err(AppError::from);
    let rejected = rejected.expect_err("the circuit is open");
    assert!(rejected.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    println!("rejected: {rejected}");
    Ok(())
}
