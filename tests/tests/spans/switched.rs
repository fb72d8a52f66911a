//! Spans that a configuration alone gives to functions without the key: the same ones as those of the
//! key.

use super::support::{Seen, Spans, failure};
use gardefou::{
    AppError, ErrorCode, Rejection, bulkhead, enhanced_error_handling, hedge, rate_limit,
    resilient, retry, retry_with_circuit_breaker, system::ConfigFile, testing::Scope, timeout,
    with_circuit_breaker,
};
use std::{
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
};

/// An error that is no `AppError`.
#[derive(Debug, thiserror::Error)]
enum Own {
    #[error("down")]
    Down,
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

/// Defines the same guarded functions with other keys, and `calls`, which makes the calls of a kind.
macro_rules! functions {
    ($module:ident $(, $key:ident = $value:literal)?) => {
        mod $module {
            use super::*;

            #[with_circuit_breaker(name = "switched-breaker", failure_threshold = 2 $(, $key = $value)?)]
            fn breaker(fails: bool) -> Result<u32, AppError> {
                tracing::info!("in the body");
                if fails { Err(failure("down")) } else { Ok(1) }
            }

            #[with_circuit_breaker(name = "switched-key", key = tenant $(, $key = $value)?)]
            fn breaker_by_key(tenant: &str) -> Result<usize, Own> {
                match tenant {
                    "bob" => Err(Own::Down),
                    _ => Ok(tenant.len()),
                }
            }

            #[with_circuit_breaker(name = "switched-fallback", failure_threshold = 1, fallback = replaced $(, $key = $value)?)]
            fn breaker_with_fallback(text: String) -> Result<u32, AppError> {
                Err(failure(&text))
            }

            fn replaced(_: Rejection) -> Result<u32, AppError> {
                tracing::info!("in the fallback");
                Ok(0)
            }

            #[with_circuit_breaker(name = "switched-predicate", failure_if = |outcome: &Result<u32, AppError>| outcome.is_err() $(, $key = $value)?)]
            #[track_caller]
            fn tracked(fails: bool) -> Result<u32, AppError> {
                if fails { Err(failure("down")) } else { Ok(1) }
            }

            #[retry(name = "switched-retry", max_retries = 2, initial_delay = 0 $(, $key = $value)?)]
            fn retried(failures: &mut u32) -> Result<u32, AppError> {
                tracing::info!("an attempt");
                if *failures == 0 {
                    return Ok(1);
                }
                *failures -= 1;
                #[enhanced_error_handling]
                fn reported() -> Result<u32, AppError> {
                    Err(failure("down"))
                }
                reported()
            }

            #[retry(name = "switched-retry-if", max_retries = 1, initial_delay = 0, retry_if_result = |outcome: &Result<u32, Own>| !matches!(outcome, Ok(1)) $(, $key = $value)?)]
            fn retried_by_result(first: &mut Result<u32, Own>) -> Result<u32, Own> {
                std::mem::replace(first, Ok(1))
            }

            #[retry_with_circuit_breaker(name = "switched-both", max_retries = 3, initial_delay = 0, failure_threshold = 2 $(, $key = $value)?)]
            fn both(fails: bool) -> Result<u32, AppError> {
                if fails { Err(failure("down")) } else { Ok(1) }
            }

            #[timeout("1h", name = "switched-timeout" $(, $key = $value)?)]
            fn limited(fails: bool) -> Result<u32, Own> {
                if fails { Err(Own::Down) } else { Ok(1) }
            }

            #[bulkhead(name = "switched-bulkhead", max_concurrent = 1 $(, $key = $value)?)]
            fn bounded(depth: u32) -> Result<u32, Own> {
                if depth == 0 { Ok(1) } else { bounded(depth - 1) }
            }

            #[rate_limit("1/h", name = "switched-rate" $(, $key = $value)?)]
            fn paced() -> Result<(), AppError> {
                Ok(())
            }

            #[with_circuit_breaker(name = "switched-panic" $(, $key = $value)?)]
            fn panics() -> Result<(), AppError> {
                panic!("no answer")
            }

            #[retry(name = "switched-retry-panic" $(, $key = $value)?)]
            fn panics_in_attempt() -> Result<(), AppError> {
                panic!("no answer")
            }

            struct Client {
                calls: u32,
            }

            trait Fetch {
                fn fetch(&mut self) -> Result<u32, AppError>;
            }

            impl Fetch for Client {
                #[timeout("1h", name = "switched-trait" $(, $key = $value)?)]
                fn fetch(&mut self) -> Result<u32, AppError> {
                    self.calls += 1;
                    Ok(self.calls)
                }
            }

            impl Client {
                #[retry(name = "switched-method" $(, $key = $value)?)]
                fn read(&self) -> Result<u32, AppError> {
                    Ok(self.calls)
                }

                #[retry_with_circuit_breaker(name = "switched-method-async", max_retries = 1, initial_delay = 0 $(, $key = $value)?)]
                async fn read_async<T: Clone + Send>(&mut self, value: T) -> Result<T, AppError> {
                    self.calls += 1;
                    if self.calls < 3 { Err(failure("down")) } else { Ok(value) }
                }
            }

            struct EndsInUnwinding;

            impl Drop for EndsInUnwinding {
                fn drop(&mut self) {
                    assert_eq!(retried(&mut 0).unwrap(), 1);
                }
            }

            pub(super) fn blocking() {
                breaker(false).unwrap();
                for _ in 0..3 {
                    breaker(true).unwrap_err();
                }
                breaker_by_key("ann").unwrap();
                breaker_by_key("bob").unwrap_err();
                for _ in 0..2 {
                    let _ = breaker_with_fallback("down".to_owned());
                }
                tracked(false).unwrap();
                tracked(true).unwrap_err();
                for mut failures in [0, 1, 9] {
                    let _ = retried(&mut failures);
                }
                for first in [Ok(1), Ok(2), Err(Own::Down)] {
                    let mut first = first;
                    retried_by_result(&mut first).unwrap();
                }
                both(false).unwrap();
                both(true).unwrap_err();
                limited(false).unwrap();
                limited(true).unwrap_err();
                bounded(0).unwrap();
                bounded(1).unwrap_err();
                paced().unwrap();
                paced().unwrap_err();
                for panics in [panics, panics_in_attempt] {
                    catch_unwind(|| panics()).unwrap_err();
                }
                let unwinding = AssertUnwindSafe(|| {
                    let _ends = EndsInUnwinding;
                    panic!("unwinds");
                });
                catch_unwind(unwinding).unwrap_err();
                let mut client = Client { calls: 0 };
                assert_eq!((client.fetch().unwrap(), client.read().unwrap()), (1, 1));
            }

            #[with_circuit_breaker(name = "switched-breaker-async", failure_threshold = 1 $(, $key = $value)?)]
            pub(super) async fn breaker_async(text: String) -> Result<usize, AppError> {
                tracing::info!("before");
                tokio::task::yield_now().await;
                tracing::info!("after");
                if text.is_empty() { Err(failure("down")) } else { Ok(text.len()) }
            }

            #[with_circuit_breaker(name = "switched-fallback-async", failure_threshold = 1, fallback = |_| Ok(0) $(, $key = $value)?)]
            async fn fallback_async(text: &str) -> Result<usize, Own> {
                let _ = text;
                Err(Own::Down)
            }

            #[retry(name = "switched-retry-async", max_retries = 2, initial_delay = "1s", jitter = false $(, $key = $value)?)]
            pub(super) async fn retried_async(failures: &mut u32) -> Result<u32, AppError> {
                tokio::task::yield_now().await;
                tracing::info!("an attempt");
                if *failures == 0 {
                    return Ok(1);
                }
                *failures -= 1;
                Err(failure("down"))
            }

            #[retry(name = "switched-limit-async", max_retries = 1, initial_delay = 0, attempt_timeout = "1s" $(, $key = $value)?)]
            async fn retried_in_time(hangs: bool) -> Result<u32, Own> {
                if hangs { pending().await } else { Ok(1) }
            }

            #[timeout("1s", name = "switched-timeout-async" $(, $key = $value)?)]
            pub(super) async fn limited_async(hangs: bool) -> Result<u32, AppError> {
                if hangs { pending().await } else { Err(failure("down")) }
            }

            #[bulkhead(name = "switched-bulkhead-async", max_concurrent = 2 $(, $key = $value)?)]
            pub(super) async fn bounded_async(text: &str) -> Result<usize, AppError> {
                Ok(text.len())
            }

            #[rate_limit("1/h", name = "switched-rate-async", key = text $(, $key = $value)?)]
            async fn paced_async(text: &str) -> Result<usize, Own> {
                Ok(text.len())
            }

            #[hedge(after = "1s", name = "switched-hedge" $(, $key = $value)?)]
            pub(super) async fn hedged(text: String) -> Result<usize, AppError> {
                if text.is_empty() { Err(failure("down")) } else { Ok(text.len()) }
            }

            #[timeout("1h", name = "switched-future" $(, $key = $value)?)]
            fn future(text: &str) -> impl Future<Output = Result<usize, AppError>> + '_ {
                async move { Ok(text.len()) }
            }

            struct LogsItsDrop;

            impl Drop for LogsItsDrop {
                fn drop(&mut self) {
                    tracing::info!("dropped");
                }
            }

            #[retry(name = "switched-dropped" $(, $key = $value)?)]
            async fn hangs() -> Result<(), AppError> {
                let _logs = LogsItsDrop;
                pending().await
            }

            #[with_circuit_breaker(name = "switched-panic-async" $(, $key = $value)?)]
            async fn panics_async() -> Result<(), AppError> {
                tokio::task::yield_now().await;
                panic!("no answer")
            }

            pub(super) async fn asynchronous() {
                breaker_async("four".to_owned()).await.unwrap();
                for _ in 0..2 {
                    breaker_async(String::new()).await.unwrap_err();
                    let _ = fallback_async("four").await;
                }
                for mut failures in [0, 1, 9] {
                    let _ = retried_async(&mut failures).await;
                }
                retried_in_time(false).await.unwrap();
                retried_in_time(true).await.unwrap_err();
                limited_async(false).await.unwrap_err();
                limited_async(true).await.unwrap_err();
                bounded_async("four").await.unwrap();
                paced_async("four").await.unwrap();
                paced_async("four").await.unwrap_err();
                hedged("four".to_owned()).await.unwrap();
                hedged(String::new()).await.unwrap_err();
                future("four").await.unwrap();
                Client { calls: 0 }.read_async("four").await.unwrap_err();
                Client { calls: 1 }.read_async("four").await.unwrap();
                {
                    let mut hangs = pin!(hangs());
                    let mut context = Context::from_waker(Waker::noop());
                    assert!(hangs.as_mut().poll(&mut context).is_pending());
                    tracing::info!("between");
                    assert!(hangs.as_mut().poll(&mut context).is_pending());
                }
                let mut panics = Box::pin(panics_async());
                let mut context = Context::from_waker(Waker::noop());
                assert!(matches!(panics.as_mut().poll(&mut context), Poll::Pending));
                let poll = AssertUnwindSafe(|| panics.as_mut().poll(&mut context).is_ready());
                catch_unwind(poll).unwrap_err();
                // Futures of it are `Send` as before.
                let call = breaker_async("four".to_owned());
                fn sent<T: Send>(future: T) -> T {
                    future
                }
                sent(call).await.unwrap_err();
                let mut failures = 0;
                sent(retried_async(&mut failures)).await.unwrap();
                sent(hedged("four".to_owned())).await.unwrap();
                sent(limited_async(false)).await.unwrap_err();
            }
        }
    };
}

functions!(with_key, span = true);
functions!(without_key);

const ALL: &str = r#"
    [breaker."*"]
    span = true
    [retry."*"]
    span = true
    [timeout."*"]
    span = true
    [bulkhead."*"]
    span = true
    [rate_limit."*"]
    span = true
    [hedge."*"]
    span = true
"#;

fn apply(text: &str) {
    let file = ConfigFile::parse("gardefou.toml", text).unwrap();
    file.apply().unwrap();
}

/// Returns the spans of calls in a scope of their own, without what differs between two functions.
fn spans_of(calls: impl FnOnce()) -> Vec<Seen> {
    let ((), mut spans) = Spans::of(calls);
    for span in &mut spans {
        span.fields.retain(|name, _| !name.starts_with("code."));
        // How often it is entered while the futures in it are dropped is not specified.
        (span.entered, span.exited) = (0, 0);
        for fields in std::iter::once(&mut span.fields).chain(&mut span.events) {
            if let Some(id) = fields.get_mut("error.id") {
                *id = "an id".to_owned();
            }
        }
    }
    spans
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[track_caller]
fn compare(with_key: fn(), without_key: fn(), at_least: usize) {
    // Each in a scope of its own, since circuits open and limits are used up.
    let configured = |files: &[&str]| {
        Scope::new().run(|| {
            files.iter().for_each(|file| apply(file));
            spans_of(without_key)
        })
    };
    let expected = Scope::new().run(|| spans_of(with_key));
    let seen = configured(&[ALL]);
    for (number, (seen, expected)) in seen.iter().zip(&expected).enumerate() {
        assert_eq!(seen, expected, "span {number}");
    }
    assert_eq!(seen.len(), expected.len());
    assert!(seen.len() >= at_least, "{}", seen.len());
    let off = ALL.replace("true", "false");
    for files in [&[][..], &[ALL, &off], &[ALL, ""]] {
        assert_eq!(configured(files), [], "{files:?}");
    }
}

#[test]
fn configuration_alone_gives_blocking_functions_the_spans_of_the_key() {
    compare(with_key::blocking, without_key::blocking, 28);
}

#[test]
fn configuration_alone_gives_async_functions_the_spans_of_the_key() {
    let with_key = || runtime().block_on(with_key::asynchronous());
    let without_key = || runtime().block_on(without_key::asynchronous());
    compare(with_key, without_key, 24);
}

#[resilient(
    name = "switched-resilient",
    timeout = "1h",
    retry(max_retries = 1),
    circuit_breaker,
    bulkhead = 4,
    rate_limit = "1000/s"
)]
fn resilient_call() -> Result<u32, AppError> {
    Ok(1)
}

#[resilient(
    name = "switched-resilient-async",
    timeout = "1h",
    retry(max_retries = 1),
    hedge(after = "1h"),
    circuit_breaker,
    bulkhead = 4
)]
async fn resilient_async() -> Result<u32, AppError> {
    Ok(1)
}

#[test]
fn each_guard_of_resilient_has_the_span_of_its_section() {
    let kinds = |file: &str| {
        Scope::new().run(|| {
            apply(file);
            let spans = spans_of(|| {
                resilient_call().unwrap();
                runtime().block_on(resilient_async()).unwrap();
            });
            let kinds = spans.iter().map(|span| span.fields["guard.kind"].clone());
            kinds.collect::<Vec<_>>()
        })
    };
    assert_eq!(kinds(""), [""; 0]);
    assert_eq!(
        kinds("[breaker.\"switched-resilient*\"]\nspan = true"),
        ["circuit_breaker"; 2]
    );
    assert_eq!(
        kinds(ALL),
        [
            "timeout",
            "retry",
            "circuit_breaker",
            "rate_limit",
            "bulkhead",
            "timeout",
            "retry",
            "hedge",
            "circuit_breaker",
            "bulkhead"
        ]
    );
}

#[with_circuit_breaker(name = "switched-in-process")]
fn in_process() -> Result<u32, AppError> {
    Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "down"))
}

#[test]
fn overrides_of_the_process_switch_spans_while_it_runs() {
    let count = || spans_of(|| drop(in_process())).len();
    assert_eq!(count(), 0);
    apply("[breaker.switched-in-process]\nspan = true");
    assert_eq!(count(), 1);
    apply("[breaker.another]\nspan = true");
    assert_eq!(count(), 0);
    apply("");
    assert_eq!(count(), 0);
}

#[test]
fn future_of_a_switchable_function_is_smaller_than_that_of_one_with_the_key() {
    let sizes = [
        (
            size_of_val(&without_key::breaker_async(String::new())),
            size_of_val(&with_key::breaker_async(String::new())),
        ),
        (
            size_of_val(&without_key::retried_async(&mut 0)),
            size_of_val(&with_key::retried_async(&mut 0)),
        ),
        (
            size_of_val(&without_key::limited_async(true)),
            size_of_val(&with_key::limited_async(true)),
        ),
        (
            size_of_val(&without_key::hedged(String::new())),
            size_of_val(&with_key::hedged(String::new())),
        ),
    ];
    for (switchable, with_key) in sizes {
        assert!(switchable < with_key, "{switchable} and {with_key} bytes");
    }
}
