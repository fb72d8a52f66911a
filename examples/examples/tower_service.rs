//! Guards as layers of tower: around the routes of an axum server, and around a client inside of it.
//!
//! `cargo run -p gardefou-examples --example tower_service`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use axum::{
    Router, error_handling::HandleErrorLayer, extract::State, http::StatusCode, routing::get,
};
use gardefou::{
    AppError, Result,
    breaker::CircuitBreaker,
    integrations::{
        axum::{deadlines, handle_error, problems},
        http::AcceptDeadline,
        tower::{BoxError, CircuitBreakerLayer, RetryLayer, TimeoutLayer},
    },
    retry::{Backoff, Retry},
    timeout::Timeout,
};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

/// What the routes use: any service of tower, whatever it is made of.
type Stock = BoxCloneSyncService<String, u32, BoxError>;

/// The client: each call is tried up to three times, within two seconds.
fn stock() -> Result<Stock> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let timeout = Timeout::builder("stock")
        .limit(Duration::from_secs(2))
        .build()?;
    let backoff = Backoff::constant(Duration::from_millis(1));
    let retry = Retry::builder().max_retries(2).backoff(backoff).build()?;
    let guards = ServiceBuilder::new()
        .layer(TimeoutLayer::new(timeout)) // the first one is the outermost
        .layer(RetryLayer::new(retry))
        .layer(CircuitBreakerLayer::new(
            CircuitBreaker::builder("stock").build()?,
        ));
    let fetch = |item: String| async move {
        match (item.as_str(), CALLS.fetch_add(1, Ordering::Relaxed)) {
            ("apples", 0) => Err("connection reset".into()), // once
            ("apples", _) => Ok(12),
            _ => Err::<u32, BoxError>("no answer".into()),
        }
    };
    Ok(BoxCloneSyncService::new(guards.service(service_fn(fetch))))
}

async fn apples(State(stock): State<Stock>) -> Result<String> {
    let count = stock
        .oneshot("apples".to_owned())
        .await
        .map_err(AppError::from_boxed)?;
    Ok(format!("{count} apples"))
}

fn router(stock: Stock, breaker: &CircuitBreaker) -> Router {
    // A response with the status of a failure counts, and a rejection is a problem with `Retry-After`.
    let guards = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_error))
        .layer(CircuitBreakerLayer::new(breaker.clone()).by_status());
    let routes = Router::new()
        .route("/apples", get(apples))
        .route(
            "/pears",
            get(async || StatusCode::BAD_GATEWAY).layer(guards),
        )
        .with_state(stock);
    problems(deadlines(routes, AcceptDeadline::new()))
}

#[tokio::main]
async fn main() -> Result<()> {
    let breaker = CircuitBreaker::builder("pears")
        .failure_threshold(2)
        .build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = router(stock()?, &breaker);
    tokio::spawn(async { axum::serve(listener, app).await });

    let answers = [
        ("apples", 200),
        ("pears", 502),
        ("pears", 502),
        ("pears", 503),
    ];
    for (path, status) in answers {
        let (answered, text) = fetch(format!("{url}/{path}"), None).await?;
        assert_eq!(answered, status, "{path}: {text}");
        println!("{path}: {status} {text}");
    }
    assert_eq!(breaker.snapshot().counts.rejected, 1);

    let (late, text) = fetch(format!("{url}/apples"), Some("0")).await?;
    assert_eq!(late, 504, "{text}");
    println!("a caller without time: {late} {text}");
    Ok(())
}

async fn fetch(url: String, millis: Option<&'static str>) -> Result<(u16, String)> {
    let request = move || {
        let mut request = ureq::get(url);
        if let Some(millis) = millis {
            request = request.header("x-envoy-expected-rq-timeout-ms", millis);
        }
        let request = request.config().http_status_as_error(false);
        let (parts, mut body) = request.build().call()?.into_parts();
        Ok((parts.status.as_u16(), body.read_to_string()?))
    };
    tokio::task::spawn_blocking(request).await?
}
