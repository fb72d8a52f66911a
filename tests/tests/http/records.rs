//! Records of errors have the route and the method of the request, and each error is recorded once.

use crate::support::{get, record, records, request, send};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::any,
};
use gardefou::{
    AppError, ErrorCode, Result, ResultExt,
    breaker::CircuitBreaker,
    call::{Context, InCall},
    enhanced_error_handling,
    event::{Event, Severity, subscribe},
    integrations::axum::problems,
    monitor::ErrorRecord,
    retry,
    testing::Scope,
};
use gardefou_tests::testkit::log::Text;
use serde_json::json;
use std::{
    io,
    sync::{Arc, Mutex},
};

fn users(handler: axum::routing::MethodRouter) -> Router {
    problems(Router::new().route("/users/{id}", handler))
}

fn has_request(record: &ErrorRecord, method: &str) {
    let shown = (
        &record.details["http.request.method"],
        &record.details["http.route"],
    );
    assert_eq!(shown, (&json!(method), &json!("/users/{id}")), "{record:?}");
}

fn refused() -> AppError {
    AppError::new(ErrorCode::DB_CONNECTION_ERROR, "connection refused").with_detail("port", 5432)
}

#[tokio::test]
async fn handler_error_has_route_and_method() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let line = line!() + 2;
    let app = users(any(async || {
        Err::<(), _>(AppError::new(ErrorCode::DB_QUERY_ERROR, "no such table"))
    }));
    let answer = send(&app, request(Method::PUT, "/users/7?token=secret")).await;
    assert_eq!(answer.status, 500);
    let record = record(&scope);
    assert_eq!((record.id, record.level), (answer.id(), Severity::Error));
    assert_eq!(record.operation, "PUT /users/{id}");
    has_request(&record, "PUT");
    assert_eq!(
        record.component,
        file!(),
        "that of the error, not of the library"
    );
    assert!(
        record
            .location
            .as_deref()
            .unwrap()
            .starts_with(&format!("{}:{line}:", file!())),
        "{record:?}"
    );

    // Two routes are two problems.
    let other = problems(Router::new().route("/other", any(async || Err::<(), _>(refused()))));
    let (_, _) = (
        get(&other, "/other").await,
        get(&users(any(async || Err::<(), _>(refused()))), "/users/1").await,
    );
    let all = records(&scope);
    assert_ne!(all[0].fingerprint, all[1].fingerprint);
    assert_eq!(all[0].details["port"], 5432, "the error's own details stay");
}

#[tokio::test]
async fn place_without_the_layer_is_that_of_the_error() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let app = Router::new().route("/", any(async || Err::<(), _>(refused())));
    let _ = get(&app, "/").await;
    let record = record(&scope);
    assert_eq!(
        (record.operation.as_str(), record.component.as_str()),
        ("http_response", file!())
    );
    assert!(!record.details.contains_key("http.route"));
}

#[tokio::test]
async fn refusal_has_route_and_method_but_no_place() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let app = users(axum::routing::get(
        async |axum::extract::Path(_): axum::extract::Path<u32>| "found",
    ));
    let _ = get(&app, "/users/ann").await;
    let refused = record(&scope);
    assert_eq!(
        (refused.operation.as_str(), refused.component.as_str()),
        ("GET /users/{id}", "http")
    );
    assert_eq!(refused.location, None);
    has_request(&refused, "GET");

    let _ = send(&app, request(Method::POST, "/nowhere/7?password=hUnt3r2x")).await;
    let unknown = &records(&scope)[0];
    assert_eq!(
        unknown.operation, "POST",
        "paths that clients choose are no names"
    );
    assert_eq!(unknown.details["url.path"], "/nowhere/7");
    assert!(!unknown.details.contains_key("http.route"));

    let odd = Method::from_bytes(b"BREW").unwrap();
    let _ = send(&app, request(odd, "/users/7")).await;
    let odd = &records(&scope)[0];
    assert_eq!(
        (odd.operation.as_str(), &odd.details["http.request.method"]),
        ("HTTP /users/{id}", &json!("_OTHER"))
    );
}

#[tokio::test]
async fn log_lines_have_the_route_and_no_place_of_the_library() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let lines = Text::default();
    let sink = lines.clone();
    let log = tracing_subscriber::fmt()
        .with_writer(move || sink.clone())
        .with_ansi(false)
        .finish();
    // With one subscriber alone, whichever thread meets a line first decides for all threads
    // whether it is wanted.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _log = tracing::subscriber::set_default(log);
    let failing = axum::routing::get(async |_: axum::extract::Path<u32>| Err::<(), _>(refused()));
    let app = users(failing);
    let (_, _) = (get(&app, "/users/ann").await, get(&app, "/users/7").await);
    let written = lines.get();
    let [refusal, error] = &written.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines: {written}")
    };
    for line in [refusal, error] {
        assert!(
            line.contains("operation=\"GET /users/{id}\"") && !line.contains("integrations"),
            "{line}"
        );
    }
    assert!(
        refusal.contains("WARN") && !refusal.contains(" file=") && !refusal.contains(" line="),
        "{refusal}"
    );
    assert!(
        error.contains("ERROR") && error.contains(&format!(" file=\"{}\"", file!())),
        "{error}"
    );
}

#[enhanced_error_handling]
async fn load() -> Result<()> {
    tokio::task::yield_now().await;
    Err(refused())
}

#[enhanced_error_handling]
async fn read() -> io::Result<()> {
    tokio::task::yield_now().await;
    Err(io::Error::other("cable unplugged"))
}

#[tokio::test]
async fn errors_reported_by_inner_guards_have_route_and_method() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let answer = get(&users(any(load)), "/users/7").await;
    let reported = record(&scope);
    assert_eq!(
        (reported.id, reported.operation.as_str()),
        (answer.id(), "load"),
        "the guard that reported it"
    );
    has_request(&reported, "GET");

    let spawned = users(any(async || {
        tokio::spawn(load().in_call(Context::current()))
            .await
            .unwrap()
    }));
    let answer = get(&spawned, "/users/7").await;
    assert_eq!(records(&scope).len(), 2);
    assert_eq!(records(&scope)[0].id, answer.id());
    has_request(&records(&scope)[0], "GET");

    #[retry(max_retries = 1)]
    async fn again() -> Result<()> {
        load().await
    }
    let _ = get(&users(any(again)), "/users/7").await;
    let retried = scope
        .monitor()
        .query(&gardefou::monitor::journal::Query::new().include_retried())
        .unwrap()
        .records;
    assert_eq!(retried.len(), 4, "both attempts");
    retried.iter().for_each(|record| has_request(record, "GET"));
}

/// `io::Error` has no room for an identity: the frame of the request recognises it.
#[tokio::test]
async fn unmarked_error_is_recorded_once_under_the_identity_in_the_response() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let app = users(any(async || -> Result<()> {
        read().await?;
        Ok(())
    }));
    let answer = get(&app, "/users/7").await;
    let record = record(&scope);
    assert_eq!(
        (record.operation.as_str(), record.id),
        ("read", answer.id())
    );
    has_request(&record, "GET");
}

/// An error type of the user's that makes a plain response.
struct Plain(io::Error);

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

#[tokio::test]
async fn error_reworded_by_the_handler_is_recorded_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let answer = get(
        &users(any(async || read().await.map_err(Plain))),
        "/users/7",
    )
    .await;
    assert_eq!(
        (record(&scope).operation.as_str(), record(&scope).id),
        ("read", answer.id())
    );

    // Nothing inside reported this one.
    let answer = get(
        &users(any(async || Plain(io::Error::other("torn")))),
        "/users/7",
    )
    .await;
    let all = records(&scope);
    assert_eq!(
        (all.len(), all[0].operation.as_str(), all[0].id),
        (2, "GET /users/{id}", answer.id())
    );
    assert_eq!(all[0].message, "torn");
}

#[tokio::test]
async fn hundred_equal_failures_are_a_hundred_errors() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let marked = users(any(async || -> Result<()> {
        tokio::task::yield_now().await;
        Err(refused())
    }));
    let unmarked = users(any(async || -> Result<()> {
        read().await.code(ErrorCode::EXTERNAL_SERVICE_ERROR)
    }));
    let plain = users(any(async || (StatusCode::NOT_FOUND, "no such user")));
    for app in [marked, unmarked, plain] {
        let scope = Scope::new();
        let _entered = scope.enter();
        let answers = futures::future::join_all((0..100).map(|_| get(&app, "/users/7"))).await;
        let of_clients: std::collections::BTreeSet<_> =
            answers.iter().map(crate::support::Answer::id).collect();
        let of_journal: std::collections::BTreeSet<_> =
            records(&scope).iter().map(|record| record.id).collect();
        assert_eq!(of_clients.len(), 100);
        assert_eq!(of_clients, of_journal);
        assert_eq!(scope.monitor().stats().total_errors, 100);
    }
    assert!(records(&scope).is_empty());
}

/// Threads of the runtime belong to no scope: the observers of the process receive the errors.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_on_several_threads_are_recorded_once_each() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let _subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Error(error) = event
            && error.record().is_some_and(|record| {
                record.details.get("http.route") == Some(&json!("/threads/{id}"))
            })
        {
            sink.lock().unwrap().push(error.id);
        }
    });
    let app = problems(Router::new().route(
        "/threads/{id}",
        any(async || -> Result<()> { Ok(read().await?) }),
    ));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let app = app.clone();
        clients.spawn(async move { get(&app, "/threads/7").await.id() });
    }
    let mut of_clients = clients.join_all().await;
    let mut of_observers = seen.lock().unwrap().clone();
    of_clients.sort_unstable();
    of_observers.sort_unstable();
    of_clients.dedup();
    assert_eq!((of_clients.len(), of_observers.len()), (200, 200));
    assert_eq!(of_clients, of_observers);
}

#[tokio::test]
async fn rejections_of_an_open_circuit_are_counted_under_its_opening() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = CircuitBreaker::builder("http-payments").build().unwrap();
    breaker.force_open();
    let app = users(any(move || {
        std::future::ready(breaker.call(|| Ok::<_, AppError>(())))
    }));
    let answers = futures::future::join_all((0..5).map(|_| get(&app, "/users/7"))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 503 && answer.id() == answers[0].id())
    );
    assert_eq!(
        scope.monitor().stats().error_counts["CIRCUIT_OPEN_ERROR"],
        5
    );
}

#[tokio::test]
async fn error_whose_response_a_layer_replaces_is_recorded() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let replaced = from_fn(async |request: Request<Body>, next: Next| {
        let _ = next.run(request).await;
        StatusCode::NO_CONTENT
    });
    let app = problems(
        Router::new()
            .route("/users/{id}", any(async || Err::<(), _>(refused())))
            .layer(replaced),
    );
    assert_eq!(get(&app, "/users/7").await.status, 204);
    assert_eq!(record(&scope).operation, "GET /users/{id}");
    has_request(&record(&scope), "GET");
}
