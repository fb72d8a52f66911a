//! Requests that are dropped, and what is left of a request afterwards.

use crate::support::{get, record, records, request};
use axum::{Router, http::Method, routing::any};
use futures::FutureExt;
use gardefou::{
    AppError, ErrorCode, Result, enhanced_error_handling, integrations::axum::problems,
    testing::Scope, transaction_boundary,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tower::ServiceExt;

#[enhanced_error_handling]
fn fails() -> Result<()> {
    Err(AppError::new(ErrorCode::SYNC_ERROR, "late"))
}

#[tokio::test]
async fn dropped_request_is_no_error_and_leaves_no_state() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let app = problems(Router::new().route(
        "/wait",
        any(async move || {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<&'static str>().await
        }),
    ));
    for _ in 0..3 {
        assert!(
            app.clone()
                .oneshot(request(Method::GET, "/wait"))
                .now_or_never()
                .is_none()
        );
    }
    assert_eq!(begun.load(Ordering::SeqCst), 3);
    assert!(records(&scope).is_empty());
    // The context of those requests is over.
    assert!(fails().is_err());
    assert!(!record(&scope).details.contains_key("http.route"));
}

#[tokio::test]
async fn compensations_of_a_dropped_request_have_its_route() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let handler = async || -> Result<()> {
        transaction_boundary!("http-dropped", |tx| {
            tx.on_rollback("undo", || {
                Err::<(), _>(AppError::new(ErrorCode::DB_WRITE_ERROR, "cannot undo"))
            });
            std::future::pending::<()>().await;
        })
    };
    let app = problems(Router::new().route("/transfers/{id}", any(handler)));
    assert!(
        app.oneshot(request(Method::POST, "/transfers/7"))
            .now_or_never()
            .is_none()
    );
    let undone = records(&scope)
        .into_iter()
        .find(|record| record.error_code == "DB_WRITE_ERROR")
        .unwrap();
    assert_eq!(undone.details["http.route"], "/transfers/{id}");
    assert_eq!(undone.details["http.request.method"], "POST");
}

#[tokio::test]
async fn handled_error_is_not_matched_with_the_next_one() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let app =
        problems(Router::new().route("/", any(async || fails().map_or("handled", |()| "fine"))));
    assert_eq!(get(&app, "/").await.body, "handled");
    assert_eq!(get(&app, "/").await.body, "handled");
    assert_eq!(records(&scope).len(), 2);
}
