//! `#[enhanced_error_handling]`.

use crate::support::{R, busy, reported_by};
use gardefou::{AppError, ErrorCode, enhanced_error_handling};
use std::{fmt, io};

#[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
fn handled_innermost(text: &str) -> R<u16> {
    Ok(text.parse()?)
}

#[enhanced_error_handling(error_code = ErrorCode::API_RESPONSE_ERROR)]
fn handled_middle(text: &str) -> R<u16> {
    handled_innermost(text)
}

#[enhanced_error_handling(error_code = ErrorCode::SYNC_ERROR)]
async fn handled_outermost(text: &str) -> R<u16> {
    tokio::task::yield_now().await;
    handled_middle(text)
}

#[tokio::test]
async fn error_is_coded_and_reported_once_across_functions() {
    let [inner, middle, outer] =
        ["handled_innermost", "handled_middle", "handled_outermost"].map(reported_by);
    assert_eq!(handled_outermost("80").await.unwrap(), 80);
    let error = handled_outermost("http").await.unwrap_err();
    assert!(error.is(ErrorCode::CONFIG_ERROR), "the first code stays");
    assert_eq!(
        inner.all(),
        ["error CONFIG_ERROR invalid digit found in string"]
    );
    assert!(middle.all().is_empty() && outer.all().is_empty());
}

#[enhanced_error_handling(error_code = ErrorCode::TIMEOUT_ERROR, log_level = "critical")]
fn handled_coded() -> R<()> {
    Err(busy())
}

#[test]
fn coded_error_keeps_its_code_and_gets_the_configured_level() {
    let reported = reported_by("handled_coded");
    assert!(
        handled_coded()
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    );
    assert_eq!(reported.all(), ["critical RESOURCE_BUSY_ERROR busy"]);
}

#[derive(Debug, PartialEq)]
struct Foreign(u8);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "foreign {}", self.0)
    }
}

impl std::error::Error for Foreign {}

#[enhanced_error_handling(error_code = ErrorCode::EXTERNAL_SERVICE_ERROR)]
fn handled_foreign(n: u8) -> Result<(), Foreign> {
    Err(Foreign(n))
}

#[enhanced_error_handling(error_code = ErrorCode::SYNC_ERROR)]
fn handled_around_foreign(n: u8) -> Result<(), Foreign> {
    handled_foreign(n)
}

#[test]
fn foreign_error_is_reported_once_and_returned_unchanged() {
    let [inner, outer] = ["handled_foreign", "handled_around_foreign"].map(reported_by);
    assert_eq!(handled_around_foreign(7), Err(Foreign(7)));
    assert_eq!(inner.all(), ["error EXTERNAL_SERVICE_ERROR foreign 7"]);
    assert!(outer.all().is_empty());
}

struct Nothing;

#[enhanced_error_handling(error_code = ErrorCode::SYNC_ERROR)]
fn handled_opaque() -> Result<(), Nothing> {
    Err(Nothing)
}

#[test]
fn opaque_error_is_reported_by_its_type() {
    let reported = reported_by("handled_opaque");
    assert!(handled_opaque().is_err());
    let texts = reported.all();
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("Nothing"), "{texts:?}");
}

#[enhanced_error_handling(rethrow = false, fallback = text.len())]
fn handled_swallowed(text: &str) -> Result<usize, io::Error> {
    Err(io::Error::other("no"))
}

#[test]
fn swallowed_error_is_reported_each_time() {
    let reported = reported_by("handled_swallowed");
    assert_eq!(handled_swallowed("abc").unwrap(), 3);
    assert_eq!(handled_swallowed("ab").unwrap(), 2);
    assert_eq!(reported.all().len(), 2);
}

#[enhanced_error_handling(catch_panics = true)]
async fn handled_panic(n: usize) -> R<u8> {
    tokio::task::yield_now().await;
    Ok([1, 2][n])
}

#[tokio::test]
async fn caught_panic_is_returned_as_an_error() {
    let reported = reported_by("handled_panic");
    assert_eq!(handled_panic(1).await.unwrap(), 2);
    assert!(
        handled_panic(2)
            .await
            .unwrap_err()
            .is(ErrorCode::PANIC_ERROR)
    );
    assert_eq!(reported.all().len(), 1);
}

#[derive(Debug)]
struct Card {
    #[expect(dead_code, reason = "read through Debug")]
    number: u64,
}

#[enhanced_error_handling(capture(card, password, amount))]
fn handled_captured(card: Card, password: &str, amount: &mut u32) -> R<()> {
    let _card = card;
    *amount = 0;
    Err(AppError::new(ErrorCode::API_REQUEST_ERROR, "declined")
        .with_detail("amount", password.len()))
}

#[test]
fn captured_arguments_become_redacted_details_of_the_error() {
    let error = handled_captured(Card { number: 5 }, "hunter2", &mut 3).unwrap_err();
    assert_eq!(error.details()["card"], "Card { number: 5 }");
    assert_eq!(
        error.details()["amount"],
        7,
        "a detail of the user's own keeps its value"
    );
    let shown = format!("{error:?} {}", error.to_json());
    assert!(!shown.contains("hunter2"), "{shown}");
}
