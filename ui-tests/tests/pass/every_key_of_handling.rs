//! Each key of `#[enhanced_error_handling]`.

use crate::prelude::*;
use gardefou::event::LogLevel;

const LOUD: LogLevel = LogLevel::Critical;

#[enhanced_error_handling(error_code = ErrorCode::DB_QUERY_ERROR, log_level = LOUD, capture(account, token, note), span = true)]
fn f(account: u32, token: &str, note: String) -> R<u32> {
    drop(note);
    Err(std::io::Error::other(format!(
        "no account {account} for {}",
        token.len()
    )))?;
    Ok(account)
}

#[enhanced_error_handling(capture(right))]
fn of_a_pattern((left, right): (u8, u8)) -> R<u8> {
    left.checked_sub(right)
        .ok_or_else(|| AppError::new(ErrorCode::SYNC_ERROR, "late"))
}

#[enhanced_error_handling(rethrow = false, fallback = vec![n])]
fn g(n: i32) -> R<Vec<i32>> {
    Err(std::fmt::Error)?;
    Ok(vec![])
}

#[enhanced_error_handling(rethrow = false)]
async fn h() -> Result<String, std::io::Error> {
    tick().await;
    Err(std::io::Error::other("gone"))
}

#[enhanced_error_handling(catch_panics = true)]
fn i(n: usize) -> R<i32> {
    Ok([1, 2][n])
}

#[enhanced_error_handling(catch_panics = true, rethrow = false, fallback = -1, span = false)]
async fn j(n: usize) -> Result<i32, Box<dyn std::error::Error + Send + Sync>> {
    tick().await;
    Ok([1, 2][n])
}

#[test]
fn every_key_has_an_effect() {
    let err = f(7, "secret", "n".into()).unwrap_err();
    assert!(err.is(ErrorCode::DB_QUERY_ERROR));
    assert_eq!(
        (&err.details()["account"], &err.details()["note"]),
        (&"7".into(), &"\"n\"".into())
    );
    assert!(
        !err.to_json().to_string().contains("secret"),
        "{}",
        err.to_json()
    );
    assert_eq!(of_a_pattern((1, 2)).unwrap_err().details()["right"], "2");
    assert_eq!(g(3).unwrap(), [3]);
    assert_eq!(block_on(h()).unwrap(), "");
    assert_eq!(i(1).unwrap(), 2);
    let err = i(2).unwrap_err();
    assert!(err.is(ErrorCode::PANIC_ERROR));
    assert!(err.message().contains("out of bounds"), "{err}");
    assert_eq!(block_on(j(0)).unwrap(), 1);
    assert_eq!(block_on(j(9)).unwrap(), -1);
}
