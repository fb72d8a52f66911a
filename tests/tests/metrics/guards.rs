//! Values of each guard, as Prometheus gets them.

use super::support::scrape;
use gardefou::{
    AppError, ErrorCode,
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    circuit_breakers,
    rate_limit::RateLimiter,
    retry::{Backoff, Retry},
    testing::Scope,
};
use std::time::Duration;

fn fail(breaker: &CircuitBreaker) {
    breaker.try_acquire().unwrap().failure();
}

#[test]
fn every_series_of_a_new_breaker_is_zero_but_its_state_and_its_time() {
    Scope::new().run(|| {
        circuit_breakers().get_or_create("new", |b| b).unwrap();
        let page = scrape();
        let all = page.with_label(r#"name="new""#);
        assert_eq!(all.len(), 4 + 1 + 1 + 5 + 5 + 4 + 5, "{all:#?}");
        for series in all {
            let is_present = series.starts_with("gardefou_circuit_breaker_state{")
                && series.contains(r#"state="closed""#);
            assert_eq!(
                page.value(series),
                f64::from(u8::from(is_present)),
                "{series}"
            );
        }
    });
}

#[test]
fn calls_are_counted_by_outcome() {
    let scope = Scope::new();
    scope.run(|| {
        let breaker = circuit_breakers()
            .get_or_create("payments", |b| {
                b.failure_threshold(3).slow_call(Duration::from_secs(1))
            })
            .unwrap();
        for _ in 0..4 {
            breaker.try_acquire().unwrap().success();
        }
        let slow = breaker.try_acquire().unwrap();
        scope.clock().advance(Duration::from_secs(2));
        slow.success();
        breaker.try_acquire().unwrap().ignore();
        (0..3).for_each(|_| fail(&breaker));
        assert!(breaker.try_acquire().is_err() && breaker.try_acquire().is_err());
        let page = scrape();
        let calls = ["success", "failure", "ignored", "rejected"].map(|outcome| {
            let labels = format!(r#"{{name="payments",outcome="{outcome}"}}"#);
            page.value(&format!("gardefou_circuit_breaker_calls_total{labels}"))
        });
        assert_eq!(calls, [5.0, 3.0, 1.0, 2.0]);
        let slow = page.value(r#"gardefou_circuit_breaker_slow_calls_total{name="payments"}"#);
        assert_eq!(slow, 1.0);
    });
}

fn states(metric: &str) -> [f64; 5] {
    let page = scrape();
    ["closed", "open", "half_open", "forced_open", "disabled"].map(|state| {
        page.value(&format!(
            r#"gardefou_circuit_breaker_{metric}{{name="db",state="{state}"}}"#
        ))
    })
}

#[test]
fn state_and_time_in_each_state_follow_the_breaker() {
    let scope = Scope::new();
    scope.run(|| {
        let pass = |seconds| scope.clock().advance(Duration::from_secs(seconds));
        let breaker = circuit_breakers()
            .get_or_create("db", |b| {
                b.failure_threshold(1)
                    .recovery_timeout(Duration::from_secs(10))
                    .recovery_jitter(0.0)
                    .success_threshold(1)
            })
            .unwrap();
        let times = || states("time_in_state_seconds_total");
        pass(100);
        assert_eq!(
            (states("state"), times()),
            ([1., 0., 0., 0., 0.], [100., 0., 0., 0., 0.])
        );
        fail(&breaker);
        pass(4);
        assert_eq!(
            (states("state"), times()),
            ([0., 1., 0., 0., 0.], [100., 4., 0., 0., 0.])
        );
        // The open time is over, and no call has come: the next one is a probe.
        pass(9);
        assert_eq!(
            (states("state"), times()),
            ([0., 0., 1., 0., 0.], [100., 10., 3., 0., 0.])
        );
        let probe = breaker.try_acquire().unwrap();
        pass(2);
        assert_eq!(
            (states("state"), times()),
            ([0., 0., 1., 0., 0.], [100., 10., 5., 0., 0.])
        );
        probe.success();
        pass(1);
        assert_eq!(
            (states("state"), times()),
            ([1., 0., 0., 0., 0.], [101., 10., 5., 0., 0.])
        );
        breaker.force_open();
        pass(7);
        breaker.disable();
        pass(8);
        assert_eq!(
            (states("state"), times()),
            ([0., 0., 0., 0., 1.], [101., 10., 5., 7., 8.])
        );
    });
}

/// A gauge misses what lies between two scrapes; the times do not.
#[test]
fn times_of_states_between_two_scrapes_are_kept() {
    let scope = Scope::new();
    scope.run(|| {
        let breaker = circuit_breakers()
            .get_or_create("db", |b| b.failure_threshold(1))
            .unwrap();
        assert_eq!(states("time_in_state_seconds_total"), [0.; 5]);
        for _ in 0..3 {
            fail(&breaker);
            scope.clock().advance(Duration::from_millis(1500));
            breaker.reset();
            scope.clock().advance(Duration::from_millis(500));
        }
        assert_eq!(states("state"), [1., 0., 0., 0., 0.]);
        assert_eq!(states("time_in_state_seconds_total"), [1., 4., 0., 0., 0.]);
    });
}

/// A half-open time that runs out with a probe that hangs ends before the call that finds it out.
#[test]
fn state_that_ended_in_the_past_is_charged_until_then() {
    let scope = Scope::new();
    scope.run(|| {
        let breaker = circuit_breakers()
            .get_or_create("db", |b| {
                b.failure_threshold(1)
                    .recovery_timeout(Duration::from_secs(10))
                    .recovery_backoff(1.0)
                    .recovery_jitter(0.0)
                    .half_open_timeout(Duration::from_secs(20))
            })
            .unwrap();
        fail(&breaker);
        scope.clock().advance(Duration::from_secs(10));
        let hanging = breaker.try_acquire().unwrap();
        scope.clock().advance(Duration::from_secs(24));
        assert_eq!(
            states("time_in_state_seconds_total"),
            [0., 10., 24., 0., 0.]
        );
        // Half-open for 20 s and open for 4 s, as is known only now: no counter goes down.
        assert!(breaker.try_acquire().is_err());
        assert_eq!(states("state"), [0., 1., 0., 0., 0.]);
        assert_eq!(
            states("time_in_state_seconds_total"),
            [0., 14., 24., 0., 0.]
        );
        // Half-open for another 3 s: what was shown too early is made up for first.
        scope.clock().advance(Duration::from_secs(9));
        assert_eq!(
            states("time_in_state_seconds_total"),
            [0., 20., 24., 0., 0.]
        );
        scope.clock().advance(Duration::from_secs(2));
        assert_eq!(
            states("time_in_state_seconds_total"),
            [0., 20., 25., 0., 0.]
        );
        drop(hanging);
    });
}

#[test]
fn transitions_are_counted_by_pair_and_those_by_hand_apart() {
    let scope = Scope::new();
    scope.run(|| {
        let breaker = circuit_breakers()
            .get_or_create("db", |b| {
                b.failure_threshold(1)
                    .recovery_timeout(Duration::from_secs(10))
                    .success_threshold(1)
            })
            .unwrap();
        fail(&breaker);
        scope.clock().advance(Duration::from_secs(60));
        fail(&breaker);
        scope.clock().advance(Duration::from_secs(600));
        breaker.try_acquire().unwrap().success();
        breaker.force_open();
        breaker.disable();
        breaker.reset();
        breaker.open_for(Duration::from_secs(1));
        breaker.half_open().unwrap();
        breaker.reset();
        let page = scrape();
        let pairs = [
            ("closed", "open"),
            ("open", "half_open"),
            ("half_open", "closed"),
            ("half_open", "open"),
        ];
        let counted = pairs.map(|(from, to)| {
            page.value(&format!(
                r#"gardefou_circuit_breaker_transitions_total{{name="db",from="{from}",to="{to}"}}"#
            ))
        });
        assert_eq!(counted, [1., 2., 1., 1.]);
        let by_hand = ["closed", "open", "half_open", "forced_open", "disabled"].map(|to| {
            page.value(&format!(
                r#"gardefou_circuit_breaker_manual_transitions_total{{name="db",to="{to}"}}"#
            ))
        });
        assert_eq!(by_hand, [2., 1., 1., 1., 1.]);
    });
}

#[test]
fn counts_of_an_earlier_process_are_not_counted_again() {
    Scope::new().run(|| {
        let before = CircuitBreaker::builder("db").build().unwrap();
        fail(&before);
        let breaker = circuit_breakers().get_or_create("db", |b| b).unwrap();
        breaker.restore(&before.snapshot());
        assert_eq!(breaker.snapshot().counts.failure, 1);
        let failures = r#"gardefou_circuit_breaker_calls_total{name="db",outcome="failure"}"#;
        assert_eq!(scrape().value(failures), 0.0);
    });
}

#[test]
fn bulkhead_shows_its_load_and_its_waits() {
    Scope::new().run(|| {
        let reports = Bulkhead::builder("reports")
            .max_concurrent(2)
            .build_shared()
            .unwrap();
        let running = reports.try_acquire().unwrap();
        reports.try_acquire().unwrap().success();
        let second = reports.try_acquire().unwrap();
        assert!(reports.try_acquire().is_err());
        let page = scrape();
        let value =
            |metric: &str| page.value(&format!(r#"gardefou_bulkhead_{metric}{{name="reports"}}"#));
        assert_eq!(
            (value("limit"), value("running"), value("waiting")),
            (2., 2., 0.)
        );
        let outcome = |outcome: &str| {
            page.value(&format!(
                r#"gardefou_bulkhead_calls_total{{name="reports",outcome="{outcome}"}}"#
            ))
        };
        assert_eq!(
            (outcome("admitted"), outcome("full"), outcome("queue_full")),
            (3., 1., 0.)
        );
        drop((running, second));
    });
}

#[test]
fn rate_limiter_shows_permits_and_waits() {
    let scope = Scope::new();
    scope.run(|| {
        let search = RateLimiter::builder("search")
            .rate("2/s")
            .build_shared()
            .unwrap();
        let taken = [(); 3].map(|()| search.try_acquire().is_ok());
        assert_eq!(taken, [true, true, false]);
        let waiting = search.reserve(2, Duration::from_secs(5)).unwrap();
        let page = scrape();
        let value = |page: &super::support::Page, metric: &str| {
            page.value(&format!(
                r#"gardefou_rate_limiter_{metric}{{name="search"}}"#
            ))
        };
        assert_eq!(
            (value(&page, "available"), value(&page, "waiting")),
            (0., 1.)
        );
        waiting.wait();
        let page = scrape();
        assert_eq!(
            (value(&page, "waiting"), value(&page, "waits_total")),
            (0., 1.)
        );
        assert_eq!(value(&page, "wait_time_seconds_total"), 1.);
        let outcome = |outcome: &str| {
            let labels = format!(r#"{{name="search",outcome="{outcome}"}}"#);
            page.value(&format!("gardefou_rate_limiter_calls_total{labels}"))
        };
        assert_eq!(
            (
                outcome("admitted"),
                outcome("rejected"),
                outcome("cancelled")
            ),
            (3., 1., 0.)
        );
    });
}

#[test]
fn retries_are_counted_by_how_they_ended() {
    Scope::new().run(|| {
        let retry = Retry::builder()
            .name("fetch")
            .max_retries(2)
            .backoff(Backoff::constant(Duration::ZERO))
            .build()
            .unwrap();
        let mut outcomes = [Err("busy"), Ok(())].into_iter();
        retry.call(|| outcomes.next().unwrap()).unwrap();
        (0..5).for_each(|_| retry.call(|| Ok::<_, String>(())).unwrap());
        retry.call(|| Err::<(), _>("busy")).unwrap_err();
        let missing = || AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such file");
        retry.call(|| Err::<(), _>(missing())).unwrap_err();
        let page = scrape();
        let kinds = [
            "successful_without_retry",
            "successful_with_retry",
            "failed_with_retry",
            "failed_without_retry",
        ];
        let counted = kinds.map(|kind| {
            page.value(&format!(
                r#"gardefou_retry_calls_total{{name="fetch",kind="{kind}"}}"#
            ))
        });
        assert_eq!(counted, [5., 1., 1., 1.]);
        assert_eq!(
            page.value(r#"gardefou_retry_attempts_total{name="fetch"}"#),
            5. + 2. + 3. + 1.
        );
    });
}

#[test]
fn guards_by_key_are_one_under_their_name() {
    Scope::new().run(|| {
        let tenants = circuit_breakers()
            .get_or_create_keyed("tenants", |b| b.failure_threshold(1))
            .unwrap();
        for tenant in ["acme", "globex", "initech"] {
            tenants.get(tenant).try_acquire().unwrap().success();
        }
        fail(&tenants.get("acme"));
        let page = scrape();
        assert_eq!(page.with_label("acme"), Vec::<&String>::new());
        let calls = r#"gardefou_circuit_breaker_calls_total{name="tenants",outcome="success"}"#;
        assert_eq!(page.value(calls), 3.);
        let state = |state: &str| {
            page.value(&format!(
                r#"gardefou_circuit_breaker_state{{name="tenants",state="{state}"}}"#
            ))
        };
        assert_eq!((state("closed"), state("open")), (2., 1.));
        // What an evicted key has counted stays.
        tenants.remove("globex");
        tenants.get("initech").try_acquire().unwrap().success();
        let page = scrape();
        assert_eq!(page.value(calls), 4.);
        let closed = r#"gardefou_circuit_breaker_state{name="tenants",state="closed"}"#;
        assert_eq!(page.value(closed), 1.);
    });
}
