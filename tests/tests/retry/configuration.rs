//! Values that a builder takes, and values that it refuses.

use gardefou::{
    ConfigError,
    retry::{Backoff, BackoffKind, Jitter, Retry, RetryBudget},
};
use std::time::Duration;

fn fields(err: &ConfigError) -> Vec<&'static str> {
    err.problems().map(|problem| problem.field).collect()
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let retry = Retry::builder().build().unwrap();
    let config = retry.config();
    assert_eq!(config.max_attempts.get(), 4);
    assert_eq!(
        config.backoff,
        Backoff::exponential(Duration::from_millis(500))
    );
    let spelled_out = Retry::builder()
        .max_retries(3)
        .initial_delay(Duration::from_millis(500))
        .max_delay(Duration::from_secs(60))
        .jitter(true)
        .backoff("exponential")
        .seed(4)
        .build()
        .unwrap();
    let seeded = Retry::builder().seed(4).build().unwrap();
    let delays = |retry: &Retry| retry.config().backoff.delays().take(50).collect::<Vec<_>>();
    assert_eq!(delays(&spelled_out), delays(&seeded));
    assert_eq!(
        (config.max_elapsed, config.attempt_timeout, retry.name()),
        (None, None, "retry")
    );
    let budget = retry.budget().unwrap();
    assert_eq!(budget.name(), None);
    assert_eq!(
        (
            budget.config().ratio,
            budget.config().floor,
            budget.config().burst
        ),
        (0.2, 10, 100)
    );
}

#[test]
fn every_problem_is_named_at_once() {
    let err = Retry::builder()
        .name("")
        .max_attempts(0)
        .backoff("fibonacci")
        .backoff_factor(-2.0)
        .jitter(f64::NAN)
        .max_elapsed(Duration::ZERO)
        .attempt_timeout(Duration::ZERO)
        .budget("")
        .build()
        .unwrap_err();
    let all = [
        "name",
        "max_attempts",
        "backoff",
        "backoff_factor",
        "jitter",
        "max_elapsed",
        "attempt_timeout",
        "budget",
    ];
    assert_eq!(fields(&err), all);
    assert_eq!((err.field(), err.value()), ("name", "\"\""));
    assert!(err.to_string().contains(
        "`backoff` = \"fibonacci\": must be constant, linear, exponential or decorrelated"
    ));
}

#[test]
fn max_retries_and_max_attempts_together_are_refused() {
    let err = Retry::builder()
        .max_retries(3)
        .max_attempts(4)
        .build()
        .unwrap_err();
    assert_eq!(fields(&err), ["max_attempts"]);
}

#[test]
fn max_delay_below_an_explicit_initial_delay_is_refused() {
    let short = Duration::from_secs(1);
    let long = Duration::from_secs(10);
    for wrong in [
        Retry::builder().initial_delay(long).max_delay(short),
        Retry::builder().backoff(Backoff::linear(long).max_delay(short)),
        Retry::builder()
            .backoff(Backoff::constant(long))
            .max_delay(short),
    ] {
        let err = wrong.build().unwrap_err();
        assert_eq!(
            err.to_string(),
            "`max_delay` = 1s: must be at least `initial_delay`, which is 10s"
        );
    }
    assert!(
        Retry::builder()
            .initial_delay(long)
            .max_delay(long)
            .build()
            .is_ok()
    );
    let capped = Retry::builder()
        .max_delay(Duration::from_millis(100))
        .jitter(false)
        .build()
        .unwrap();
    assert_eq!(
        capped.config().backoff.delays().next(),
        Some(Duration::from_millis(100)),
        "below the default one"
    );
}

#[test]
fn jitter_can_be_given_by_name() {
    for (name, jitter) in [
        ("none", Jitter::None),
        ("full", Jitter::Full),
        ("equal", Jitter::Equal),
    ] {
        let named = Retry::builder().jitter(name).build().unwrap();
        assert_eq!(
            named.config(),
            Retry::builder().jitter(jitter).build().unwrap().config()
        );
    }
    let err = Retry::builder().jitter("some").build().unwrap_err();
    assert_eq!(
        err.to_string(),
        "`jitter` = \"some\": must be none, full or equal"
    );
}

#[test]
fn long_and_unprintable_texts_are_shown_short() {
    let odd = "\u{1b}\u{202e}".repeat(20_000);
    for wrong in [
        Retry::builder().name(odd.clone()),
        Retry::builder().backoff(&*odd),
        Retry::builder().jitter(&*odd),
        Retry::builder().budget(&*odd),
    ] {
        let err = wrong.build().unwrap_err().to_string();
        assert!(
            err.len() < 250 && err.is_ascii() && !err.contains('\u{1b}'),
            "{err}"
        );
    }
    for name in ["a\u{200b}", "\u{202e}a", "a\u{ad}b"] {
        assert_eq!(
            Retry::builder().name(name).build().unwrap_err().field(),
            "name"
        );
        assert_eq!(
            Retry::builder().budget(name).build().unwrap_err().field(),
            "budget"
        );
    }
}

#[test]
fn illegal_factors_and_fractions_are_refused_with_their_value() {
    for factor in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 0.99] {
        let err = Retry::builder().backoff_factor(factor).build().unwrap_err();
        assert_eq!(
            (err.field(), err.value()),
            ("backoff_factor", &*factor.to_string())
        );
    }
    for fraction in [f64::NAN, -0.2, 1.2] {
        assert_eq!(
            Retry::builder()
                .jitter(fraction)
                .build()
                .unwrap_err()
                .field(),
            "jitter"
        );
    }
    for ratio in [f64::NAN, -0.2, f64::INFINITY] {
        assert_eq!(
            RetryBudget::builder()
                .ratio(ratio)
                .build()
                .unwrap_err()
                .field(),
            "ratio"
        );
    }
}

#[test]
fn extreme_values_build_and_work() {
    let retry = Retry::builder()
        .max_retries(u32::MAX)
        .backoff_factor(f64::MAX)
        .initial_delay(Duration::MAX)
        .max_delay(Duration::MAX)
        .max_elapsed(Duration::MAX)
        .jitter(Jitter::PlusMinus(1.0))
        .build()
        .unwrap();
    assert_eq!(retry.config().max_attempts.get(), u32::MAX);
    assert!(retry.config().backoff.delays().take(2000).count() == 2000);
    assert_eq!(retry.call(|| Ok::<_, String>(1)), Ok(1));
}

#[test]
fn whole_backoff_and_single_values_can_be_mixed_in_any_order() {
    let backoff = Backoff::linear(Duration::from_secs(3))
        .jitter(Jitter::None)
        .max_delay(Duration::from_secs(9));
    let one = Retry::builder()
        .max_delay(Duration::from_secs(4))
        .backoff(backoff.clone())
        .build()
        .unwrap();
    let other = Retry::builder()
        .backoff(backoff)
        .max_delay(Duration::from_secs(4))
        .build()
        .unwrap();
    assert_eq!(one.config(), other.config());
    let delays: Vec<u64> = one
        .config()
        .backoff
        .delays()
        .take(2)
        .map(|delay| delay.as_secs())
        .collect();
    assert_eq!(delays, [3, 4]);
    let kind = Retry::builder()
        .backoff(BackoffKind::Constant)
        .build()
        .unwrap();
    let name = Retry::builder().backoff("constant").build().unwrap();
    assert_eq!(kind.config(), name.config());
}

#[test]
fn table_of_defaults_in_the_docs_is_correct() {
    const PAGE: &str = include_str!("../../../docs/retry.md");
    let default_of = |key: &str| {
        let row = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}` |")))
            .expect(key);
        row.split('|').nth(2).unwrap().trim().to_owned()
    };
    let retry = Retry::builder().build().unwrap();
    let config = retry.config();
    let delays: Vec<f64> = {
        let plain = Retry::builder()
            .jitter(false)
            .max_retries(20)
            .build()
            .unwrap();
        plain
            .config()
            .backoff
            .delays()
            .take(20)
            .map(|delay| delay.as_secs_f64())
            .collect()
    };
    assert_eq!(
        default_of("max_retries"),
        (config.max_attempts.get() - 1).to_string()
    );
    assert_eq!(default_of("max_attempts"), config.max_attempts.to_string());
    assert_eq!(default_of("initial_delay"), format!("{} s", delays[0]));
    assert_eq!(
        default_of("backoff_factor"),
        format!("{:.1}", delays[1] / delays[0])
    );
    assert_eq!(default_of("max_delay"), format!("{} s", delays[19]));
    assert_eq!(
        default_of("jitter"),
        format!("{:?}", Jitter::default()).to_lowercase()
    );
    assert_eq!(default_of("backoff"), BackoffKind::Exponential.name());
    let absent = (
        config.max_elapsed.is_none(),
        config.attempt_timeout.is_none(),
    );
    assert_eq!(absent, (true, true));
    assert_eq!(default_of("budget"), "of the process");
    for key in [
        "max_elapsed",
        "attempt_timeout",
        "on_retry",
        "on_give_up",
        "seed",
    ] {
        assert_eq!(default_of(key), "none", "{key}");
    }
}
