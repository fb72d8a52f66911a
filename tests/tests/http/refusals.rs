//! Every refusal of the framework has one form, and nothing else is touched.

use crate::support::{Answer, get, record, records, request, send};
use axum::{
    Form, Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query},
    http::{HeaderName, HeaderValue, Method, Request, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use futures::StreamExt;
use gardefou::{
    AppError, ErrorCode,
    event::Severity,
    integrations::axum::{problem_details, problems},
    testing::Scope,
};
use serde::{Deserialize, Deserializer};
use std::sync::atomic::{AtomicUsize, Ordering};

/// `{"item": "tea", "cents": 450}`.
struct Order {
    _cents: u32,
}

impl<'de> Deserialize<'de> for Order {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = std::collections::HashMap::<String, u32>::deserialize(deserializer)?;
        let cents = fields
            .get("cents")
            .ok_or_else(|| serde::de::Error::missing_field("cents"))?;
        Ok(Self { _cents: *cents })
    }
}

fn shop() -> Router {
    Router::new()
        .route("/orders", post(async |Json(_): Json<Order>| "placed"))
        .route("/form", post(async |Form(_): Form<Order>| "placed"))
        .route("/text", post(async |text: String| text))
        .route(
            "/orders/{id}",
            axum::routing::get(async |Path(id): Path<u32>| id.to_string()),
        )
        .route(
            "/search",
            axum::routing::get(async |Query(_): Query<Order>| "found"),
        )
        .layer(DefaultBodyLimit::max(64))
}

fn with_body(path: &str, kind: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path);
    let request = match kind {
        Some(kind) => request.header(header::CONTENT_TYPE, kind),
        None => request,
    };
    request.body(body.into()).unwrap()
}

#[tokio::test]
async fn each_refusal_is_a_problem_with_its_status_and_a_standard_code() {
    const JSON: Option<&str> = Some("application/json");
    let app = problems(shop());
    let get = |path: &str| request(Method::GET, path);
    let cases = [
        (
            "bad JSON",
            with_body("/orders", JSON, "tea, please"),
            400,
            "API_REQUEST_ERROR",
            "JSON",
        ),
        (
            "JSON of another form",
            with_body("/orders", JSON, r#"{"item":1}"#),
            422,
            "API_REQUEST_ERROR",
            "cents",
        ),
        (
            "no content type",
            with_body("/orders", None, "{}"),
            415,
            "API_REQUEST_ERROR",
            "Content-Type",
        ),
        (
            "no form",
            with_body("/form", JSON, "{}"),
            415,
            "API_REQUEST_ERROR",
            "x-www-form-urlencoded",
        ),
        (
            "no text",
            with_body("/text", None, &b"caf\xE9"[..]),
            400,
            "API_REQUEST_ERROR",
            "UTF-8",
        ),
        (
            "bad path",
            get("/orders/first"),
            400,
            "API_REQUEST_ERROR",
            "first",
        ),
        (
            "bad query",
            get("/search?cents=many"),
            400,
            "API_REQUEST_ERROR",
            "query",
        ),
        (
            "a large body",
            with_body("/text", None, "x".repeat(65)),
            413,
            "API_REQUEST_ERROR",
            "limit",
        ),
        (
            "no such route",
            get("/nowhere"),
            404,
            "FILE_NOT_FOUND_ERROR",
            "",
        ),
        ("wrong method", get("/orders"), 405, "API_REQUEST_ERROR", ""),
    ];
    for (what, request, status, code, detail) in cases {
        let scope = Scope::new();
        let _entered = scope.enter();
        let answer = send(&app, request).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        let problem = answer.problem();
        assert_eq!(problem["code_name"], code, "{what}");
        assert_eq!(
            problem.get("detail").is_some(),
            !detail.is_empty(),
            "{what}: {problem}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .unwrap_or_default()
                .contains(detail),
            "{what}: {problem}"
        );
        let record = record(&scope);
        assert_eq!(
            (record.id, record.level),
            (answer.id(), Severity::Warning),
            "{what}: the client is at fault"
        );
        assert_eq!(
            record.details["http.response.status_code"], status,
            "{what}"
        );
    }
    let answer = send(&app, get("/orders")).await;
    assert_eq!(answer.header("allow"), "POST");
    assert_eq!(get_ok(&app).await, "7");
}

async fn get_ok(app: &Router) -> String {
    let answer = get(app, "/orders/7").await;
    assert_eq!(answer.status, 200);
    answer.body
}

/// The response of an inner layer instead of the handler, with no body.
fn answering(status: StatusCode) -> Router {
    let layer = from_fn(move |_: Request<Body>, _: Next| std::future::ready(status));
    problems(
        Router::new()
            .route("/", any(async || "reached"))
            .layer(layer),
    )
}

#[tokio::test]
async fn plain_statuses_of_layers_become_problems() {
    for (status, code, level) in [
        (408, "TIMEOUT_ERROR", Severity::Warning),
        (401, "PERMISSION_ERROR", Severity::Warning),
        (429, "RATE_LIMIT_ERROR", Severity::Warning),
        (500, "UNKNOWN_ERROR", Severity::Error),
        (502, "EXTERNAL_SERVICE_ERROR", Severity::Error),
        (503, "CONCURRENCY_LIMIT_ERROR", Severity::Error),
        (504, "TIMEOUT_ERROR", Severity::Error),
        (599, "UNKNOWN_ERROR", Severity::Error),
    ] {
        let scope = Scope::new();
        let _entered = scope.enter();
        let answer = get(&answering(StatusCode::from_u16(status).unwrap()), "/").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.problem()["code_name"]),
            (status, &code.into())
        );
        assert_eq!(
            (record(&scope).level, record(&scope).error_code.as_str()),
            (level, code),
            "{status}"
        );
    }
    for status in [200, 204, 302, 304] {
        let answer = get(&answering(StatusCode::from_u16(status).unwrap()), "/").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (status, "")
        );
    }
}

/// A router with one route, whose handler makes this response.
fn making(make: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Router {
    problems(Router::new().route("/", any(async move || make())))
}

#[tokio::test]
async fn responses_with_their_own_form_are_unchanged() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let of_kind = |kind: &'static str, body: &'static str| {
        making(move || (StatusCode::CONFLICT, [(header::CONTENT_TYPE, kind)], body).into_response())
    };
    for (kind, body) in [
        ("application/json", r#"{"error":"late"}"#),
        ("text/html; charset=utf-8", "<p>late</p>"),
        ("application/octet-stream", "\0\0"),
        ("application/problem+json", r#"{"type":"urn:mine"}"#),
        ("application/grpc", ""),
    ] {
        let answer = get(&of_kind(kind, body), "/").await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.header("content-type"),
                answer.body.as_str()
            ),
            (409, kind, body)
        );
    }
    let untyped =
        making(|| (StatusCode::CONFLICT, Body::from("a body of no kind")).into_response());
    let answer = get(&untyped, "/").await;
    assert_eq!(
        (answer.header("content-type"), answer.body.as_str()),
        ("", "a body of no kind")
    );
    assert!(
        records(&scope).is_empty(),
        "none of them is an error that anything is known of"
    );

    // An error of ours, with a text that an inner layer gave it.
    let reworded = from_fn(async |request: Request<Body>, next: Next| {
        let mut response = next.run(request).await;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        *response.body_mut() = Body::from("late, sorry");
        response
    });
    let failing = any(async || {
        Err::<(), _>(AppError::new(
            ErrorCode::RESOURCE_BUSY_ERROR,
            "held by job 7",
        ))
    });
    let answer = get(
        &problems(Router::new().route("/", failing).layer(reworded)),
        "/",
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (423, "late, sorry")
    );
    assert_eq!(record(&scope).message, "held by job 7");
}

#[tokio::test]
async fn bodies_of_successes_are_not_read() {
    static POLLED: AtomicUsize = AtomicUsize::new(0);
    let stream = || {
        let parts = futures::stream::iter(0..3).map(|n| {
            POLLED.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from(format!("{n}\n")))
        });
        (
            [(header::CONTENT_TYPE, "text/plain")],
            Body::from_stream(parts),
        )
            .into_response()
    };
    let app = making(stream);
    let response = tower::ServiceExt::oneshot(app.clone(), request(Method::GET, "/"))
        .await
        .unwrap();
    assert_eq!(POLLED.load(Ordering::SeqCst), 0);
    drop(response);
    assert_eq!(get(&app, "/").await.body, "0\n1\n2\n");
}

#[tokio::test]
async fn texts_are_bounded_redacted_and_not_awaited() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let saying =
        |status: StatusCode, text: String| making(move || (status, text.clone()).into_response());

    let long = get(&saying(StatusCode::BAD_REQUEST, "x".repeat(1_000_000)), "/")
        .await
        .problem();
    let length = long["detail"].as_str().unwrap().len();
    assert!((4000..4200).contains(&length), "{length}");

    let text = "invalid password=hUnt3r2x in the query".to_owned();
    let answer = get(&saying(StatusCode::BAD_REQUEST, text), "/").await;
    assert!(
        answer.problem()["detail"]
            .as_str()
            .unwrap()
            .starts_with("invalid password="),
        "{answer:?}"
    );
    assert!(!answer.body.contains("hUnt3r2x"), "{answer:?}");

    let internal = "no route to db-7.internal".to_owned();
    let answer = get(&saying(StatusCode::INTERNAL_SERVER_ERROR, internal), "/").await;
    assert!(answer.problem().get("detail").is_none(), "{answer:?}");
    assert_eq!(records(&scope)[0].message, "no route to db-7.internal");

    // The first part is there, the second one never comes.
    let endless = making(|| {
        let parts = futures::stream::iter([Ok::<_, std::io::Error>("no such ")])
            .chain(futures::stream::pending());
        (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "Text/Plain;charset=utf-8")],
            Body::from_stream(parts),
        )
            .into_response()
    });
    assert_eq!(get(&endless, "/").await.problem()["detail"], "no such");
}

#[tokio::test]
async fn headers_stay_except_those_of_the_replaced_body() {
    let app = making(|| {
        let kept = [
            ("www-authenticate", "Basic"),
            ("retry-after", "7"),
            ("x-request-id", "a1"),
            ("allow", "PUT"),
        ];
        let gone = [
            ("content-encoding", "gzip"),
            ("content-length", "3"),
            ("etag", "\"1\""),
        ];
        let mut response = (StatusCode::UNAUTHORIZED, "abc").into_response();
        for (name, value) in kept.into_iter().chain(gone) {
            response.headers_mut().insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        response
    });
    let answer = get(&app, "/").await;
    assert!(
        answer.problem().get("detail").is_none(),
        "an encoded text is not read: {answer:?}"
    );
    let has = |name| answer.headers.contains_key(name);
    assert!(
        has("www-authenticate") && has("retry-after") && has("x-request-id") && has("allow"),
        "{answer:?}"
    );
    assert!(!has("content-encoding") && !has("etag"), "{answer:?}");
}

fn lengths(get: &Answer, head: &Answer) {
    assert_eq!((head.status, head.body.as_str()), (get.status, ""));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let failing =
        axum::routing::get(async || Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "late")));
    let panicking = axum::routing::get(async || -> &'static str { panic!("late") });
    let router = shop().route("/fails", failing).route("/panics", panicking);
    let app = problems(router.clone());
    for path in ["/orders/first", "/nowhere", "/fails", "/panics"] {
        lengths(
            &get(&app, path).await,
            &send(&app, request(Method::HEAD, path)).await,
        );
    }
    // As a service around the router, which has taken the body by then.
    let whole = Router::new().fallback_service(
        tower::ServiceBuilder::new()
            .layer(from_fn(problem_details))
            .service(router),
    );
    for path in ["/orders/first", "/nowhere"] {
        let head = send(&whole, request(Method::HEAD, path)).await;
        assert_eq!(
            (head.header("content-type"), head.body.as_str()),
            ("application/problem+json", "")
        );
    }
}

#[tokio::test]
async fn nested_routers_and_fallbacks_are_covered_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    // Both of them have the layer.
    let app = problems(
        Router::new()
            .nest("/api", problems(shop()))
            .merge(Router::new().route("/page", any(async || "p"))),
    );
    for (path, status) in [
        ("/api/orders/first", 400),
        ("/api/nowhere", 404),
        ("/nowhere", 404),
    ] {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, status);
        assert_eq!(records(&scope)[0].id, answer.id());
    }
    assert_eq!(records(&scope).len(), 3);
    assert_eq!(records(&scope)[2].operation, "GET /api/orders/{id}");

    let service = problems(Router::new().nest_service("/api", problems(shop())));
    assert_eq!(get(&service, "/api/orders/first").await.status, 400);
    assert_eq!(records(&scope)[0].operation, "GET /api/orders/{id}");
    assert_eq!(records(&scope).len(), 4);
}

#[tokio::test]
async fn custom_fallbacks_keep_their_form() {
    let plain = shop().fallback(async || (StatusCode::NOT_FOUND, "Try /orders."));
    let answer = get(&problems(plain), "/nowhere").await;
    assert_eq!(answer.problem()["detail"], "Try /orders.");

    let json = shop()
        .fallback(async || {
            (
                StatusCode::NOT_FOUND,
                [(header::CONTENT_TYPE, "application/json")],
                r#"{"try":"/orders"}"#,
            )
        })
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "POST it."));
    let app = problems(json);
    assert_eq!(get(&app, "/nowhere").await.body, r#"{"try":"/orders"}"#);
    let answer = get(&app, "/orders").await;
    assert_eq!(
        (answer.header("allow"), &answer.problem()["detail"]),
        ("POST", &"POST it.".into())
    );
    let found = problems(Router::new().fallback(async || "found"));
    assert_eq!(get(&found, "/anything").await.body, "found");
}

#[tokio::test]
async fn middleware_covers_one_route() {
    let limited = any(async || StatusCode::FORBIDDEN).layer(from_fn(problem_details));
    let app = Router::new()
        .route("/with", limited)
        .route("/without", any(async || StatusCode::FORBIDDEN));
    assert_eq!(
        get(&app, "/with").await.problem()["code_name"],
        "PERMISSION_ERROR"
    );
    assert_eq!(get(&app, "/without").await.body, "");
}

#[tokio::test]
async fn panicking_body_loses_only_the_detail() {
    let app = making(|| {
        let parts = futures::stream::poll_fn(
            |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> { panic!("odd") },
        );
        (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "text/plain")],
            Body::from_stream(parts),
        )
            .into_response()
    });
    assert!(get(&app, "/").await.problem().get("detail").is_none());
}
