//! Names and codes as literals and as paths, keys in any order, trailing commas.

use crate::prelude::*;

mod codes {
    pub(crate) const X: gardefou::ErrorCode = gardefou::ErrorCode::CLASSIFICATION_ERROR;
    pub(crate) const NAME: &str = "by-const";
    pub(crate) const THRESHOLD: u32 = 7;
}

#[with_circuit_breaker(failure_threshold = 1_0, name = "literal")]
fn literal() -> R<()> {
    Ok(())
}

#[with_circuit_breaker(name = r#"raw "quoted""#, recovery_timeout = 0x10)]
fn raw() -> R<()> {
    Ok(())
}

#[with_circuit_breaker(name = "\u{e9}t\u{e9}")]
fn escaped() -> R<()> {
    Ok(())
}

#[with_circuit_breaker(failure_threshold = codes::THRESHOLD, name = codes::NAME)]
fn constant() -> R<()> {
    Ok(())
}

#[enhanced_error_handling(log_level = "WARN", error_code = codes::X)]
fn coded() -> R<()> {
    Err(std::fmt::Error)?;
    Ok(())
}

#[enhanced_error_handling]
fn bare() -> R<()> {
    Ok(())
}

#[retry]
async fn bare_retry() -> R<()> {
    Ok(())
}

#[test]
fn every_form_is_accepted() {
    let all: [fn() -> R<()>; 5] = [literal, raw, escaped, constant, bare];
    all.iter().for_each(|f| f().unwrap());
    block_on(bare_retry()).unwrap();
    for (name, threshold) in [
        ("literal", 10),
        ("raw \"quoted\"", 5),
        ("\u{e9}t\u{e9}", 5),
        ("by-const", 7),
    ] {
        let breaker = circuit_breakers().get(name).unwrap();
        assert_eq!(
            breaker.config().failure_threshold,
            Some(threshold),
            "{name}"
        );
    }
    assert_eq!(
        circuit_breakers()
            .get("raw \"quoted\"")
            .unwrap()
            .config()
            .recovery_timeout
            .as_secs(),
        16
    );
    assert!(coded().unwrap_err().is(ErrorCode::CLASSIFICATION_ERROR));
}
