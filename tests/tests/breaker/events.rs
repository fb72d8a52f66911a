//! Events: their contents, their observers, and their order.

use crate::support::{MINUTE, bench, line, listen};
use gardefou::{
    AppError, Rejection,
    breaker::{CircuitBreaker, CircuitState},
    error::ErrorId,
    event::{BreakerEvent, BreakerEventKind, Event, names, subscribe},
};
use gardefou_tests::testkit::log::{Listener, capture};
use std::{
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tracing::Metadata;

#[test]
fn every_observer_gets_all_events_in_order() {
    let svc = bench(|b| b.failure_threshold(1));
    let (_first, one) = listen(&svc.breaker);
    let (_second, two) = listen(&svc.breaker);
    svc.script("F");
    assert!(svc.is_rejecting());
    svc.pass(MINUTE);
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("S");
    let expected = [
        "closed>open consecutive_failures",
        "rejected",
        "open>half_open recovery_time_elapsed",
        "half_open>open probe_failed",
        "open>half_open recovery_time_elapsed",
        "half_open>closed probes_succeeded",
    ];
    assert_eq!(*one.lock().unwrap(), expected);
    assert_eq!(*two.lock().unwrap(), expected);
}

#[test]
fn process_observer_gets_the_events_too() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Breaker(breaker) = event
            && breaker.name == "process-wide"
        {
            sink.lock().unwrap().extend(line(event));
        }
    });
    let breaker = CircuitBreaker::builder("process-wide").build().unwrap();
    breaker.force_open();
    drop(subscription);
    breaker.reset();
    assert_eq!(*events.lock().unwrap(), ["closed>forced_open manual"]);
}

#[test]
fn panic_of_an_observer_is_contained() {
    let svc = bench(|b| b);
    let _faulty = svc
        .breaker
        .observe(|_: &Event<'_>| panic!("a faulty observer"));
    let (_subscription, events) = listen(&svc.breaker);
    svc.breaker.force_open();
    svc.breaker.reset();
    assert_eq!(events.lock().unwrap().len(), 2);
    svc.script("S");
}

#[test]
fn observer_may_call_back_and_its_events_follow() {
    let svc = bench(|b| b.failure_threshold(1));
    let order = Arc::new(Mutex::new(Vec::new()));
    let (sink, breaker) = (Arc::clone(&order), svc.breaker.clone());
    let _first = svc.breaker.observe(move |event: &Event<'_>| {
        sink.lock()
            .unwrap()
            .extend(line(event).map(|text| format!("begin {text}")));
        if breaker.state() == CircuitState::Open {
            breaker.reset();
            breaker.force_open();
            let _ = (breaker.snapshot(), breaker.try_acquire().is_err());
        }
        sink.lock()
            .unwrap()
            .extend(line(event).map(|text| format!("end {text}")));
    });
    svc.script("F");
    assert_eq!(
        *order.lock().unwrap(),
        [
            "begin closed>open consecutive_failures",
            "end closed>open consecutive_failures",
            "begin open>closed manual",
            "end open>closed manual",
            "begin closed>forced_open manual",
            "end closed>forced_open manual",
            "begin rejected",
            "end rejected",
        ]
    );
}

#[test]
fn slow_observer_delays_no_call_and_gets_all_events_in_order() {
    let svc = bench(|b| b);
    let (inside, leave) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let events = Arc::new(Mutex::new(Vec::new()));
    let busy = Arc::new(AtomicBool::new(false));
    let first = AtomicBool::new(true);
    let _subscription = svc.breaker.observe({
        let (inside, leave, sink) = (Arc::clone(&inside), Arc::clone(&leave), Arc::clone(&events));
        move |event: &Event<'_>| {
            assert!(!busy.swap(true, Ordering::SeqCst), "two at once");
            if first.swap(false, Ordering::SeqCst) {
                inside.wait();
                leave.wait();
            }
            sink.lock().unwrap().extend(line(event));
            busy.store(false, Ordering::SeqCst);
        }
    });
    std::thread::scope(|scope| {
        scope.spawn(|| svc.breaker.force_open());
        inside.wait();
        // The observer is handling the first event: changes and calls do not wait for it.
        svc.breaker.reset();
        svc.script("S");
        svc.breaker.disable();
        leave.wait();
    });
    assert_eq!(
        *events.lock().unwrap(),
        [
            "closed>forced_open manual",
            "forced_open>closed manual",
            "closed>disabled manual"
        ]
    );
}

#[test]
fn many_threads_at_the_threshold_make_one_opening() {
    for _ in 0..50 {
        let svc = bench(|b| b.failure_threshold(4));
        let (_subscription, events) = listen(&svc.breaker);
        let permits: Vec<_> = (0..8).map(|_| svc.breaker.try_acquire().unwrap()).collect();
        let barrier = Barrier::new(permits.len());
        std::thread::scope(|scope| {
            for permit in permits {
                scope.spawn(|| {
                    barrier.wait();
                    permit.failure();
                });
            }
        });
        assert_eq!(
            *events.lock().unwrap(),
            ["closed>open consecutive_failures"]
        );
        assert_eq!(
            svc.breaker.snapshot().counts.failure,
            4,
            "the others came too late"
        );
    }
}

/// The identity of the opening, that of the one before it, and how many calls were rejected, of
/// each change of state.
fn openings(breaker: &CircuitBreaker) -> (impl Drop, Arc<Mutex<Vec<Opening>>>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&all);
    let subscription = breaker.observe(move |event: &Event<'_>| {
        if let Event::Breaker(BreakerEvent { id, kind, .. }) = event
            && let BreakerEventKind::Transition {
                to,
                previous,
                rejected,
                ..
            } = *kind
        {
            sink.lock().unwrap().push((to, *id, previous, rejected));
        }
    });
    (subscription, all)
}

type Opening = (CircuitState, Option<ErrorId>, Option<ErrorId>, u64);

#[test]
fn rejection_leads_to_the_opening_of_the_circuit() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    let (_subscription, changes) = openings(&svc.breaker);
    let reject = || svc.breaker.call(|| Ok::<_, AppError>(())).unwrap_err();

    svc.script("F");
    let first = changes.lock().unwrap()[0].1.unwrap();
    let rejection = svc.breaker.try_acquire().unwrap_err();
    assert_eq!(rejection.opening(), Some(first));
    assert_eq!(
        (AppError::from(rejection).id(), reject().id()),
        (first, first)
    );

    svc.pass(MINUTE);
    let probe = svc.breaker.try_acquire().unwrap();
    assert_eq!(
        reject().id(),
        first,
        "a half-open circuit rejects because of the same opening"
    );
    probe.failure();
    let second = changes.lock().unwrap()[2].1.unwrap();
    assert_ne!(first, second, "a circuit that opens again is another event");
    assert_eq!(reject().id(), second);

    svc.pass(MINUTE);
    let late = svc.breaker.try_acquire().unwrap();
    let unread = svc.breaker.try_acquire().unwrap_err();
    late.success();
    assert_eq!(
        unread.opening(),
        Some(second),
        "also when it is read after the circuit has closed"
    );
    assert_eq!(
        *changes.lock().unwrap(),
        [
            (CircuitState::Open, Some(first), None, 0),
            (CircuitState::HalfOpen, Some(first), None, 2),
            (CircuitState::Open, Some(second), Some(first), 3),
            (CircuitState::HalfOpen, Some(second), None, 1),
            (CircuitState::Closed, Some(second), None, 2),
        ]
    );
}

#[test]
fn rejection_as_the_source_of_another_error_gives_it_the_identity_of_the_opening() {
    #[derive(Debug)]
    struct NoPrice(Rejection);
    impl fmt::Display for NoPrice {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no price")
        }
    }
    impl Error for NoPrice {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let svc = bench(|b| b);
    svc.breaker.force_open();
    let rejection = svc.breaker.try_acquire().unwrap_err();
    let opening = rejection.opening().unwrap();
    assert_eq!(AppError::from(NoPrice(rejection)).id(), opening);
}

#[test]
fn each_rejection_belongs_to_one_opening() {
    const THREADS: u64 = 4;
    let svc = bench(|b| b.failure_threshold(1));
    let (_subscription, changes) = openings(&svc.breaker);
    let mut expected = Vec::new();
    for calls in [1000, 1, 300] {
        svc.script("F");
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..calls).for_each(|_| assert!(svc.is_rejecting())));
            }
        });
        svc.pass(MINUTE);
        svc.script("S");
        expected.push(THREADS * calls);
    }
    let changes = changes.lock().unwrap();
    let closed = changes
        .iter()
        .filter(|(to, ..)| *to == CircuitState::Closed);
    assert_eq!(
        closed.map(|(.., rejected)| *rejected).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn no_rejection_is_lost_while_the_circuit_changes_under_load() {
    let svc = bench(|b| b);
    let (_subscription, changes) = openings(&svc.breaker);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..20_000).for_each(|_| drop(svc.breaker.try_acquire())));
        }
        for _ in 0..200 {
            svc.breaker.force_open();
            svc.breaker.reset();
        }
    });
    svc.breaker.force_open();
    svc.breaker.reset();
    let in_events: u64 = changes
        .lock()
        .unwrap()
        .iter()
        .map(|(.., rejected)| rejected)
        .sum();
    assert_eq!(in_events, svc.breaker.snapshot().counts.rejected);
}

#[test]
fn subscription_can_outlive_its_breaker() {
    let svc = bench(|b| b);
    let (subscription, events) = listen(&svc.breaker);
    drop(svc);
    drop(subscription);
    assert!(events.lock().unwrap().is_empty());
}

/// The payload of a panic can panic when it is dropped: that panic is contained too.
#[test]
fn panic_in_the_payload_of_an_observer_panic_is_contained() {
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker
        .observe(|_: &Event<'_>| std::panic::panic_any(Again))
        .forever();
    let (_subscription, events) = listen(&svc.breaker);
    svc.script("F");
    assert_eq!(events.lock().unwrap().len(), 1);
    assert_eq!(svc.state(), CircuitState::Open);
}

/// The original logged under its lock, so that a slow log delayed every caller.
#[test]
fn log_subscriber_may_call_the_breaker() {
    let svc = bench(|b| b.failure_threshold(1));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (sink, breaker) = (Arc::clone(&seen), svc.breaker.clone());
    let ask = move |_| sink.lock().unwrap().push(breaker.snapshot().state);
    Listener::new(|line| line.target() == names::TARGET_BREAKER, ask).listen(|| {
        svc.script("F");
        svc.pass(MINUTE);
        svc.script("S");
    });
    assert_eq!(
        *seen.lock().unwrap(),
        [
            CircuitState::Open,
            CircuitState::HalfOpen,
            CircuitState::Closed
        ]
    );
}

/// Panics of observers are contained; those of a log subscriber reach the caller.
#[test]
fn panic_of_a_log_subscriber_does_not_hold_back_later_events() {
    let svc = bench(|b| b.failure_threshold(1));
    let (_subscription, events) = listen(&svc.breaker);
    let broken = Listener::new(
        |line| line.target() == names::TARGET_BREAKER,
        |line| panic!("a broken subscriber: {line}"),
    );
    let failed = catch_unwind(AssertUnwindSafe(|| broken.listen(|| svc.script("F"))));
    assert!(failed.is_err());
    let before = events.lock().unwrap().len();
    svc.pass(MINUTE);
    svc.script("S");
    assert_eq!(
        events.lock().unwrap().len(),
        before + 2,
        "half-open and closed"
    );
}

#[test]
fn log_line_of_a_transition_has_the_time_that_the_state_lasts_at_most() {
    let svc = bench(|b| b.failure_threshold(1).half_open_timeout(MINUTE / 2));
    let ours = |line: &Metadata<'_>| line.target() == names::TARGET_BREAKER;
    let ((), lines) = capture(ours, || {
        svc.script("F");
        svc.pass(MINUTE);
        svc.script("S");
    });
    let lasts: Vec<Option<&str>> = lines.iter().map(|line| line.field("lasts")).collect();
    assert_eq!(lasts, [Some("60s"), Some("30s"), None]);
}

/// The `Drop` of an observer may use the breaker that it was subscribed to: no lock is held then.
#[test]
fn drop_of_an_observer_may_call_back() {
    struct Last<F: Fn()>(F);
    impl<F: Fn()> Drop for Last<F> {
        fn drop(&mut self) {
            self.0();
        }
    }
    let svc = bench(|b| b);
    let ours = svc.breaker.clone();
    let last = Last(move || {
        drop(ours.observe(|_: &Event<'_>| {}));
        ours.force_open();
    });
    drop(svc.breaker.observe(move |_: &Event<'_>| {
        let _ = &last;
    }));
    assert_eq!(svc.state(), CircuitState::ForcedOpen);

    let last = Last(|| drop(subscribe(|_: &Event<'_>| {})));
    drop(subscribe(move |_: &Event<'_>| {
        let _ = &last;
    }));

    let registry = Arc::new(gardefou::breaker::BreakerRegistry::new());
    let left = Arc::new(Mutex::new(None));
    let (weak, sink) = (Arc::downgrade(&registry), Arc::clone(&left));
    let last = Last(move || *sink.lock().unwrap() = weak.upgrade().map(|registry| registry.len()));
    let breaker = registry.get_or_create("idle", |b| b).unwrap();
    breaker
        .observe(move |_: &Event<'_>| {
            let _ = &last;
        })
        .forever();
    drop(breaker);
    assert_eq!([registry.drop_idle(), registry.drop_idle()], [0, 1]);
    assert_eq!(*left.lock().unwrap(), Some(0));
}

#[test]
fn slow_observer_misses_rejections_but_no_change_of_state() {
    let svc = bench(|b| b);
    let events = Arc::new(Mutex::new(Vec::new()));
    let (sink, breaker) = (Arc::clone(&events), svc.breaker.clone());
    let _subscription = svc.breaker.observe(move |event: &Event<'_>| {
        let is_first = {
            let mut events = sink.lock().unwrap();
            events.extend(line(event));
            events.len() == 1
        };
        if is_first {
            // Many events occur while it handles the first one.
            (0..5000).for_each(|_| assert!(breaker.try_acquire().is_err()));
            breaker.reset();
        }
    });
    svc.breaker.force_open();
    let events = events.lock().unwrap();
    let rejections = events.iter().filter(|line| *line == "rejected").count();
    assert_eq!(
        events.first().map(String::as_str),
        Some("closed>forced_open manual")
    );
    assert_eq!(
        events.last().map(String::as_str),
        Some("forced_open>closed manual")
    );
    assert_eq!(rejections, 1024, "the limit of the queue");
    assert_eq!(
        svc.breaker.snapshot().counts.rejected,
        5000,
        "all are counted"
    );
}
