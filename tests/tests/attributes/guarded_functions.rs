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
