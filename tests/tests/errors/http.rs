//! Errors at the edge: problem documents, and axum.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Path,
    http::{Method, Request, StatusCode},
    routing::get,
};
use gardefou::{
    AppError, ErrorCode, Rejection, Result, ResultExt,
    error::{ErrorId, Policy, Rejector},
    event::{Severity, subscribe},
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, Journal, JournalConfig, Query},
    },
    testing::Scope,
    time::SystemClock,
};
use gardefou_tests::testkit::journal::files;
use serde_json::Value;
use std::{fmt, sync::Arc, time::Duration};
use tower::ServiceExt;

#[derive(Debug)]
struct Named;
impl Rejector for Named {
    fn name(&self) -> &str {
        "payments"
    }
}

fn rejection(policy: Policy, code: ErrorCode, wait: Duration) -> Rejection {
    Rejection::new(policy, code, Arc::new(Named), 1, Some(wait))
}

async fn not_found() -> Result<String> {
    Err(
        AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "/srv/secret/7.wav")
            .with_public_message("No such recording."),
    )
}

async fn unexpected() -> Result<String> {
    std::fs::read_to_string("/no/such/place/password=hunter2")?;
    Ok(String::new())
}

async fn open_circuit() -> Result<String, Rejection> {
    Err(rejection(
        Policy::CircuitBreaker,
        ErrorCode::CIRCUIT_OPEN_ERROR,
        Duration::from_millis(29_400),
    ))
}

async fn limited() -> Result<String> {
    let wait = Duration::from_nanos(1);
    Err(rejection(
        Policy::RateLimit,
        ErrorCode::RATE_LIMIT_ERROR,
        wait,
    ))
    .code(ErrorCode::UNKNOWN_ERROR)
}

struct Answer {
    status: StatusCode,
    retry_after: Option<String>,
    content_type: Option<String>,
    id: Option<ErrorId>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn answer(method: Method, path: &str) -> Answer {
    let app = Router::new()
        .route("/missing", get(not_found))
        .route("/unexpected", get(unexpected))
        .route("/open", get(open_circuit))
        .route("/limited", get(limited))
        .route(
            "/number/{number}",
            get(async |Path(_): Path<u32>| not_found().await),
        );
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    let header = |name| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let (status, retry_after, content_type) = (
        response.status(),
        header("retry-after"),
        header("content-type"),
    );
    let id = response.extensions().get::<ErrorId>().copied();
    let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    Answer {
        status,
        retry_after,
        content_type,
        id,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// The original answered 500 for an error with a code when its route had no decorator.
#[tokio::test]
async fn coded_error_responds_with_its_status_without_any_annotation() {
    let answer = answer(Method::GET, "/missing").await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.content_type.as_deref(),
        Some("application/problem+json")
    );
    let body = answer.json();
    assert_eq!(
        (body["status"].as_u64(), body["code"].as_u64()),
        (Some(404), Some(500))
    );
    assert_eq!(
        (&body["title"], &body["detail"]),
        (&"Not Found".into(), &"No such recording.".into())
    );
    assert_eq!(body["code_name"], "FILE_NOT_FOUND_ERROR");
    assert!(!answer.body.contains("/srv/secret"), "{}", answer.body);
}

/// The original's handler for everything turned a 405 into a 500.
#[tokio::test]
async fn framework_errors_keep_their_status() {
    assert_eq!(answer(Method::DELETE, "/missing").await.status, 405);
    assert_eq!(answer(Method::GET, "/no-such-route").await.status, 404);
}

/// The original made a 500 of a request that could not be read.
#[tokio::test]
async fn malformed_request_is_a_client_error() {
    assert_eq!(answer(Method::GET, "/number/7").await.status, 404);
    assert_eq!(answer(Method::GET, "/number/seven").await.status, 400);
}

/// The original sent the text of an unexpected error, with a token and a connection string in it,
/// to the client.
#[tokio::test]
async fn unexpected_error_exposes_only_its_identity_to_the_client() {
    let answer = answer(Method::GET, "/unexpected").await;
    let body = answer.json();
    assert_eq!(
        (answer.status, body["title"].as_str()),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            Some("Internal Server Error")
        )
    );
    let id = answer.id.expect("the id stands in the extensions");
    let expected = serde_json::json!({
        "type": "about:blank", "title": "Internal Server Error", "status": 500,
        "instance": format!("urn:uuid:{id}"), "code": 1, "code_name": "UNKNOWN_ERROR",
    });
    assert_eq!(
        body, expected,
        "nothing else, above all no text of the error"
    );
}

/// The identity that the client got leads to the error, which only the edge reported.
#[tokio::test]
async fn identity_in_a_problem_document_finds_the_error_in_the_monitor() {
    // The errors of other tests would push it out of the recent ones.
    let scope = Scope::new();
    let _entered = scope.enter();
    let answer = answer(Method::GET, "/unexpected").await;
    let id = answer.id.unwrap();
    let recent = gardefou::error_monitor().stats().recent_errors;
    assert!(
        recent
            .iter()
            .any(|record| record.id == id && record.message.contains("No such file")),
        "{recent:?}"
    );
}

/// Operations: from the identity in the response to an unexpected error to the whole error in the
/// journal.
#[tokio::test]
async fn identity_in_a_problem_document_finds_the_full_chain_in_the_journal() {
    #[derive(Debug)]
    struct Storage(std::io::Error);
    impl fmt::Display for Storage {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("storage node 3 is unreachable")
        }
    }
    impl std::error::Error for Storage {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    async fn download() -> Result<String> {
        let cable = std::io::Error::new(std::io::ErrorKind::NotConnected, "link down on eth1");
        Err(Storage(cable)).with_context(ErrorCode::UNKNOWN_ERROR, || "recording 7 cannot be read")
    }

    let folder = tempfile::tempdir().unwrap();
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(files(folder.path(), SystemClock));
    let _listening = subscribe(monitor);
    let app = Router::new().route("/recordings/7", get(download));
    let request = Request::builder()
        .uri("/recordings/7")
        .body(Body::empty())
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body: Value =
        serde_json::from_slice(&to_bytes(response.into_body(), 64 * 1024).await.unwrap()).unwrap();
    assert!(body.get("detail").is_none(), "{body}");
    assert!(
        ["recording 7", "storage", "eth1"]
            .iter()
            .all(|inner| !body.to_string().contains(inner)),
        "{body}"
    );

    // What an operator does with the report of a client, after a restart of the program.
    let id: ErrorId = body["instance"]
        .as_str()
        .unwrap()
        .strip_prefix("urn:uuid:")
        .unwrap()
        .parse()
        .unwrap();
    let journal = FileJournal::open(
        JournalConfig::builder(folder.path())
            .background(false)
            .build()
            .unwrap(),
    );
    let found = journal.query(&Query::new().id(id)).unwrap().records;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].message.as_str(), found[0].level),
        ("recording 7 cannot be read", Severity::Error)
    );
    assert_eq!(
        found[0].chain,
        ["storage node 3 is unreachable", "link down on eth1"]
    );
    assert!(
        found[0].location.as_deref().unwrap().contains("http.rs:"),
        "{found:?}"
    );
}

/// The original's 429 and 503 answers had no `Retry-After`.
#[tokio::test]
async fn retry_after_of_rejections_is_in_whole_seconds_rounded_up() {
    let open = answer(Method::GET, "/open").await;
    assert_eq!(
        (open.status.as_u16(), open.retry_after.as_deref()),
        (503, Some("30"))
    );
    assert_eq!(open.json()["code_name"], "CIRCUIT_OPEN_ERROR");
    let limited = answer(Method::GET, "/limited").await;
    assert_eq!(
        (limited.status.as_u16(), limited.retry_after.as_deref()),
        (429, Some("1"))
    );
    assert_eq!(answer(Method::GET, "/missing").await.retry_after, None);
}
