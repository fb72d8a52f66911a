//! Extension members of problem details.

use crate::support::{get, records};
use axum::{Router, response::IntoResponse, routing::any};
use gardefou::{AppError, ErrorCode, ResultExt, integrations::axum::problems, testing::Scope};
use serde_json::{Value, json};

fn poor() -> AppError {
    AppError::new(ErrorCode::API_REQUEST_ERROR, "account 12345 has 30")
        .with_extension_member("balance", 30)
        .with_extension_member("accounts", ["/account/1", "/account/2"])
}

#[tokio::test]
async fn members_of_an_error_are_in_its_response_also_under_other_errors() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let failing =
        any(async || Err::<(), _>(poor()).context(ErrorCode::DB_INTEGRITY_ERROR, "not paid"));
    let answer = get(&problems(Router::new().route("/", failing)), "/").await;
    let problem = answer.problem();
    assert_eq!(
        (&problem["balance"], &problem["accounts"][1]),
        (&json!(30), &json!("/account/2"))
    );
    assert!(
        !records(&scope)[0].details.contains_key("balance"),
        "they are the client's"
    );
    // They survive the trip to another process.
    let sent = serde_json::to_value(poor()).unwrap();
    assert_eq!(
        AppError::from_json(&sent).unwrap().to_problem().to_json()["balance"],
        30
    );
    // Of two with one name, the outer one counts.
    let outer = poor()
        .wrap(ErrorCode::DB_INTEGRITY_ERROR, "not paid")
        .with_extension_member("balance", "unknown");
    assert_eq!(outer.to_problem().extension_members()["balance"], "unknown");
}

#[test]
fn standard_members_are_never_replaced_or_added() {
    let names = [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "code_name",
    ];
    let plain = poor();
    let odd = names.into_iter().fold(plain.clone(), |error, name| {
        error.with_extension_member(name, "mine")
    });
    assert_eq!(odd.to_problem().to_json(), plain.to_problem().to_json());
    let odd = names.into_iter().fold(plain.to_problem(), |problem, name| {
        problem.extension_member(name, "mine")
    });
    assert_eq!(odd.to_json(), plain.to_problem().to_json());
    assert!(plain.to_problem().to_json().get("detail").is_none());
}

#[test]
fn members_are_redacted_and_bounded() {
    let error = AppError::new(ErrorCode::API_REQUEST_ERROR, "refused")
        .with_extension_member("password", "hUnt3r2x")
        .with_extension_member("hint", "use postgres://ann:hUnt3r2x@db/orders");
    let problem = error
        .to_problem()
        .extension_member("token", "k1x9Qz77")
        .extension_member("n", 7);
    let body = problem.to_json();
    assert!(!body.to_string().contains("hUnt3r2x"), "{body}");
    assert_eq!(
        (&body["password"], &body["token"]),
        (&json!("[redacted]"), &json!("[redacted]"))
    );
    assert_eq!(body["n"], 7);
    let large = error
        .with_extension_member("list", vec!["x".repeat(1000); 1000])
        .to_problem();
    let length = large.body().len();
    assert!(length < 32 * 1024, "{length}");
    assert!(matches!(large.to_json()["list"], Value::Array(_)));
}

#[tokio::test]
async fn problem_with_members_is_a_response() {
    let response = poor()
        .to_problem()
        .extension_member("currency", "EUR")
        .into_response();
    let body = axum::body::to_bytes(response.into_body(), 4096)
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&body["currency"], &body["balance"]),
        (&json!("EUR"), &json!(30))
    );
}
