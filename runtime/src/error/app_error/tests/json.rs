//! The JSON form of an error.

use super::{Outer, rejection};
use crate::error::{AppError, ErrorCode};
use serde_json::json;
use std::{fmt, io, time::Duration};

#[test]
fn to_json_has_the_documented_keys() {
    let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route à db1");
    let id = err.id().to_string();
    let bare = json!({
        "error": true, "code": 300, "code_name": "DB_CONNECTION_ERROR", "message": "no route à db1", "id": id,
    });
    assert_eq!(err.to_json(), bare);
    let full = err
        .with_detail("host", "db1")
        .with_source(fmt::Error)
        .to_json();
    assert_eq!(full["details"], json!({"host": "db1"}));
    assert_eq!(full["original_error"], fmt::Error.to_string());
    assert_eq!(full["id"], id);
}

#[test]
fn error_of_a_rejection_has_its_details_and_its_text_once() {
    let err = AppError::from(rejection());
    assert_eq!(err.details()["circuit_breaker"], "payments");
    assert_eq!(err.details()["retry_after"], 7.0);
    for json in [err.to_json(), json!(err)] {
        assert_eq!(
            json.to_string().matches("rejected the call").count(),
            1,
            "{json}"
        );
    }
    let wrapped = err.wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "not paid");
    assert_eq!(wrapped.to_json()["original_error"], rejection().to_string());
    // Through a type of the user's.
    let inside = AppError::from(Outer(Box::new(rejection())));
    assert_eq!(inside.details()["circuit_breaker"], "payments");
    assert_eq!(inside.to_json()["original_error"], "outer");
}

#[test]
fn round_trip_through_serde_keeps_the_error() {
    let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "not stored\nline 2")
        .with_source(Outer(Box::new(io::Error::other("disk full"))))
        .with_detail("table", json!({"name": "orders", "rows": [1, 2.5, null]}))
        .with_public_message("Later.")
        .with_extension_member("rows", [1, 2])
        .with_retry_after(Duration::from_millis(1500));
    let text = serde_json::to_string(&err).unwrap();
    let back: AppError = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (back.code(), back.is_coded(), back.id()),
        (err.code(), true, err.id())
    );
    assert_eq!(
        (back.message(), back.details()),
        (err.message(), err.details())
    );
    assert_eq!(
        (back.public_message(), back.retry_after()),
        (err.public_message(), err.retry_after())
    );
    assert_eq!(back.extension_members(), err.extension_members());
    assert_eq!(format!("{back:#}"), format!("{err:#}"));
    let (mut first, mut second) = (json!(err), json!(back));
    (first["location"], second["location"]) = (json!(null), json!(null));
    assert_eq!(first, second);
}

#[test]
fn short_form_is_read_with_its_one_source() {
    let uncoded = AppError::from(io::Error::other("disk full"));
    let back = AppError::from_json(&uncoded.to_json()).unwrap();
    assert_eq!(
        (back.code(), back.is_coded(), back.id()),
        (ErrorCode::UNKNOWN_ERROR, false, uncoded.id())
    );
    assert_eq!(
        back.source().map(ToString::to_string).as_deref(),
        Some("disk full")
    );
}

#[test]
fn unregistered_code_is_named_in_a_detail() {
    let back = AppError::from_json(
        &json!({"message": "x", "code": 9999, "code_name": "OF_ANOTHER_PROGRAM"}),
    )
    .unwrap();
    assert_eq!(
        (back.code(), back.is_coded()),
        (ErrorCode::UNKNOWN_ERROR, false)
    );
    assert_eq!(
        back.details()["unregistered_code"],
        "OF_ANOTHER_PROGRAM(9999)"
    );
    let by_number = AppError::from_json(&json!({"message": "x", "code": 413})).unwrap();
    assert!(by_number.is(ErrorCode::TIMEOUT_ERROR) && by_number.is_coded());
    let none = AppError::from_json(&json!({"message": "x"})).unwrap();
    assert!(!none.is_coded() && none.details().is_empty());
}

#[test]
fn json_of_another_shape_is_rejected_with_the_member_at_fault() {
    for (json, member) in [
        (json!([]), "error"),
        (json!({}), "message"),
        (json!({"message": 1}), "message"),
        (json!({"message": "x", "id": "1"}), "id"),
        (json!({"message": "x", "code": -1}), "code"),
        (json!({"message": "x", "code_name": 1}), "code_name"),
        (json!({"message": "x", "details": []}), "details"),
        (json!({"message": "x", "sources": [1]}), "sources"),
        (
            json!({"message": "x", "original_error": {}}),
            "original_error",
        ),
        (json!({"message": "x", "coded": "yes"}), "coded"),
        (
            json!({"message": "x", "retry_after_ms": 1.5}),
            "retry_after_ms",
        ),
    ] {
        assert_eq!(
            AppError::from_json(&json).unwrap_err().member,
            member,
            "{json}"
        );
    }
    assert!(
        serde_json::from_str::<AppError>("3")
            .unwrap_err()
            .to_string()
            .contains("`error` must be an object")
    );
}

#[test]
fn message_of_ten_megabytes_is_cut_in_the_json_form_only() {
    let err = AppError::new(ErrorCode::SYNC_ERROR, "é".repeat(5_000_000));
    assert_eq!(err.message().len(), 10_000_000);
    let json = err.to_json();
    let message = json["message"].as_str().unwrap();
    assert!(
        message.len() < 70_000 && message.ends_with("(cut, 10000000 bytes in all)"),
        "{}",
        message.len()
    );
}
