//! Background runner and schedules of checks.

use gardefou::{
    health::{Check, Health, HealthConfig, ProbeKind, Status},
    time::ManualClock,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

#[test]
fn background_runs_checks_registered_before_and_after_it_starts() {
    let clock = ManualClock::new();
    let health = Health::new(
        HealthConfig::builder()
            .clock(clock.clone())
            .build()
            .unwrap(),
    );
    // A run is over once its change of status is published, and not when its check returns: on a clock
    // that moves in between it has exceeded its limit, and the next one does not begin.
    let (over, are_over) = mpsc::channel();
    let subscription = gardefou::event::subscribe(move |event: &gardefou::event::Event<'_>| {
        if let gardefou::event::Event::Health(change) = event
            && change.check.starts_with("runs in the background")
        {
            let _ = over.send(change.to);
        }
    });
    let (ran, runs) = mpsc::channel();
    let check = |name: &'static str| {
        let ran = ran.clone();
        let check = move || ran.send(name).is_ok();
        Check::dependency(format!("runs in the background {name}"), check)
    };
    health.register(check("before")).unwrap();
    health.mark_started();
    assert!(health.is_running_in_background());
    assert_eq!(runs.recv().unwrap(), "before");
    health.register(check("after")).unwrap();
    assert_eq!(runs.recv().unwrap(), "after");
    assert_eq!([(); 2].map(|()| are_over.recv().unwrap()), ["pass"; 2]);
    drop(subscription);
    // A period and its jitter later both run again.
    clock.advance(Duration::from_secs(34));
    let mut again = [runs.recv().unwrap(), runs.recv().unwrap()];
    again.sort_unstable();
    assert_eq!(again, ["after", "before"]);
    health.mark_stopping();
    assert!(!health.is_running_in_background());
}

#[test]
fn background_abandons_a_hung_check_on_its_own() {
    let clock = ManualClock::new();
    let health = Health::new(
        HealthConfig::builder()
            .clock(clock.clone())
            .build()
            .unwrap(),
    );
    let (begin, begun) = mpsc::channel();
    let (_end, ended) = mpsc::channel::<()>();
    let ended = std::sync::Mutex::new(ended);
    let check = move || {
        begin.send(()).unwrap();
        ended.lock().unwrap().recv().is_ok()
    };
    let (sender, changes) = mpsc::channel();
    let subscription = gardefou::event::subscribe(move |event: &gardefou::event::Event<'_>| {
        if let gardefou::event::Event::Health(change) = event
            && change.check == "hangs in the background"
        {
            let _ = sender.send((change.from, change.to, change.level));
        }
    });
    health
        .register(Check::dependency("hangs in the background", check).critical())
        .unwrap();
    health.mark_started();
    begun.recv().unwrap();
    clock.advance(Duration::from_secs(5));
    assert_eq!(
        changes.recv().unwrap(),
        (None, "fail", gardefou::event::Severity::Critical)
    );
    drop(subscription);
    assert_eq!(health.probe(ProbeKind::Readiness).status(), Status::Fail);
}

#[test]
fn due_checks_run_once_a_period() {
    let clock = ManualClock::new();
    let config = HealthConfig::builder().jitter(0.0).clock(clock.clone());
    let health = Health::new(config.build().unwrap());
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    health
        .register_check("x", move || counted.fetch_add(1, Ordering::SeqCst) < 100)
        .unwrap();
    health
        .register(Check::dependency("rare", || true).period(Duration::from_secs(300)))
        .unwrap();
    assert_eq!([health.run_due_checks(), health.run_due_checks()], [2, 0]);
    clock.advance(Duration::from_secs(29));
    assert_eq!(health.run_due_checks(), 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!(health.run_due_checks(), 1);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[test]
fn jitter_spreads_periods_within_its_fraction() {
    let mut waits = Vec::new();
    for _ in 0..50 {
        let clock = ManualClock::new();
        let config = HealthConfig::builder().jitter(0.2).clock(clock.clone());
        let health = Health::new(config.build().unwrap());
        health.register_check("x", || true).unwrap();
        assert_eq!(health.run_due_checks(), 1);
        let mut waited = 0;
        while health.run_due_checks() == 0 {
            clock.advance(Duration::from_millis(100));
            waited += 1;
        }
        waits.push(waited);
    }
    let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
    assert!(least >= 240 && most <= 361, "{waits:?}");
    assert!(most - least > 20, "{waits:?}");
}

#[test]
fn longest_period_works_with_any_jitter() {
    for _ in 0..20 {
        let config = HealthConfig::builder()
            .jitter(0.5)
            .background(false)
            .clock(ManualClock::new());
        let health = Health::new(config.build().unwrap());
        health
            .register(
                Check::dependency("once", || true)
                    .period(Duration::MAX)
                    .stale_after(Duration::MAX),
            )
            .unwrap();
        assert_eq!([health.run_due_checks(), health.run_due_checks()], [1, 0]);
        assert!(health.health_status().is_healthy());
    }
}
