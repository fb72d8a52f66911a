//! A user's crate with every lint on, which uses every attribute in every form: no lint fires in the
//! expansions. `cargo clippy -p gardefou-ui-tests --test silent` is the test; running it shows that
//! the functions work.

#![deny(warnings)]
#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![expect(
    clippy::redundant_pub_crate,
    reason = "it contradicts `unreachable_pub`"
)]
#![deny(
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    trivial_casts,
    trivial_numeric_casts,
    unused_crate_dependencies,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    let_underscore_drop,
    redundant_lifetimes,
    single_use_lifetimes,
    unit_bindings
)]
#![deny(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::else_if_without_else,
    clippy::exhaustive_enums,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::min_ident_chars,
    clippy::panic,
    clippy::print_stderr,
    clippy::redundant_type_annotations,
    clippy::rest_pat_in_fully_bound_structs,
    clippy::semicolon_inside_block,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::str_to_string,
    clippy::todo,
    clippy::try_err,
    clippy::undocumented_unsafe_blocks,
    clippy::unreachable,
    clippy::unseparated_literal_suffix,
    clippy::unwrap_used,
    clippy::use_debug,
    clippy::wildcard_enum_match_arm
)]

use anyhow as _;
use async_trait::async_trait;
use gardefou::{
    AppError, ErrorCode, Rejection, enhanced_error_handling, log_sensitive_operations, retry,
    retry_with_circuit_breaker, with_circuit_breaker,
};
use gardefou_ui_tests as _;
use std::{sync::Arc, time::Duration};
use tokio as _;
use tracing as _;
use trybuild as _;

type Answer<T> = Result<T, AppError>;

async fn tick() {
    std::future::ready(()).await;
}

// The modules of the table in `build.rs`, each with a test of its name.
include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

const fn is_bad(outcome: &Answer<i32>) -> bool {
    matches!(outcome, Ok(13))
}

fn cached(rejection: Rejection) -> Answer<i32> {
    Err(rejection.into())
}

const fn is_worth_it(error: &AppError) -> bool {
    let _: &AppError = error;
    true
}

#[with_circuit_breaker(name = "silent-4", failure_if = is_bad, fallback = cached)]
fn with_callbacks(value: i32) -> Answer<i32> {
    Ok(value)
}

#[retry_with_circuit_breaker(
    name = "silent-5",
    failure_if = is_bad,
    fallback = |_| Ok(value),
    retry_if = is_worth_it,
    delay = |_, _| Duration::from_secs(u64::from(value.unsigned_abs())),
    attempt_timeout = 1
)]
async fn with_every_callback(value: i32) -> Answer<i32> {
    tick().await;
    Ok(value)
}

#[retry_with_circuit_breaker(name = "silent-6")]
fn with_an_owned_argument(text: String) -> Answer<usize> {
    Ok(text.len())
}

#[retry]
fn with_another(text: String, (name, count): (String, usize)) -> Answer<usize> {
    Ok(text.len() + name.len() + count)
}

#[enhanced_error_handling(rethrow = false, fallback = return Ok(value))]
fn with_a_fallback_that_returns(value: i32) -> Answer<i32> {
    Ok(value)
}

#[enhanced_error_handling(rethrow = false, fallback = with_every_callback(value).await?)]
async fn with_a_fallback_that_awaits(value: i32) -> Answer<i32> {
    tick().await;
    Ok(value)
}

#[enhanced_error_handling(rethrow = false, fallback = vec![], catch_panics = true, capture(text, count))]
fn with_everything(text: &str, count: usize) -> Answer<Vec<String>> {
    Ok(vec![text.to_owned(); count])
}

#[enhanced_error_handling(rethrow = false, catch_panics = true)]
async fn with_a_default(text: &str) -> Answer<String> {
    tick().await;
    Ok(text.to_owned())
}

#[enhanced_error_handling]
async fn one_expression_handled() -> Answer<()> {
    std::future::ready(Ok(())).await
}

#[log_sensitive_operations("silent")]
async fn one_expression_audited() -> Answer<()> {
    std::future::ready(Ok(())).await
}

#[with_circuit_breaker(name = "silent-one-expression")]
async fn one_expression_guarded() -> Answer<()> {
    std::future::ready(Ok(())).await
}

#[retry]
async fn one_expression_retried() -> Answer<()> {
    std::future::ready(Ok(())).await
}

#[retry_with_circuit_breaker(name = "silent-one-expression")]
fn one_expression() -> Answer<()> {
    Ok(())
}

#[tokio::test]
async fn bodies_of_one_expression() -> Answer<()> {
    one_expression_handled().await?;
    one_expression_audited().await?;
    one_expression_guarded().await?;
    one_expression_retried().await?;
    one_expression()
}

#[tokio::test]
async fn callbacks() -> Answer<()> {
    assert_eq!(with_callbacks(1)?, 1_i32);
    assert_eq!(
        with_an_owned_argument("a".to_owned())?
            + with_another("a".to_owned(), ("b".to_owned(), 1))?,
        4
    );
    assert_eq!(with_every_callback(1).await?, 1_i32);
    assert_eq!(with_a_fallback_that_returns(1)?, 1_i32);
    assert_eq!(with_a_fallback_that_awaits(1).await?, 1_i32);
    assert_eq!(with_everything("a", 2)?.len(), 2);
    assert_eq!(with_a_default("a").await?, "a");
    Ok(())
}
