//! Snapshots of expansions: `UPDATE_EXPANSIONS=1 cargo test -p gardefou-macros` rewrites them.

use super::{Guard, attribute};
use proc_macro2::TokenStream;
use std::{fs, path::PathBuf};

fn pretty(tokens: TokenStream) -> String {
    let file = syn::parse2(tokens).expect("an expansion is an item");
    prettyplease::unparse(&file)
}

fn expanded(guard: Guard, args: &str, item: &str) -> String {
    pretty(attribute(
        guard,
        args.parse().unwrap(),
        &item.parse().unwrap(),
    ))
}

fn holds(name: &str, guard: Guard, args: &str, item: &str) {
    let now = format!(
        "// #[{}({args})]\n// {item}\n\n{}",
        guard.name(),
        expanded(guard, args, item)
    );
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("src/expand/snapshots/{name}.expanded.rs"));
    if std::env::var_os("UPDATE_EXPANSIONS").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        now,
        reviewed,
        "the expansion of {name} differs from its snapshot; see the head of {}",
        file!()
    );
}

const SMALL: &str = "fn read(key: &str) -> Result<u32> { lookup(key) }";
const ASYNC: &str =
    "async fn read(&mut self, key: String) -> Result<u32> { self.lookup(key).await }";

#[test]
fn enhanced_error_handling() {
    holds(
        "enhanced_error_handling",
        Guard::Handling,
        "error_code = ErrorCode::DB_QUERY_ERROR",
        SMALL,
    );
    let args = "catch_panics = true, rethrow = false, fallback = 0, capture(key)";
    holds(
        "enhanced_error_handling_async",
        Guard::Handling,
        args,
        ASYNC,
    );
}

#[test]
fn with_circuit_breaker() {
    holds(
        "with_circuit_breaker",
        Guard::Breaker,
        "name = \"db\", failure_threshold = 3",
        SMALL,
    );
    let args = "name = \"db\", failure_if = is_bad, fallback = cached";
    holds("with_circuit_breaker_async", Guard::Breaker, args, ASYNC);
    let args = "name = \"db\", key = key, max_keys = 500";
    holds("with_circuit_breaker_keyed", Guard::Breaker, args, SMALL);
}

#[test]
fn hedge() {
    let item = "async fn read(&self, key: String) -> Result<u32> { self.lookup(key).await }";
    holds(
        "hedge_async",
        Guard::Hedge,
        "after = \"50ms\", budget = false",
        item,
    );
}

#[test]
fn retry() {
    holds(
        "retry",
        Guard::Retry,
        "max_retries = 3, initial_delay = 0.5",
        SMALL,
    );
    holds(
        "retry_async",
        Guard::Retry,
        "attempt_timeout = \"2s\", retry_if = is_worth_it",
        ASYNC,
    );
    let args = "budget = \"db\", key = key, max_keys = 500";
    holds("retry_keyed", Guard::Retry, args, SMALL);
}

#[test]
fn retry_with_circuit_breaker() {
    holds(
        "retry_with_circuit_breaker",
        Guard::RetryWithBreaker,
        "name = \"db\", max_retries = 3",
        ASYNC,
    );
    holds(
        "retry_with_circuit_breaker_keyed",
        Guard::RetryWithBreaker,
        "name = \"db\", key = key",
        SMALL,
    );
}

#[test]
fn timeout() {
    holds("timeout", Guard::Timeout, "\"2s\"", SMALL);
    holds(
        "timeout_async",
        Guard::Timeout,
        "limit = LIMIT, name = \"db\"",
        ASYNC,
    );
}

#[test]
fn fallback() {
    holds("fallback", Guard::Fallback, "cached", SMALL);
    holds(
        "fallback_async",
        Guard::Fallback,
        "|_| 0, on = is_down",
        ASYNC,
    );
}

#[test]
fn bulkhead() {
    holds("bulkhead", Guard::Bulkhead, "max_concurrent = 4", SMALL);
    holds(
        "bulkhead_async",
        Guard::Bulkhead,
        "name = \"db\", max_wait = \"100ms\", adaptive = true, max = MAX",
        ASYNC,
    );
    holds("bulkhead_keyed", Guard::Bulkhead, "key = key", SMALL);
}

#[test]
fn rate_limit() {
    holds("rate_limit", Guard::RateLimit, "\"100/s\"", SMALL);
    holds(
        "rate_limit_async",
        Guard::RateLimit,
        "rate = RATE, burst = 20, max_wait = \"1s\", name = \"db\"",
        ASYNC,
    );
    let args = "\"100/s\", key = key, max_keys = 500";
    holds("rate_limit_keyed_async", Guard::RateLimit, args, ASYNC);
}

#[test]
fn log_sensitive_operations() {
    holds(
        "log_sensitive_operations",
        Guard::Audit,
        "\"read-secret\", user = key",
        SMALL,
    );
    let args = "name = OPERATION, success_level = \"debug\", error_level = LEVEL";
    holds("log_sensitive_operations_async", Guard::Audit, args, ASYNC);
}

#[test]
fn span() {
    let args = "name = \"db\", span = true";
    holds("span", Guard::Breaker, args, SMALL);
    holds("span_async", Guard::Retry, "span = false", ASYNC);
}

#[test]
fn breaker_on_a_small_function_expands_to_at_most_40_lines() {
    let text = expanded(Guard::Breaker, "name = \"db\"", SMALL);
    assert!(
        text.lines().count() <= 40,
        "{} lines:\n{text}",
        text.lines().count()
    );
}

#[test]
fn incomplete_body_is_kept_as_written() {
    // Not valid Rust yet, but what an editor has while the user types.
    let item = "fn read(key: &str) -> Result<u32> { let value = self . ; key. }";
    let tokens = attribute(
        Guard::Breaker,
        "name = \"db\"".parse().unwrap(),
        &item.parse().unwrap(),
    )
    .to_string();
    assert!(tokens.contains("let value = self . ; key ."), "{tokens}");
    let tokens = attribute(
        Guard::Breaker,
        "nmae = , failure".parse().unwrap(),
        &item.parse().unwrap(),
    )
    .to_string();
    assert!(
        tokens.contains("fn read (key : & str)") && tokens.contains("compile_error"),
        "{tokens}"
    );
}
