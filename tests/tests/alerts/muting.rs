//! Inhibition by open circuits, and muting.

use super::*;
use gardefou::{boundary::error_boundary, breaker::CircuitBreaker};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn circuit(name: &str, clock: &ManualClock) -> CircuitBreaker {
    CircuitBreaker::builder(name)
        .failure_threshold(1)
        .clock(clock.clone())
        .build()
        .unwrap()
}

/// An operation that fails with an error which names no circuit.
fn fail(operation: &str) {
    let failed: gardefou::Result<()> = error_boundary(operation, || {
        Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "down"))
    });
    assert!(failed.is_err());
}

#[test]
fn operation_behind_an_open_circuit_is_inhibited_until_that_closes() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::rate("storm", 3, MINUTE)),
    );
    let received = || {
        alerts.run();
        (ops.received(), alerts.status().inhibited)
    };
    let payments = circuit("muting-payments", &clock);
    payments.try_acquire().unwrap().failure();
    let turned_away: gardefou::Result<()> = error_boundary("charge", || {
        Err(AppError::from(payments.try_acquire().unwrap_err()))
    });
    assert!(turned_away.is_err());
    assert_eq!(received(), (vec![], 1));

    (0..5).for_each(|_| fail("charge"));
    assert_eq!(received(), (vec![], 6));
    (0..3).for_each(|_| fail("ship"));
    assert_eq!(
        received(),
        (one("storm: 3 errors within 60s"), 6),
        "another operation is not inhibited"
    );

    clock.advance(MINUTE);
    assert_eq!(received(), (one("storm: back in bounds"), 6));
    payments.try_acquire().unwrap().success();
    (0..3).for_each(|_| fail("charge"));
    assert_eq!(
        received(),
        (one("storm: 3 errors within 60s"), 6),
        "nothing is inhibited behind a closed circuit"
    );
}

#[test]
fn rule_is_inhibited_only_by_the_circuits_that_it_names() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rules = [Rule::immediate("errors"), Rule::rate("storm", 3, MINUTE)];
    let rules = rules.map(|rule| {
        rule.inhibited_by("muting-gateway")
            .inhibited_by("muting-bank")
    });
    let [at_once, storm] = rules;
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(at_once)
            .rule(storm),
    );
    let received = || {
        alerts.run();
        (ops.received(), alerts.status().inhibited)
    };
    let (gateway, bank, other) = (
        circuit("muting-gateway", &clock),
        circuit("muting-bank", &clock),
        circuit("muting-other", &clock),
    );
    other.force_open();
    fail("charge");
    assert_eq!(
        received(),
        (one("EXTERNAL_SERVICE_ERROR: down"), 0),
        "a circuit that is not named inhibits nothing"
    );

    gateway.try_acquire().unwrap().failure();
    fail("ship");
    fail("ship");
    assert_eq!(
        received(),
        (vec![], 4),
        "both rules, whatever the operation"
    );
    clock.advance(MINUTE);
    let probe = gateway.try_acquire().unwrap();
    fail("ship");
    assert_eq!(
        received(),
        (vec![], 6),
        "a circuit that is probed is not closed"
    );
    probe.success();
    bank.force_open();
    fail("ship");
    assert_eq!(
        received(),
        (vec![], 8),
        "the second name counts as much as the first"
    );
    bank.reset();
    fail("ship");
    assert_eq!(received(), (one("EXTERNAL_SERVICE_ERROR: down"), 8));
    // Inhibited errors do not count for the rate either.
    fail("ship");
    assert_eq!(received(), (vec![], 8));
    fail("ship");
    assert_eq!(received(), (one("storm: 3 errors within 60s"), 8));
}

#[test]
fn mute_ends_with_one_summary_for_each_channel() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (ops, pager) = (Recorder::new("ops"), Recorder::new("pager"));
    let rules = [Rule::immediate("errors"), Rule::breakers("circuits")];
    let config = config(&clock).channel(ops.clone()).channel(pager.clone());
    let alerts = start(rules.into_iter().fold(config, AlertsConfigBuilder::rule));
    let payments = circuit("muted-payments", &clock);
    fail("before");
    alerts.run();
    assert_eq!(
        (ops.received(), pager.received().len()),
        (one("EXTERNAL_SERVICE_ERROR: down"), 1)
    );

    alerts.mute(30 * MINUTE);
    assert_eq!(alerts.status().muted_for, Some(30 * MINUTE));
    payments.force_open();
    (0..5).for_each(|_| fail("while muted"));
    for _ in 0..29 {
        clock.advance(MINUTE);
        alerts.run();
    }
    payments.reset();
    alerts.test();
    alerts.run();
    assert_eq!(ops.received(), one("a test of this channel"));
    let next = alerts.run().unwrap();
    clock.advance(MINUTE);
    assert!(next <= gardefou::time::Clock::now(&clock));
    alerts.run();
    for channel in
        [&ops, &pager].map(|channel| channel.take().into_iter().filter(|it| it.rule == "digest"))
    {
        let summaries: Vec<_> = channel.collect();
        let [summary] = &summaries[..] else {
            panic!("one summary: {summaries:?}")
        };
        assert_eq!(
            summary.title,
            "muted for 30 min: 2 notifications held back, of 7 occurrences"
        );
        let text = summary.text.as_deref().unwrap();
        assert!(
            text.contains("2 x circuit `muted-payments` closed"),
            "the state at the end: {text}"
        );
        assert!(
            text.contains("5 x EXTERNAL_SERVICE_ERROR in `while muted`: down"),
            "{text}"
        );
    }
    assert_eq!(alerts.status().muted_for, None);
    fail("after");
    alerts.run();
    assert_eq!(ops.received(), one("EXTERNAL_SERVICE_ERROR: down"));
}

#[test]
fn mute_without_notifications_has_no_summary_and_shutdown_sends_it_early() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    alerts.mute(MINUTE);
    clock.advance(MINUTE);
    alerts.run();
    alerts.mute(10 * MINUTE);
    alerts.unmute();
    fail("unmuted");
    alerts.run();
    assert_eq!(
        ops.received(),
        one("EXTERNAL_SERVICE_ERROR: down"),
        "nothing was held back, and nothing is"
    );
    alerts.mute(60 * MINUTE);
    clock.advance(MINUTE);
    fail("muted at the end");
    alerts.run();
    assert_eq!(ops.received(), []);
    alerts.shutdown(MINUTE);
    assert_eq!(
        ops.received(),
        one("muted for 1 min: 1 notification held back")
    );
}
