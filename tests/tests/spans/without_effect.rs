//! Settings of a file that no function can follow: each is logged with its line.

use gardefou::{AppError, retry, retry::Retry, system::ConfigFile, testing::Scope};
use gardefou_tests::testkit::log::{capture, ours};
use tracing::Level;

#[retry(name = "effect-retry", max_retries = 1, initial_delay = 0)]
async fn retried() -> Result<u32, AppError> {
    Ok(1)
}

#[retry(name = "effect-limited", attempt_timeout = "1h")]
async fn limited() -> Result<u32, AppError> {
    Ok(1)
}

#[cfg(not(feature = "config-spans"))]
#[gardefou::with_circuit_breaker(name = "effect-spanless")]
fn spanless() -> Result<u32, AppError> {
    Ok(1)
}

#[cfg(not(feature = "config-spans"))]
#[gardefou::timeout("1h", name = "effect-switchable", span = false)]
fn switchable() -> Result<u32, AppError> {
    Ok(1)
}

/// Applies a file in a scope of its own; returns the warnings.
fn warnings(text: &str, then: impl FnOnce()) -> Vec<String> {
    let ((), lines) = capture(ours(Level::WARN), || {
        Scope::new().run(|| {
            let file = ConfigFile::parse("gardefou.toml", text).unwrap();
            file.apply().unwrap();
            then();
        });
    });
    let about_config = lines
        .iter()
        .filter(|line| line.target == "gardefou::config");
    about_config.map(|line| line.message().to_owned()).collect()
}

#[test]
fn attempt_timeout_of_a_retry_without_one_is_reported_when_the_file_is_applied() {
    let file = "[retry.effect-retry]\nmax_retries = 2\nattempt_timeout = \"1s\"";
    let expected = "gardefou.toml:3: `attempt_timeout` of retry `effect-retry` has no effect: \
                    its code has no `attempt_timeout`, and a file cannot add one";
    assert_eq!(warnings(file, || ()), [expected]);
    // Once for each place and retry.
    let call = || {
        let mut call = std::pin::pin!(retried());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_ready());
    };
    assert_eq!(warnings(file, call), [""; 0]);
    let _ = limited;
    let file = "[retry.effect-limited]\nattempt_timeout = \"1s\"";
    assert_eq!(warnings(file, || ()), [""; 0]);
}

#[test]
fn attempt_timeout_of_a_retry_in_use_is_reported_at_the_reload() {
    let ((), lines) = capture(ours(Level::WARN), || {
        Scope::new().run(|| {
            let retry = Retry::builder().name("effect-by-hand").build().unwrap();
            let text = "[retry.\"effect-by-*\"]\nattempt_timeout = \"1s\"";
            ConfigFile::parse("reloaded.toml", text)
                .unwrap()
                .apply()
                .unwrap();
            assert_eq!(retry.config().attempt_timeout, None);
        });
    });
    let line = lines
        .iter()
        .find(|line| line.message().contains("effect-by-hand"));
    let message = line.unwrap().message();
    assert!(
        message.starts_with("reloaded.toml:2: `attempt_timeout` of retry"),
        "{message}"
    );
}

#[test]
fn span_of_a_name_that_no_attribute_uses_is_reported() {
    let file =
        "[breaker.effect-of-nobody]\nspan = true\n[timeout.\"effect-of-nobody*\"]\nspan = true";
    assert_eq!(
        warnings(file, || ()),
        [
            "gardefou.toml:2: `span` of [breaker.effect-of-nobody] has no effect: \
          no attribute makes a guard of this name"
        ]
    );
    assert_eq!(
        warnings("[breaker.effect-of-nobody]\nspan = false", || ()),
        [""; 0]
    );
}

#[cfg(not(feature = "config-spans"))]
#[test]
fn span_of_functions_without_code_for_one_is_reported() {
    let file = "[breaker.\"effect-span*\"]\nspan = true\n[timeout.effect-switchable]\nspan = true";
    let all = warnings(file, || {
        assert_eq!((spanless().unwrap(), switchable().unwrap()), (1, 1));
    });
    let [one] = &all[..] else { panic!("{all:?}") };
    let expected = "gardefou.toml:2: `span` of [breaker.effect-span*] has no effect: without the feature \
                    `config-spans`, the attribute needs the key `span`, for example `span = false`, on `spanless` (";
    assert!(one.starts_with(expected), "{one}");
    let all = gardefou::guarded_functions();
    let function = all.iter().find(|all| all.name() == "spanless").unwrap();
    let place = format!("{}:{})", function.file(), function.line());
    assert!(one.ends_with(&place), "{one}");
}
