//! `shared` and `on_store_loss`: the guard of a function, and one of the same name in another process.

use crate::support::{R, busy};
use gardefou::{
    breaker::{CircuitBreaker, CircuitState, StoreLoss, circuit_breakers},
    fleet::{Driver, Fleet, MemoryStore, Store},
    rate_limit,
    rate_limit::{RateLimiter, rate_limiters},
    resilient, retry_with_circuit_breaker, with_circuit_breaker,
};

#[with_circuit_breaker(name = "shared-search", shared = true, on_store_loss = "open")]
fn search() -> R<i32> {
    Ok(1)
}

#[retry_with_circuit_breaker(
    name = "shared-orders",
    max_retries = 0,
    shared = true,
    on_store_loss = "closed"
)]
fn orders() -> R<i32> {
    Ok(1)
}

fn driver(breaker: &CircuitBreaker) -> Driver {
    let mut driver = Fleet::builder("attributes").driver().unwrap();
    driver.join(breaker);
    driver
}

fn exchange(store: &MemoryStore, driver: &mut Driver) {
    let batch = driver.take();
    let replies = store.run(batch.operations());
    driver.complete(batch, replies);
}

#[test]
fn function_is_rejected_when_another_process_opened_the_circuit() {
    type Function = fn() -> R<i32>;
    let functions: [(&str, Function, StoreLoss); 2] = [
        ("shared-search", search, StoreLoss::Open),
        ("shared-orders", orders, StoreLoss::Closed),
    ];
    for (name, function, loss) in functions {
        assert_eq!(function().unwrap(), 1);
        let ours = circuit_breakers().get(name).unwrap();
        assert!(ours.config().shared);
        assert_eq!(ours.config().on_store_loss, loss);
        let theirs = CircuitBreaker::builder(name).build().unwrap();
        let mut their_driver = driver(&theirs);
        for _ in 0..5 {
            theirs.call(|| Err::<i32, _>(busy())).unwrap_err();
        }
        let store = MemoryStore::new();
        exchange(&store, &mut their_driver);
        let mut our_driver = driver(&ours);
        exchange(&store, &mut our_driver);
        assert_eq!(ours.state(), CircuitState::Open);
        let rejected = function().unwrap_err().to_string();
        assert!(rejected.contains("rejected the call"), "{rejected}");
        let opened_by = ours.snapshot().opened_by.unwrap();
        assert!(opened_by.contains("of the fleet"), "{opened_by}");
    }
}

#[rate_limit("8/h", name = "shared-geocoder", shared = true, on_store_loss = "open")]
fn locate() -> R<i32> {
    Ok(1)
}

#[resilient(rate_limit(rate = "8/h", name = "shared-mail", shared = true))]
fn send() -> R<i32> {
    Ok(1)
}

#[test]
fn function_is_rejected_when_another_process_used_the_permits() {
    type Case = (&'static str, fn() -> R<i32>, StoreLoss);
    let functions: [Case; 2] = [
        ("shared-geocoder", locate, StoreLoss::Open),
        ("shared-mail", send, StoreLoss::Local),
    ];
    for (name, function, loss) in functions {
        assert_eq!(function().unwrap(), 1, "no fleet yet");
        let ours = rate_limiters().get(name).unwrap();
        assert!(ours.config().shared);
        assert_eq!(ours.config().on_store_loss, loss);
        let store = MemoryStore::new();
        let theirs = RateLimiter::builder(name).rate("8/h").build().unwrap();
        assert_eq!(theirs.drain(), 8);
        let mut drivers = [&theirs, &ours].map(|limiter| {
            let mut driver = Fleet::builder("attributes").driver().unwrap();
            driver.join_limiter(limiter);
            exchange(&store, &mut driver);
            driver
        });
        let err = function().unwrap_err();
        assert!(err.to_string().contains("rejected the call"), "{err}");
        assert!(err.retry_after().is_some());
        drivers
            .iter_mut()
            .for_each(|driver| exchange(&store, driver));
    }
}
