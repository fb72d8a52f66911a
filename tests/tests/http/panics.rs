//! A panic of a handler is an error of its own place.

use crate::support::{get, record, records};
use axum::{Router, http::StatusCode, routing::any};
use gardefou::{
    Result, enhanced_error_handling, event::Severity, integrations::axum::problems, testing::Scope,
    transaction_boundary,
};

#[tokio::test]
async fn panic_gets_a_response_and_one_critical_record_with_its_place() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let line = line!() + 3;
    let panicking = any(async || -> &'static str {
        tokio::task::yield_now().await;
        panic!("no stock of item 7, password=hUnt3r2x")
    });
    let app = problems(
        Router::new()
            .route("/items/{id}", panicking)
            .route("/ok", any(async || "ok")),
    );
    let answer = get(&app, "/items/7").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let problem = answer.problem();
    assert_eq!(
        (&problem["code_name"], problem.get("detail")),
        (&"PANIC_ERROR".into(), None)
    );
    assert!(!answer.body.contains("stock"), "{answer:?}");

    let record = record(&scope);
    assert_eq!((record.id, record.level), (answer.id(), Severity::Critical));
    assert_eq!(
        (record.operation.as_str(), record.component.as_str()),
        ("GET /items/{id}", file!())
    );
    assert!(
        record
            .message
            .starts_with("`GET /items/{id}` panicked: no stock of item 7"),
        "{record:?}"
    );
    assert!(!record.message.contains("hUnt3r2x"), "{record:?}");
    assert!(
        record
            .location
            .as_deref()
            .unwrap()
            .starts_with(&format!("{}:{line}:", file!())),
        "{record:?}"
    );
    assert_eq!(record.details["http.route"], "/items/{id}");
    assert_eq!(get(&app, "/ok").await.body, "ok", "the service goes on");
}

#[tokio::test]
async fn panics_are_grouped_by_place() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let first = async || -> &'static str { panic!("first") };
    let second = async || -> &'static str { panic!("second") };
    let app = problems(
        Router::new()
            .route("/a", any(first))
            .route("/b", any(first))
            .route("/c", any(second)),
    );
    for path in ["/a", "/b", "/c"] {
        assert_eq!(get(&app, path).await.status, 500);
    }
    let prints: Vec<_> = records(&scope)
        .iter()
        .map(|record| record.fingerprint)
        .collect();
    assert_eq!(prints[1], prints[2]);
    assert_ne!(prints[0], prints[1]);
}

#[tokio::test]
async fn panic_caught_by_an_attribute_is_not_recorded_again() {
    #[enhanced_error_handling(catch_panics = true)]
    async fn caught() -> Result<()> {
        tokio::task::yield_now().await;
        panic!("caught by the attribute")
    }
    let scope = Scope::new();
    let _entered = scope.enter();
    let answer = get(&problems(Router::new().route("/", any(caught))), "/").await;
    assert_eq!(answer.problem()["code_name"], "PANIC_ERROR");
    let record = record(&scope);
    assert_eq!(
        (record.id, record.level, record.operation.as_str()),
        (answer.id(), Severity::Critical, "caught")
    );
    assert!(
        record.location.as_deref().unwrap().starts_with(file!()),
        "{record:?}"
    );
}

#[tokio::test]
async fn panic_in_a_transaction_is_recorded_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let handler = async || -> Result<u32> {
        transaction_boundary!("http-transfer", |tx| {
            tx.on_rollback("undo", || {});
            tokio::task::yield_now().await;
            let empty: Vec<u32> = Vec::new();
            empty[std::hint::black_box(7)]
        })
    };
    let app = problems(Router::new().route(
        "/",
        any(async move || handler().await.map(|n| n.to_string())),
    ));
    let answer = get(&app, "/").await;
    assert_eq!(answer.problem()["code_name"], "PANIC_ERROR");
    let panics: Vec<_> = records(&scope)
        .into_iter()
        .filter(|record| record.error_code == "PANIC_ERROR")
        .collect();
    assert_eq!(panics.len(), 1, "{panics:#?}");
    assert_eq!(
        (panics[0].id, panics[0].operation.as_str()),
        (answer.id(), "http-transfer")
    );
}

#[tokio::test]
async fn panicking_into_response_is_contained() {
    struct Odd;
    impl axum::response::IntoResponse for Odd {
        fn into_response(self) -> axum::response::Response {
            panic!("no response")
        }
    }
    let scope = Scope::new();
    let _entered = scope.enter();
    let app = problems(Router::new().route("/", any(async || Err::<(), _>(Odd))));
    assert_eq!(get(&app, "/").await.status, 500);
    assert_eq!(record(&scope).error_code, "PANIC_ERROR");
}
