//! A user's crate with every lint on that uses every attribute in every form: nothing is said about
//! the expansions. `cargo clippy -p gardefou-ui-tests --test silent` is the test; running it only
//! shows that the functions are real.

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

mod handled {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Store {
        pub(super) values: Vec<i32>,
    }

    #[async_trait]
    pub(super) trait Remote {
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize>;
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
    pub(super) fn parse(text: &str) -> Answer<i32> {
        if text.is_empty() {
            return Ok(0);
        }
        let value: i32 = text.parse()?;
        Ok(value)
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
    pub(super) async fn parse_later(text: &str, mut seen: Vec<String>) -> Answer<usize> {
        tick().await;
        if text.is_empty() {
            return Ok(0);
        }
        let value: usize = text.parse()?;
        seen.push(text.to_owned());
        Ok(seen.len() + value)
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
    pub(super) fn first<Item>(
        items: &[Item],
        (one, mut two): (usize, usize),
    ) -> Answer<Option<&Item>>
    where
        Item: PartialEq,
    {
        two += one;
        Ok(items.get(two))
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
    pub(super) fn positive(items: &[i32]) -> Answer<impl Iterator<Item = &i32>> {
        Ok(items.iter().filter(|item| **item > 0))
    }

    impl Store {
        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
        pub(super) fn push(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            Ok(self.values.len())
        }

        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
        pub(super) async fn push_later(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            tick().await;
            Ok(self.values.len())
        }

        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
        pub(super) async fn shared(self: Arc<Self>) -> Answer<usize> {
            tick().await;
            Ok(self.values.len())
        }
    }

    #[async_trait]
    impl Remote for Store {
        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, log_level = "warn")]
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize> {
            tick().await;
            Ok(key.len() + owner.len() + self.values.len())
        }
    }
}

#[tokio::test]
async fn handled() -> Answer<()> {
    use handled::{Remote as _, Store};
    assert_eq!(handled::parse("1")?, 1_i32);
    assert_eq!(handled::parse_later("1", vec![]).await?, 2);
    assert_eq!(handled::first(&[1_i32, 2_i32], (0, 1))?, Some(&2));
    assert_eq!(handled::positive(&[1, -1])?.count(), 1);
    let mut store = Store { values: vec![] };
    assert_eq!(store.push(1)? + store.push_later(2).await?, 3);
    assert_eq!(store.fetch("key", "owner".to_owned()).await?, 10);
    assert_eq!(Arc::new(store).shared().await?, 2);
    Ok(())
}

mod audited {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Store {
        pub(super) values: Vec<i32>,
    }

    #[async_trait]
    pub(super) trait Remote {
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize>;
    }

    #[log_sensitive_operations("silent", user = text, error_level = "warn")]
    pub(super) fn parse(text: &str) -> Answer<i32> {
        if text.is_empty() {
            return Ok(0);
        }
        let value: i32 = text.parse()?;
        Ok(value)
    }

    #[log_sensitive_operations("silent", user = seen.len(), error_level = "warn")]
    pub(super) async fn parse_later(text: &str, mut seen: Vec<String>) -> Answer<usize> {
        tick().await;
        if text.is_empty() {
            return Ok(0);
        }
        let value: usize = text.parse()?;
        seen.push(text.to_owned());
        Ok(seen.len() + value)
    }

    #[log_sensitive_operations("silent", user = one, error_level = "warn")]
    pub(super) fn first<Item>(
        items: &[Item],
        (one, mut two): (usize, usize),
    ) -> Answer<Option<&Item>>
    where
        Item: PartialEq,
    {
        two += one;
        Ok(items.get(two))
    }

    #[log_sensitive_operations("silent", error_level = "warn")]
    pub(super) fn positive(items: &[i32]) -> Answer<impl Iterator<Item = &i32>> {
        Ok(items.iter().filter(|item| **item > 0))
    }

    impl Store {
        #[log_sensitive_operations("silent", user = self.values.len(), error_level = "warn")]
        pub(super) fn push(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            Ok(self.values.len())
        }

        #[log_sensitive_operations("silent", user = value, error_level = "warn")]
        pub(super) async fn push_later(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            tick().await;
            Ok(self.values.len())
        }

        #[log_sensitive_operations("silent", user = self.values.len(), error_level = "warn")]
        pub(super) async fn shared(self: Arc<Self>) -> Answer<usize> {
            tick().await;
            Ok(self.values.len())
        }
    }

    #[async_trait]
    impl Remote for Store {
        #[log_sensitive_operations("silent", user = owner, error_level = "warn")]
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize> {
            tick().await;
            Ok(key.len() + owner.len() + self.values.len())
        }
    }
}

#[tokio::test]
async fn audited() -> Answer<()> {
    use audited::{Remote as _, Store};
    assert_eq!(audited::parse("1")?, 1_i32);
    assert_eq!(audited::parse_later("1", vec![]).await?, 2);
    assert_eq!(audited::first(&[1_i32, 2_i32], (0, 1))?, Some(&2));
    assert_eq!(audited::positive(&[1, -1])?.count(), 1);
    let mut store = Store { values: vec![] };
    assert_eq!(store.push(1)? + store.push_later(2).await?, 3);
    assert_eq!(store.fetch("key", "owner".to_owned()).await?, 10);
    assert_eq!(Arc::new(store).shared().await?, 2);
    Ok(())
}

mod guarded {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Store {
        pub(super) values: Vec<i32>,
    }

    #[async_trait]
    pub(super) trait Remote {
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize>;
    }

    #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
    pub(super) fn parse(text: &str) -> Answer<i32> {
        if text.is_empty() {
            return Ok(0);
        }
        let value: i32 = text.parse()?;
        Ok(value)
    }

    #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
    pub(super) async fn parse_later(text: &str, mut seen: Vec<String>) -> Answer<usize> {
        tick().await;
        if text.is_empty() {
            return Ok(0);
        }
        let value: usize = text.parse()?;
        seen.push(text.to_owned());
        Ok(seen.len() + value)
    }

    #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
    pub(super) fn first<Item>(
        items: &[Item],
        (one, mut two): (usize, usize),
    ) -> Answer<Option<&Item>>
    where
        Item: PartialEq,
    {
        two += one;
        Ok(items.get(two))
    }

    #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
    pub(super) fn positive(items: &[i32]) -> Answer<impl Iterator<Item = &i32>> {
        Ok(items.iter().filter(|item| **item > 0))
    }

    impl Store {
        #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
        pub(super) fn push(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            Ok(self.values.len())
        }

        #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
        pub(super) async fn push_later(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            tick().await;
            Ok(self.values.len())
        }

        #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
        pub(super) async fn shared(self: Arc<Self>) -> Answer<usize> {
            tick().await;
            Ok(self.values.len())
        }
    }

    #[async_trait]
    impl Remote for Store {
        #[with_circuit_breaker(name = "silent", failure_threshold = 3, recovery_timeout = 0.5)]
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize> {
            tick().await;
            Ok(key.len() + owner.len() + self.values.len())
        }
    }
}

#[tokio::test]
async fn guarded() -> Answer<()> {
    use guarded::{Remote as _, Store};
    assert_eq!(guarded::parse("1")?, 1_i32);
    assert_eq!(guarded::parse_later("1", vec![]).await?, 2);
    assert_eq!(guarded::first(&[1_i32, 2_i32], (0, 1))?, Some(&2));
    assert_eq!(guarded::positive(&[1, -1])?.count(), 1);
    let mut store = Store { values: vec![] };
    assert_eq!(store.push(1)? + store.push_later(2).await?, 3);
    assert_eq!(store.fetch("key", "owner".to_owned()).await?, 10);
    assert_eq!(Arc::new(store).shared().await?, 2);
    Ok(())
}

mod retried {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Store {
        pub(super) values: Vec<i32>,
    }

    #[async_trait]
    pub(super) trait Remote {
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize>;
    }

    #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
    pub(super) fn parse(text: &str) -> Answer<i32> {
        if text.is_empty() {
            return Ok(0);
        }
        let value: i32 = text.parse()?;
        Ok(value)
    }

    #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
    pub(super) async fn parse_later(text: &str, mut seen: Vec<String>) -> Answer<usize> {
        tick().await;
        if text.is_empty() {
            return Ok(0);
        }
        let value: usize = text.parse()?;
        seen.push(text.to_owned());
        Ok(seen.len() + value)
    }

    #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
    pub(super) fn first<Item>(
        items: &[Item],
        (one, mut two): (usize, usize),
    ) -> Answer<Option<&Item>>
    where
        Item: PartialEq,
    {
        two += one;
        Ok(items.get(two))
    }

    #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
    pub(super) fn positive(items: &[i32]) -> Answer<impl Iterator<Item = &i32>> {
        Ok(items.iter().filter(|item| **item > 0))
    }

    impl Store {
        #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
        pub(super) fn push(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            Ok(self.values.len())
        }

        #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
        pub(super) async fn push_later(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            tick().await;
            Ok(self.values.len())
        }

        #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
        pub(super) async fn shared(self: Arc<Self>) -> Answer<usize> {
            tick().await;
            Ok(self.values.len())
        }
    }

    #[async_trait]
    impl Remote for Store {
        #[retry(max_retries = 2, initial_delay = "1ms", jitter = 0.2)]
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize> {
            tick().await;
            Ok(key.len() + owner.len() + self.values.len())
        }
    }
}

#[tokio::test]
async fn retried() -> Answer<()> {
    use retried::{Remote as _, Store};
    assert_eq!(retried::parse("1")?, 1_i32);
    assert_eq!(retried::parse_later("1", vec![]).await?, 2);
    assert_eq!(retried::first(&[1_i32, 2_i32], (0, 1))?, Some(&2));
    assert_eq!(retried::positive(&[1, -1])?.count(), 1);
    let mut store = Store { values: vec![] };
    assert_eq!(store.push(1)? + store.push_later(2).await?, 3);
    assert_eq!(store.fetch("key", "owner".to_owned()).await?, 10);
    assert_eq!(Arc::new(store).shared().await?, 2);
    Ok(())
}

mod both {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Store {
        pub(super) values: Vec<i32>,
    }

    #[async_trait]
    pub(super) trait Remote {
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize>;
    }

    #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
    pub(super) fn parse(text: &str) -> Answer<i32> {
        if text.is_empty() {
            return Ok(0);
        }
        let value: i32 = text.parse()?;
        Ok(value)
    }

    #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
    pub(super) async fn parse_later(text: &str, mut seen: Vec<String>) -> Answer<usize> {
        tick().await;
        if text.is_empty() {
            return Ok(0);
        }
        let value: usize = text.parse()?;
        seen.push(text.to_owned());
        Ok(seen.len() + value)
    }

    #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
    pub(super) fn first<Item>(
        items: &[Item],
        (one, mut two): (usize, usize),
    ) -> Answer<Option<&Item>>
    where
        Item: PartialEq,
    {
        two += one;
        Ok(items.get(two))
    }

    #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
    pub(super) fn positive(items: &[i32]) -> Answer<impl Iterator<Item = &i32>> {
        Ok(items.iter().filter(|item| **item > 0))
    }

    impl Store {
        #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
        pub(super) fn push(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            Ok(self.values.len())
        }

        #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
        pub(super) async fn push_later(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            tick().await;
            Ok(self.values.len())
        }

        #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
        pub(super) async fn shared(self: Arc<Self>) -> Answer<usize> {
            tick().await;
            Ok(self.values.len())
        }
    }

    #[async_trait]
    impl Remote for Store {
        #[retry_with_circuit_breaker(name = "silent-2", max_retries = 2, slow_call = Duration::from_secs(2))]
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize> {
            tick().await;
            Ok(key.len() + owner.len() + self.values.len())
        }
    }
}

#[tokio::test]
async fn both() -> Answer<()> {
    use both::{Remote as _, Store};
    assert_eq!(both::parse("1")?, 1_i32);
    assert_eq!(both::parse_later("1", vec![]).await?, 2);
    assert_eq!(both::first(&[1_i32, 2_i32], (0, 1))?, Some(&2));
    assert_eq!(both::positive(&[1, -1])?.count(), 1);
    let mut store = Store { values: vec![] };
    assert_eq!(store.push(1)? + store.push_later(2).await?, 3);
    assert_eq!(store.fetch("key", "owner".to_owned()).await?, 10);
    assert_eq!(Arc::new(store).shared().await?, 2);
    Ok(())
}

mod stacked {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Store {
        pub(super) values: Vec<i32>,
    }

    #[async_trait]
    pub(super) trait Remote {
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize>;
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
    #[retry(max_retries = 2)]
    #[with_circuit_breaker(name = "silent-3")]
    pub(super) fn parse(text: &str) -> Answer<i32> {
        if text.is_empty() {
            return Ok(0);
        }
        let value: i32 = text.parse()?;
        Ok(value)
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
    #[retry(max_retries = 2)]
    #[with_circuit_breaker(name = "silent-3")]
    pub(super) async fn parse_later(text: &str, mut seen: Vec<String>) -> Answer<usize> {
        tick().await;
        if text.is_empty() {
            return Ok(0);
        }
        let value: usize = text.parse()?;
        seen.push(text.to_owned());
        Ok(seen.len() + value)
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
    #[retry(max_retries = 2)]
    #[with_circuit_breaker(name = "silent-3")]
    pub(super) fn first<Item>(
        items: &[Item],
        (one, mut two): (usize, usize),
    ) -> Answer<Option<&Item>>
    where
        Item: PartialEq,
    {
        two += one;
        Ok(items.get(two))
    }

    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
    #[retry(max_retries = 2)]
    #[with_circuit_breaker(name = "silent-3")]
    pub(super) fn positive(items: &[i32]) -> Answer<impl Iterator<Item = &i32>> {
        Ok(items.iter().filter(|item| **item > 0))
    }

    impl Store {
        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
        #[retry(max_retries = 2)]
        #[with_circuit_breaker(name = "silent-3")]
        pub(super) fn push(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            Ok(self.values.len())
        }

        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
        #[retry(max_retries = 2)]
        #[with_circuit_breaker(name = "silent-3")]
        pub(super) async fn push_later(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            tick().await;
            Ok(self.values.len())
        }

        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
        #[retry(max_retries = 2)]
        #[with_circuit_breaker(name = "silent-3")]
        pub(super) async fn shared(self: Arc<Self>) -> Answer<usize> {
            tick().await;
            Ok(self.values.len())
        }
    }

    #[async_trait]
    impl Remote for Store {
        #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
        #[retry(max_retries = 2)]
        #[with_circuit_breaker(name = "silent-3")]
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize> {
            tick().await;
            Ok(key.len() + owner.len() + self.values.len())
        }
    }
}

#[tokio::test]
async fn stacked() -> Answer<()> {
    use stacked::{Remote as _, Store};
    assert_eq!(stacked::parse("1")?, 1_i32);
    assert_eq!(stacked::parse_later("1", vec![]).await?, 2);
    assert_eq!(stacked::first(&[1_i32, 2_i32], (0, 1))?, Some(&2));
    assert_eq!(stacked::positive(&[1, -1])?.count(), 1);
    let mut store = Store { values: vec![] };
    assert_eq!(store.push(1)? + store.push_later(2).await?, 3);
    assert_eq!(store.fetch("key", "owner".to_owned()).await?, 10);
    assert_eq!(Arc::new(store).shared().await?, 2);
    Ok(())
}

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
