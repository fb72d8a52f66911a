//! The middleware of reqwest, against servers on the loopback.

use crate::support::{quick_retry, serve};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    routing::any,
};
use gardefou::{
    AppError, ErrorCode,
    breaker::{CircuitBreaker, CircuitState},
    call::{Context, InCall},
    error::View,
    integrations::reqwest_middleware::{GuardMiddleware, GuardMiddlewareBuilder, Repeat},
    retry::{FailedAttempt, Retry},
    time::{Clock, ManualClock},
};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(Method, String)>>>);

impl Seen {
    fn take(&self) -> usize {
        std::mem::take(&mut *self.0.lock().unwrap()).len()
    }
}

/// Answers with the status in the path; the wait is that of the path too, where there is one.
async fn server(seen: &Seen) -> SocketAddr {
    async fn answer(
        State(seen): State<Seen>,
        Path((status, wait)): Path<(u16, String)>,
        method: Method,
        body: String,
    ) -> (StatusCode, HeaderMap) {
        seen.0.lock().unwrap().push((method, body));
        let mut headers = HeaderMap::new();
        if wait != "-" {
            headers.insert("retry-after", wait.parse().unwrap());
        }
        (StatusCode::from_u16(status).unwrap(), headers)
    }
    let router = Router::new().route("/{status}/{wait}", any(answer));
    serve(router.with_state(seen.clone())).await
}

fn client(guards: GuardMiddlewareBuilder) -> ClientWithMiddleware {
    ClientBuilder::new(reqwest_0_13::Client::new())
        .with(guards.build().unwrap())
        .build()
}

fn retrying() -> GuardMiddlewareBuilder {
    GuardMiddleware::builder("test")
        .retry(quick_retry().build().unwrap())
        .without_circuit_breaker()
}

#[tokio::test]
async fn only_statuses_that_can_pass_are_retried() {
    let seen = Seen::default();
    let address = server(&seen).await;
    let client = client(retrying());
    for (status, calls) in [
        (200, 1),
        (204, 1),
        (400, 1),
        (401, 1),
        (404, 1),
        (409, 1),
        (501, 1),
        (505, 1),
        (408, 4),
        (425, 4),
        (429, 4),
        (500, 4),
        (502, 4),
        (503, 4),
        (504, 4),
    ] {
        let answer = client
            .get(format!("http://{address}/{status}/-"))
            .send()
            .await;
        assert_eq!(
            answer.unwrap().status().as_u16(),
            status,
            "the last response"
        );
        assert_eq!(seen.take(), calls, "{status}");
    }
}

#[tokio::test]
async fn only_idempotent_requests_are_repeated_by_default() {
    let seen = Seen::default();
    let address = server(&seen).await;
    let url = format!("http://{address}/503/-");
    let plain = client(retrying());
    for (method, calls) in [
        (Method::GET, 4),
        (Method::HEAD, 4),
        (Method::OPTIONS, 4),
        (Method::PUT, 4),
        (Method::DELETE, 4),
        (Method::POST, 1),
        (Method::PATCH, 1),
    ] {
        plain.request(method.clone(), &url).send().await.unwrap();
        assert_eq!(seen.take(), calls, "{method}");
    }
    let post = || plain.post(&url).body("order 7");
    post().with_extension(Repeat::Allowed).send().await.unwrap();
    assert!(
        seen.0
            .lock()
            .unwrap()
            .iter()
            .all(|(_, body)| body == "order 7")
    );
    assert_eq!(seen.take(), 4);
    post().header("Idempotency-Key", "7").send().await.unwrap();
    assert_eq!(seen.take(), 4);
    plain
        .get(&url)
        .with_extension(Repeat::Denied)
        .send()
        .await
        .unwrap();
    assert_eq!(seen.take(), 1);
    client(retrying().repeat_every_method())
        .post(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(seen.take(), 4);
}

#[tokio::test]
async fn body_that_cannot_be_copied_is_sent_once() {
    let seen = Seen::default();
    let address = server(&seen).await;
    let body = http_body_util::Full::new(axum::body::Bytes::from("order 7"));
    let body = reqwest_0_13::Body::wrap(body);
    let request = client(retrying())
        .put(format!("http://{address}/503/-"))
        .body(body);
    assert_eq!(request.send().await.unwrap().status(), 503);
    assert_eq!(
        *seen.0.lock().unwrap(),
        [(Method::PUT, "order 7".to_owned())]
    );
}

#[tokio::test]
async fn wait_of_the_server_is_obeyed_and_one_that_is_too_long_ends_the_series() {
    let seen = Seen::default();
    let address = server(&seen).await;
    let clock = ManualClock::new();
    let retry = Retry::builder()
        .max_retries(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    let client = client(
        GuardMiddleware::builder("test")
            .retry(retry)
            .without_circuit_breaker(),
    );
    let start = clock.now();
    client
        .get(format!("http://{address}/429/40"))
        .send()
        .await
        .unwrap();
    let waited = clock.now().since(start).as_secs_f64();
    assert!((40.0..=44.1).contains(&waited), "{waited}");
    assert_eq!(seen.take(), 2);
    client
        .get(format!("http://{address}/429/3600"))
        .send()
        .await
        .unwrap();
    assert_eq!(seen.take(), 1);
}

#[tokio::test]
async fn connection_that_is_refused_is_tried_again_for_every_method() {
    // The port of tcpmux: nobody serves it, and no test is given it.
    let url = "http://127.0.0.1:1/";
    let failed = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&failed);
    let retry = quick_retry()
        .on_retry(move |attempt: &FailedAttempt<'_>| log.lock().unwrap().push(attempt.index))
        .build()
        .unwrap();
    let client = client(
        GuardMiddleware::builder("test")
            .retry(retry)
            .without_circuit_breaker(),
    );
    let err = client.post(url).body("order 7").send().await.unwrap_err();
    assert_eq!(*failed.lock().unwrap(), [0, 1, 2]);
    assert_eq!(
        View::from_any(&err).code(),
        Some(ErrorCode::EXTERNAL_SERVICE_ERROR)
    );
}

#[tokio::test]
async fn post_whose_connection_ends_is_not_sent_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let accepted = Arc::new(Mutex::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            *count.lock().unwrap() += 1;
            // Reads the request, and hangs up.
            stream.readable().await.unwrap();
            let _ = stream.try_read(&mut [0; 4096]);
        }
    });
    let client = client(retrying());
    client.post(&url).body("order 7").send().await.unwrap_err();
    assert_eq!(std::mem::take(&mut *accepted.lock().unwrap()), 1);
    client.get(&url).send().await.unwrap_err();
    assert_eq!(*accepted.lock().unwrap(), 4);
}

#[tokio::test]
async fn each_host_has_a_breaker_and_a_rejection_is_recognised() {
    let seen = Seen::default();
    let (ill, well) = (server(&seen).await, server(&seen).await);
    let breaker = CircuitBreaker::builder("stock").failure_threshold(2);
    let guards = GuardMiddleware::builder("stock")
        .circuit_breaker(breaker)
        .retry(quick_retry().max_retries(9).build().unwrap())
        .build()
        .unwrap();
    let guards = Arc::new(guards);
    let client = ClientBuilder::new(reqwest_0_13::Client::new())
        .with_arc(guards.clone())
        .build();
    let get = async |address: SocketAddr, status: u16| {
        client
            .get(format!("http://{address}/{status}/-"))
            .send()
            .await
    };
    let _ = get(ill, 503).await;
    assert_eq!(seen.take(), 2, "the series ended with the circuit open");
    let err = get(ill, 200).await.unwrap_err();
    assert_eq!(seen.take(), 0, "not sent");
    assert!(err.is_middleware());
    let view = View::from_any(&err);
    assert!(view.is_rejected());
    assert_eq!(view.code(), Some(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert!(view.retry_after().is_some());
    assert!(AppError::from(err).is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(get(well, 200).await.unwrap().status(), 200);
    let state = |address: SocketAddr| {
        guards
            .circuit_breaker(&format!("http://{address}/"))
            .unwrap()
            .state()
    };
    assert_eq!(
        (state(ill), state(well)),
        (CircuitState::Open, CircuitState::Closed)
    );
}

#[tokio::test]
async fn rejection_inside_an_attempt_of_a_retry_around_the_client_stops_it() {
    let seen = Seen::default();
    let address = server(&seen).await;
    let guards = GuardMiddleware::builder("stock")
        .without_retry()
        .build()
        .unwrap();
    let url = format!("http://{address}/200/-");
    guards.circuit_breaker(&url).unwrap().force_open();
    let client = ClientBuilder::new(reqwest_0_13::Client::new())
        .with(guards)
        .build();
    let outer = CircuitBreaker::builder("outer").build().unwrap();
    let mut attempts = 0;
    let retry = quick_retry().build().unwrap();
    let outcome = retry
        .call_async(|| {
            attempts += 1;
            outer.call_with_async(gardefou::breaker::ErrorClassifier, || async {
                Ok::<_, AppError>(client.get(&url).send().await?)
            })
        })
        .await;
    assert!(outcome.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(attempts, 1);
    assert_eq!(outer.snapshot().counts.ignored, 1);
}

#[tokio::test(start_paused = true)]
async fn deadline_of_the_call_cuts_off_a_server_that_hangs_and_shows_nothing_about_it() {
    let router = Router::new().route("/", any(async || std::future::pending::<&str>().await));
    let address = serve(router).await;
    let guards = GuardMiddleware::builder("hangs")
        .circuit_breaker(CircuitBreaker::builder("hangs").failure_threshold(1))
        .build()
        .unwrap();
    let url = format!("http://{address}/");
    let breaker = guards.circuit_breaker(&url).unwrap();
    let client = ClientBuilder::new(reqwest_0_13::Client::new())
        .with(guards)
        .build();
    let within = Context::current().with_timeout(Duration::from_millis(50));
    let err = client.get(url).send().in_call(within).await.unwrap_err();
    assert_eq!(View::from_any(&err).code(), Some(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert_eq!(breaker.snapshot().counts.failure, 0);
}

#[test]
fn breakers_of_hosts_are_bounded_and_ports_count() {
    let breaker = CircuitBreaker::builder("stock").max_keys(3);
    let guards = GuardMiddleware::builder("stock").circuit_breaker(breaker);
    let guards = guards.build().unwrap();
    let name = |url| guards.circuit_breaker(url).unwrap().name().to_owned();
    for (url, key) in [
        ("https://a.example/orders", "a.example"),
        ("https://a.example:443/", "a.example"),
        ("http://a.example:81/?q=1", "a.example:81"),
        ("http://[::1]:81/", "[::1]:81"),
        ("https://b.example/", "_OTHER"),
        ("https://c.example/", "_OTHER"),
        ("https://A.EXAMPLE/", "a.example"),
    ] {
        assert_eq!(name(url), format!("stock[{key}]"), "{url}");
    }
    let wrong = CircuitBreaker::builder("stock").max_keys(0);
    let wrong = GuardMiddleware::builder("stock").circuit_breaker(wrong);
    assert_eq!(wrong.build().unwrap_err().field(), "max_keys");
}
