//! `cargo bench -p gardefou-benches --bench health`: what an answer about health costs.
//!
//! Bar: with 200 checks, one of which hangs and one of which panics, a status or a probe takes less
//! than 1 ms (1,000,000 ns).

use gardefou::health::{Check, FailureCategory, Health, HealthConfig, ProbeKind, Probes};
use gardefou_benches::{StandingClock, Table};
use std::{sync::mpsc, time::Duration};

fn main() {
    let clock = StandingClock::default();
    let config = HealthConfig::builder()
        .background(false)
        .clock(clock.clone())
        .build();
    let health = Health::new(config.expect("the defaults"));
    let registered =
        (0..198).map(|i| Check::dependency(format!("check-{i}"), || true).group("a-group"));
    registered.for_each(|check| health.register(check).expect("a legal name"));
    health
        .register(Check::dependency("panics", || assert_eq!(1, 2)))
        .expect("a legal name");
    health.mark_started();
    std::panic::set_hook(Box::new(|_| {}));
    // Before the clock moves: a check that still runs then has exceeded its limit.
    let run = health.run_all_checks();
    assert_eq!(
        run.check("panics").and_then(|check| check.category),
        Some(FailureCategory::Panic)
    );
    let (begin, begun) = mpsc::channel();
    let hang = move || {
        begin.send(()).expect("the bench waits for it");
        std::thread::park();
    };
    health
        .register(Check::dependency("hangs", hang))
        .expect("a legal name");
    let hung = std::thread::scope(|threads| {
        let clock = clock.clone();
        threads.spawn(move || {
            begun.recv().expect("it runs");
            clock.advance(Duration::from_secs(11));
        });
        health.run_check("hangs").expect("it is registered")
    });
    assert_eq!(hung.category, Some(FailureCategory::Timeout));

    let mut table = Table::new("health, 200 checks, one hung and one panicking");
    table.single("`health_status`", |n| {
        n + health.health_status().checks().len() as u64
    });
    table.single("`probe(Readiness)`", |n| {
        n + health.probe(ProbeKind::Readiness).checks().len() as u64
    });
    let probes = Probes::new(health.clone());
    table.single("`GET /healthz?verbose`, the whole answer", |n| {
        n + probes.respond("GET", "/healthz?verbose", true).body().len() as u64
    });
}
