//! The fleet of the process on the page: a process of its own, since a fleet is of the whole process.

use gardefou::{
    ErrorSystem,
    breaker::circuit_breakers,
    fleet::{Fleet, MemoryStore, Operation, Reply, Store, StoreError, Updates},
    rate_limit::RateLimiter,
};
use gardefou_dashboard::Dashboard;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const HOSTILE: &str = "</script><script>alert(1)</script>";

#[derive(Clone, Default)]
struct LosableStore(MemoryStore, Arc<AtomicBool>);

impl Store for LosableStore {
    fn run(&self, operations: &[Operation]) -> Vec<Result<Reply, StoreError>> {
        if self.1.load(Ordering::Relaxed) {
            let lost = || Err(StoreError::new(format!("{HOSTILE} password=hunter2")));
            return operations.iter().map(|_| lost()).collect();
        }
        self.0.run(operations)
    }

    fn subscribe(&self, updates: Updates) {
        self.0.subscribe(updates);
    }
}

/// Takes samples until one has a property; fails after a minute.
fn sample_where(dashboard: &Dashboard, holds: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..6_000 {
        let sample = dashboard.report().json().clone();
        if holds(&sample) {
            return sample;
        }
        thread::park_timeout(Duration::from_millis(2));
    }
    panic!(
        "a minute later still {}",
        dashboard.report().json()["fleet"]
    );
}

#[test]
fn fleet_is_on_the_page_while_one_runs() {
    let dashboard = Dashboard::builder().build().unwrap();
    assert_eq!(dashboard.report().json()["fleet"], Value::Null);
    let store = LosableStore::default();
    let fleet = Fleet::builder(HOSTILE)
        .instance(HOSTILE)
        .store(store.clone());
    let system = ErrorSystem::builder().fleet(fleet).init().unwrap();
    let payments = circuit_breakers()
        .get_or_create("payments", |code| code.shared(true))
        .unwrap();
    circuit_breakers()
        .get_or_create("alone", |code| code)
        .unwrap();
    let _limiter = RateLimiter::builder("geocoder")
        .rate("1/s")
        .shared(true)
        .build()
        .unwrap();
    sample_where(&dashboard, |sample| {
        sample["fleet"]["breakers"] == 1 && sample["fleet"]["limiters"] == 1
    });
    for _ in 0..5 {
        payments.try_acquire().unwrap().failure();
    }
    let sample = sample_where(&dashboard, |sample| sample["fleet"]["updates"] == 1);
    let shown = &sample["fleet"];
    assert_eq!(
        (&shown["name"], &shown["instance"], &shown["breakers"]),
        (&json!(HOSTILE), &json!(HOSTILE), &json!(1))
    );
    assert!(shown["operations"].as_u64().unwrap() >= 1);
    assert_eq!(
        (&shown["failures"], &shown["leases"], &shown["is_listening"]),
        (&json!(0), &json!(0), &json!(true))
    );
    assert_eq!(
        (&shown["lost_since"], &shown["last_error"]),
        (&Value::Null, &Value::Null)
    );
    let guards = sample["guards"].as_array().unwrap();
    let is_shared = |name: &str| {
        let guard = guards.iter().find(|guard| guard["name"] == name);
        guard.unwrap()["config"]["shared"].clone()
    };
    assert_eq!(
        (is_shared("payments"), is_shared("alone")),
        (json!(true), json!(false))
    );

    store.1.store(true, Ordering::Relaxed);
    let sample = sample_where(&dashboard, |sample| {
        !sample["fleet"]["lost_since"].is_null()
    });
    let (lost, taken_at) = (&sample["fleet"]["lost_since"], &sample["taken_at"]);
    let ago = taken_at.as_i64().unwrap() - lost.as_i64().unwrap();
    assert!((0..60_000).contains(&ago), "{ago} ms ago");
    let error = sample["fleet"]["last_error"].as_str().unwrap();
    assert!(
        error.contains(HOSTILE) && !error.contains("hunter2"),
        "{error}"
    );
    let html = dashboard.report().html();
    assert_eq!(html.matches("<script").count(), 2);
    assert!(!html.contains("alert(1)</script"));

    store.1.store(false, Ordering::Relaxed);
    let sample = sample_where(&dashboard, |sample| sample["fleet"]["lost_since"].is_null());
    assert!(sample["fleet"]["failures"].as_u64().unwrap() >= 1);
    system.shutdown();
    assert_eq!(dashboard.report().json()["fleet"], Value::Null);
}
