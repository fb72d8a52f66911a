//! Deadlines from one service to the next, over two hops.

use crate::support::serve;
use axum::{Router, extract::State, http::HeaderMap, routing::get};
use gardefou::{
    AppError, ErrorCode, Result,
    call::{self, Context, InCall, wire::DeadlineHeader},
    event::Severity,
    integrations::{
        axum::{deadlines, problems},
        http::AcceptDeadline,
        reqwest_middleware::GuardMiddleware,
    },
    retry::Retry,
    testing::Scope,
    time::ManualClock,
};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

const HEADER: &str = "x-envoy-expected-rq-timeout-ms";

fn client(name: &'static str) -> ClientWithMiddleware {
    let retry = Retry::builder().clock(ManualClock::new()).build().unwrap();
    let guards = GuardMiddleware::builder(name)
        .retry(retry)
        .without_circuit_breaker();
    ClientBuilder::new(reqwest_0_13::Client::new())
        .with(guards.build().unwrap())
        .build()
}

/// What service B got: the header in milliseconds, and the time that remained in its handler.
type Seen = Arc<Mutex<Vec<(Option<u64>, Option<Duration>)>>>;

/// Service B: fails the first request, and answers the second one.
async fn second_hop(
    State(seen): State<Seen>,
    headers: HeaderMap,
) -> (axum::http::StatusCode, &'static str) {
    let header = headers
        .get(HEADER)
        .map(|value| value.to_str().unwrap().parse().unwrap());
    let mut seen = seen.lock().unwrap();
    seen.push((header, call::remaining()));
    if seen.len() == 1 {
        (axum::http::StatusCode::SERVICE_UNAVAILABLE, "busy")
    } else {
        (axum::http::StatusCode::OK, "from B")
    }
}

/// Service A: asks B under what remains of its own deadline, with a retry.
async fn first_hop(
    State((client, b)): State<(ClientWithMiddleware, SocketAddr)>,
) -> Result<String> {
    let answer = client.get(format!("http://{b}/")).send().await?;
    Ok(answer.text().await?)
}

async fn two_hops(seen: &Seen) -> SocketAddr {
    let b = Router::new()
        .route("/", get(second_hop))
        .with_state(Arc::clone(seen));
    let b = serve(problems(deadlines(b, AcceptDeadline::new()))).await;
    let a = Router::new()
        .route("/", get(first_hop))
        .with_state((client("a-to-b"), b));
    let max = AcceptDeadline::new().max(Duration::from_secs(30)).unwrap();
    serve(problems(deadlines(a, max))).await
}

#[tokio::test]
async fn each_hop_and_each_attempt_gets_at_most_what_remains() {
    let seen = Seen::default();
    let a = two_hops(&seen).await;
    let within = Context::current().with_timeout(Duration::from_secs(20));
    let answer = client("to-a")
        .get(format!("http://{a}/"))
        .send()
        .in_call(within)
        .await
        .unwrap();
    assert_eq!(answer.text().await.unwrap(), "from B");
    let seen = seen.lock().unwrap();
    let [(Some(first), _), (Some(second), _)] = seen[..] else {
        panic!("two attempts with a deadline: {seen:?}")
    };
    assert!(first <= 20_000 && second <= first, "{seen:?}");
    for (header, remaining) in &*seen {
        assert!(*remaining <= header.map(Duration::from_millis), "{seen:?}");
    }
}

#[tokio::test]
async fn maximum_of_a_server_passes_down_and_without_header_there_is_no_deadline() {
    let seen = Seen::default();
    let a = two_hops(&seen).await;
    let ask = async |millis: &str| {
        let request = reqwest_0_13::Client::new().get(format!("http://{a}/"));
        let request = request.header(HEADER, millis);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("9999999999").await, 200);
    {
        let seen = seen.lock().unwrap();
        let limit = Duration::from_secs(30);
        assert!(seen.iter().all(|(header, remaining)| header.unwrap() <= 30_000 && remaining.unwrap() <= limit), "{seen:?}");
    }
    for hostile in ["-1", "99999999999", "1e3", "", "soon", "1;2"] {
        seen.lock().unwrap().clear();
        assert_eq!(ask(hostile).await, 200, "{hostile}");
        assert!(
            seen.lock()
                .unwrap()
                .iter()
                .all(|seen| *seen == (None, None)),
            "{hostile}"
        );
    }
}

#[tokio::test]
async fn request_with_two_values_or_bytes_that_are_no_text_has_no_deadline() {
    let seen = Seen::default();
    let a = two_hops(&seen).await;
    let mut twice = reqwest_0_13::Client::new()
        .get(format!("http://{a}/"))
        .build()
        .unwrap();
    twice.headers_mut().append(HEADER, "0".parse().unwrap());
    twice.headers_mut().append(HEADER, "5".parse().unwrap());
    let mut bytes = reqwest_0_13::Client::new()
        .get(format!("http://{a}/"))
        .build()
        .unwrap();
    bytes.headers_mut().append(
        HEADER,
        http_1::HeaderValue::from_bytes(b"\xff\xfe").unwrap(),
    );
    for request in [twice, bytes] {
        let answer = reqwest_0_13::Client::new().execute(request).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .all(|seen| *seen == (None, None))
    );
}

#[tokio::test]
async fn deadline_that_has_passed_is_answered_with_504_before_the_handler_runs() {
    let scope = Scope::new();
    let seen = Seen::default();
    let router = Router::new()
        .route("/", get(second_hop))
        .with_state(Arc::clone(&seen));
    let app = problems(deadlines(router, AcceptDeadline::new()));
    let _entered = scope.enter();
    let request = axum::http::Request::get("/").header(HEADER, "0");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(app, request).await.unwrap();
    assert_eq!(answer.status(), 504);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert!(seen.lock().unwrap().is_empty());
    let stats = scope.monitor().stats();
    assert_eq!(stats.total_errors, 1);
    let record = &stats.recent_errors[0];
    assert_eq!(record.operation, "GET /");
    assert_eq!(record.level, Severity::Warning, "the caller was late");
}

#[tokio::test]
async fn client_whose_deadline_has_passed_sends_nothing() {
    let seen = Seen::default();
    let a = two_hops(&seen).await;
    let too_late = Context::current().with_timeout(Duration::ZERO);
    let request = client("late").get(format!("http://{a}/")).send();
    let err = AppError::from(request.in_call(too_late).await.unwrap_err());
    assert!(err.is(ErrorCode::TIMEOUT_ERROR), "{err:?}");
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn deadline_of_a_header_never_extends_one_that_is_there() {
    use gardefou::integrations::tower::{AcceptDeadlineLayer, BoxError};
    use tower::{ServiceBuilder, ServiceExt};
    crate::support::block_on(async {
        let service = ServiceBuilder::new()
            .layer(AcceptDeadlineLayer::default())
            .service_fn(async |_: http_1::Request<&str>| Ok::<_, BoxError>(call::remaining()));
        let request = http_1::Request::builder().header(HEADER, "60000").body("");
        let outer = Context::current().with_timeout(Duration::from_secs(2));
        let remaining = service
            .oneshot(request.unwrap())
            .in_call(outer)
            .await
            .unwrap();
        assert!(remaining.unwrap() <= Duration::from_secs(2));
    });
}

#[test]
fn attempt_sends_what_remains_by_the_clock_of_the_retry() {
    use gardefou::integrations::tower::{BoxError, RetryLayer, SendDeadlineLayer};
    use tower::{ServiceBuilder, ServiceExt};
    crate::support::block_on(async {
        let clock = ManualClock::new();
        let retry = Retry::builder()
            .max_retries(9)
            .backoff(
                gardefou::retry::Backoff::constant(Duration::from_secs(3))
                    .jitter(gardefou::retry::Jitter::None),
            )
            .max_elapsed(Duration::from_secs(10))
            .clock(clock.clone())
            .build()
            .unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&sent);
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(retry))
            .layer(SendDeadlineLayer::new(DeadlineHeader::GRPC))
            .service_fn(move |request: http_1::Request<&'static str>| {
                let value = request.headers()["grpc-timeout"]
                    .to_str()
                    .unwrap()
                    .to_owned();
                log.lock().unwrap().push(value);
                std::future::ready(Err::<(), BoxError>("busy".into()))
            });
        let _ = service.oneshot(http_1::Request::new("")).await.unwrap_err();
        assert_eq!(
            *sent.lock().unwrap(),
            ["10000000u", "7000000u", "4000000u", "1000000u"]
        );
    });
}
