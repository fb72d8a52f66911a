//! A server that is not there: the program starts, its breakers decide alone, and health warns.

use gardefou::{
    ErrorSystem,
    breaker::circuit_breakers,
    fleet::Fleet,
    health::{HealthConfig, Status, health},
};
use gardefou_redis::RedisStore;
use std::{
    net::TcpListener,
    sync::{Condvar, Mutex},
    time::Duration,
};

#[test]
fn program_starts_without_its_store_and_health_warns() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let before = circuit_breakers()
        .get_or_create("made-before", |breaker| breaker.shared(true))
        .unwrap();
    let store = RedisStore::builder(format!("redis://127.0.0.1:{port}/"))
        .build()
        .unwrap();
    let system = ErrorSystem::builder()
        .fleet(Fleet::builder("checkout").store(store))
        .health(HealthConfig::builder().background(false))
        .init()
        .unwrap();
    let after = circuit_breakers()
        .get_or_create("made-after", |breaker| breaker.shared(true))
        .unwrap();
    let alone = circuit_breakers()
        .get_or_create("alone", |breaker| breaker)
        .unwrap();
    let entry = || {
        let report = health().health_status();
        let entry = report
            .checks()
            .iter()
            .find(|entry| entry.name == "fleet:store");
        entry.map(|entry| (entry.status, entry.details.clone(), entry.output.clone()))
    };
    let (never, changed) = (Mutex::new(()), Condvar::new());
    let (status, details, output) = loop {
        match entry() {
            Some((Status::Warn, details, output)) => break (Status::Warn, details, output),
            _ => drop(changed.wait_timeout(never.lock().unwrap(), Duration::from_millis(5))),
        }
    };
    assert_eq!(status, Status::Warn);
    assert_eq!(
        details["breakers"], 2,
        "those that are shared, whenever they were made"
    );
    assert!(output.unwrap().contains("what its `on_store_loss` says"));
    for breaker in [&before, &after, &alone] {
        for _ in 0..5 {
            breaker.try_acquire().unwrap().failure();
        }
        assert!(breaker.try_acquire().is_err());
    }
    system.shutdown();
    assert!(entry().is_none(), "the fleet has ended");
}
