//! The list of guarded functions.

use crate::support::R;
use gardefou::{
    breaker::ManualControl,
    enhanced_error_handling,
    event::{BreakerEventKind, Event, subscribe},
    guarded_functions, retry_with_circuit_breaker, with_circuit_breaker,
};
use gardefou_tests::testkit::child::in_own_process;
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

struct Generic<T>(T);

impl<T: Clone> Generic<T> {
    #[enhanced_error_handling]
    #[retry_with_circuit_breaker(name = "listed-both", max_retries = 7, failure_threshold = 9)]
    fn listed_never_called(&self) -> R<T> {
        Ok(self.0.clone())
    }
}

const LINE: u32 = line!() - 5;

#[test]
fn function_is_listed_before_its_first_call_once_per_attribute() {
    let _: fn(&Generic<u8>) -> R<u8> = Generic::listed_never_called;
    let all = guarded_functions();
    let relevant: Vec<_> = all
        .iter()
        .filter(|function| function.name() == "listed_never_called")
        .collect();
    let attributes: Vec<_> = relevant
        .iter()
        .map(|function| function.attribute())
        .collect();
    assert_eq!(
        attributes,
        ["enhanced_error_handling", "retry_with_circuit_breaker"]
    );
    let both = relevant[1];
    assert_eq!((both.module_path(), both.line()), (module_path!(), LINE));
    assert!(
        both.file().ends_with("guarded_functions.rs"),
        "{}",
        both.file()
    );
    assert_eq!(
        both.arguments(),
        r#"name = "listed-both", max_retries = 7, failure_threshold = 9"#
    );
    let (name, config) = both.breaker().unwrap().unwrap();
    assert_eq!(
        (name.as_str(), config.failure_threshold),
        ("listed-both", Some(9))
    );
    assert_eq!(both.retry().unwrap().unwrap().max_attempts.get(), 8);
    assert!(relevant[0].breaker().is_none() && relevant[0].retry().is_none());
}

#[with_circuit_breaker(name = "listed-clash", failure_threshold = 3)]
fn listed_first() -> R<()> {
    Ok(())
}

#[with_circuit_breaker(name = "listed-clash", failure_threshold = 4)]
fn listed_second() -> R<()> {
    Ok(())
}

#[with_circuit_breaker(name = "listed-clash", failure_threshold = 3)]
fn listed_third() -> R<()> {
    Ok(())
}

#[test]
fn conflicting_configurations_of_one_name_are_reported_with_both_locations() {
    // The end of the error system settles the pending errors of the whole process, those of other
    // tests among them.
    in_own_process(|| {
        listed_first()
            .and(listed_second())
            .and(listed_third())
            .unwrap();
        let guard = gardefou::init_error_system().unwrap();
        let warnings: Vec<String> = guard.warnings().iter().map(ToString::to_string).collect();
        let relevant: Vec<_> = warnings
            .iter()
            .filter(|text| text.contains("listed-clash"))
            .collect();
        assert_eq!(relevant.len(), 1, "{warnings:?}");
        assert!(
            relevant[0].contains("`listed_first` (") && relevant[0].contains("`listed_second` ("),
            "{relevant:?}"
        );
        assert!(
            relevant[0].contains("guarded_functions.rs:"),
            "{relevant:?}"
        );
    });
}

static ISOLATED: LazyLock<ManualControl> = LazyLock::new(|| {
    let control = ManualControl::new();
    control.isolate();
    control
});

#[with_circuit_breaker(name = "listed-isolated", control = ISOLATED)]
fn listed_isolated() -> R<()> {
    Ok(())
}

#[test]
fn list_opens_no_circuit_although_a_control_isolates_it() {
    let events = Arc::new(AtomicU32::new(0));
    let sink = Arc::clone(&events);
    let _subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Breaker(event) = event
            && event.name == "listed-isolated"
        {
            sink.fetch_add(1, Ordering::Relaxed);
        }
    });
    let all = guarded_functions();
    let listed = all.iter().filter_map(|function| function.breaker());
    assert!(listed.flatten().any(|(name, _)| name == "listed-isolated"));
    assert_eq!(events.load(Ordering::Relaxed), 0);
    assert!(listed_isolated().is_err());
    assert!(events.load(Ordering::Relaxed) > 0);
}

#[with_circuit_breaker(name = "listed-again", control = ISOLATED)]
fn listed_again() -> R<()> {
    Ok(())
}

#[test]
fn observer_of_the_first_call_may_call_the_function() {
    let (sender, calls) = mpsc::channel();
    let _subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Breaker(event) = event
            && event.name == "listed-again"
            && let BreakerEventKind::Transition { .. } = event.kind
        {
            sender.send(listed_again().is_err()).unwrap();
        }
    });
    std::thread::spawn(listed_again);
    let rejected = calls.recv_timeout(Duration::from_secs(60));
    assert_eq!(rejected, Ok(true), "the first call waits for itself");
}

mod called {
    //! Functions that the test calls, and no other.

    use super::R;
    use gardefou::{
        bulkhead, enhanced_error_handling, fallback, log_sensitive_operations, rate_limit,
        resilient, retry, retry_with_circuit_breaker, timeout, with_circuit_breaker,
    };

    macro_rules! functions {
        ($($(#[$attribute:meta])* $name:ident($key:ident);)*) => {
            $(
                $(#[$attribute])*
                pub(super) fn $name($key: u32) -> R<u32> {
                    Ok($key)
                }
            )*
            pub(super) const ALL: &[(&str, fn(u32) -> R<u32>)] = &[$((stringify!($name), $name)),*];
        };
    }

    functions! {
        #[with_circuit_breaker(name = "called-breaker")] called_breaker(key);
        #[with_circuit_breaker(name = "called-keyed", key = key)] called_keyed_breaker(key);
        #[retry] called_retry(key);
        #[retry(key = key)] called_keyed_retry(key);
        #[retry_with_circuit_breaker(name = "called-both")] called_both(key);
        #[timeout("1h")] called_timeout(key);
        #[bulkhead(max_concurrent = 2)] called_bulkhead(key);
        #[rate_limit("100/s")] called_rate_limit(key);
        #[resilient(name = "called-resilient", timeout = "1h", retry(max_retries = 1))] called_resilient(key);
        #[enhanced_error_handling] unknown_handling(key);
        #[log_sensitive_operations("called")] unknown_audit(key);
        #[fallback(0)] unknown_fallback(key);
    }
}

/// Returns whether a function was called, by its name.
fn was_called(name: &str) -> Option<bool> {
    let all = guarded_functions();
    let function = all.iter().find(|function| function.name() == name);
    function
        .unwrap_or_else(|| panic!("{name} is not listed"))
        .was_called()
}

#[test]
fn first_call_is_noted_for_every_attribute_with_a_policy() {
    for (name, call) in called::ALL {
        let is_known = name.starts_with("called");
        assert_eq!(was_called(name), is_known.then_some(false), "{name}");
        // To read its settings is no call.
        for function in guarded_functions()
            .iter()
            .filter(|function| function.name() == *name)
        {
            let _ = (function.breaker(), function.retry(), function.rate_limit());
        }
        assert_eq!(was_called(name), is_known.then_some(false), "{name}");
        call(1).unwrap();
        assert_eq!(was_called(name), is_known.then_some(true), "{name}");
    }
}

#[gardefou::retry]
fn called_in_a_scope() -> R<()> {
    Ok(())
}

#[test]
fn call_inside_of_a_test_scope_is_noted_too() {
    assert_eq!(was_called("called_in_a_scope"), Some(false));
    gardefou::testing::Scope::new()
        .run(called_in_a_scope)
        .unwrap();
    assert_eq!(was_called("called_in_a_scope"), Some(true));
}

#[cfg(feature = "async")]
mod asynchronous {
    use super::{R, was_called};

    #[gardefou::hedge(after = "1h")]
    async fn called_hedge() -> R<()> {
        Ok(())
    }

    #[tokio::test]
    async fn future_that_is_dropped_before_its_first_poll_is_no_call() {
        drop(called_hedge());
        assert_eq!(was_called("called_hedge"), Some(false));
        called_hedge().await.unwrap();
        assert_eq!(was_called("called_hedge"), Some(true));
    }
}
