//! Reloads of guards by key: one section is about the guards of all keys.

use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    bulkhead::{Bulkhead, bulkheads},
    circuit_breakers,
    event::{self, Event},
    keyed::Keyed,
    rate_limit::RateLimiter,
    retry::RetryBudget,
    system::ConfigFile,
    testing::Scope,
    time::{Clock, ManualClock, Tick},
    with_circuit_breaker,
};
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

fn apply(text: &str) -> usize {
    ConfigFile::parse("gardefou.toml", text)
        .unwrap()
        .apply()
        .unwrap()
        .guards
}

fn tenants(
    code: fn(gardefou::breaker::BreakerBuilder) -> gardefou::breaker::BreakerBuilder,
) -> Keyed<CircuitBreaker> {
    circuit_breakers()
        .get_or_create_keyed("tenants", code)
        .unwrap()
}

fn threshold(breaker: &CircuitBreaker) -> u32 {
    breaker.config().failure_threshold.unwrap()
}

#[test]
fn breakers_of_all_keys_follow_a_reload_and_keep_their_state() {
    let scope = Scope::new();
    let _entered = scope.enter();
    apply("[breaker.tenants]\nfailure_threshold = 2\nrecovery_timeout = 60");
    let tenants = tenants(|code| code.failure_threshold(9).max_keys(2));
    let (acme, globex, other) = (
        tenants.get("acme"),
        tenants.get("globex"),
        tenants.get("more"),
    );
    assert_eq!(other.name(), "tenants[_OTHER]");
    (0..2).for_each(|_| acme.try_acquire().unwrap().failure());
    globex.try_acquire().unwrap().failure();
    assert_eq!(
        apply("[breaker.\"ten*\"]\nfailure_threshold = 3\nrecovery_timeout = 5"),
        1
    );
    for breaker in [&acme, &globex, &other] {
        assert_eq!(threshold(breaker), 3);
        assert_eq!(breaker.config().recovery_timeout, Duration::from_secs(5));
    }
    assert_eq!(
        acme.snapshot().remaining,
        Some(Duration::from_secs(60)),
        "as it was to end"
    );
    assert_eq!(globex.snapshot().consecutive_failures, 1);
    (0..2).for_each(|_| globex.try_acquire().unwrap().failure());
    assert_eq!(globex.state(), CircuitState::Open, "the third in a row");
    assert!(tenants.remove("acme").is_some());
    assert_eq!(
        threshold(&tenants.get("initech")),
        3,
        "of a key that came later"
    );
    assert_eq!(
        threshold(&CircuitBreaker::builder("tenants").build().unwrap()),
        5
    );
    assert_eq!(tenants.config().failure_threshold, Some(3));
    assert_eq!(apply(""), 1);
    assert_eq!((threshold(&globex), threshold(&other)), (9, 9));
    assert_eq!(threshold(&acme), 3, "it was removed");
    assert_eq!(apply("# nothing"), 0);
}

#[test]
fn bulkheads_limiters_and_budgets_of_keys_follow_a_reload() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = ManualClock::new();
    let bulkheads = Bulkhead::builder("t")
        .max_concurrent(3)
        .build_shared_keyed()
        .unwrap();
    let limiters = RateLimiter::builder("t")
        .rate("10/s")
        .clock(clock.clone())
        .build_shared_keyed()
        .unwrap();
    let budgets = RetryBudget::builder()
        .name("t")
        .ratio(0.0)
        .floor(0)
        .burst(10)
        .build_keyed()
        .unwrap();
    let (bulkhead, limiter, budget) = (bulkheads.get("a"), limiters.get("a"), budgets.get("a"));
    let running = [
        bulkhead.try_acquire().unwrap(),
        bulkhead.try_acquire().unwrap(),
    ];
    limiter.try_acquire_n(10).unwrap();
    assert!((0..6).all(|_| budget.try_withdraw()));
    let text =
        "[bulkhead.t]\nmax_concurrent = 2\n[rate_limit.t]\nrate = \"100/s\"\n[budget.t]\nburst = 8";
    assert_eq!(apply(text), 3);
    assert!(bulkhead.try_acquire().is_err(), "two run, and two may");
    assert_eq!(
        (
            bulkhead.config().max_concurrent,
            bulkheads.config().max_concurrent
        ),
        (2, 2)
    );
    assert_eq!(limiter.snapshot().available, 90, "ten are still missing");
    assert_eq!(limiters.config().rate.count(), 100);
    assert_eq!(
        (0..10).filter(|_| budget.try_withdraw()).count(),
        2,
        "six are still missing"
    );
    assert_eq!(bulkheads.get("b").config().max_concurrent, 2);
    assert_eq!(limiters.get("b").snapshot().available, 100);
    assert_eq!(budgets.get("b").config().burst, 8);
    drop(running);
    assert_eq!(apply(""), 3);
    let slots: Vec<_> = (0..9).map_while(|_| bulkhead.try_acquire().ok()).collect();
    assert_eq!(slots.len(), 3);
}

#[with_circuit_breaker(name = "by-attribute", key = tenant, failure_threshold = 4)]
fn serve(tenant: &str) -> Result<(), gardefou::AppError> {
    let _ = tenant;
    gardefou::bail!(gardefou::ErrorCode::SYNC_ERROR, "no")
}

#[test]
fn breakers_of_an_attribute_with_keys_follow_a_reload() {
    let scope = Scope::new();
    let _entered = scope.enter();
    (0..2).for_each(|_| assert!(serve("acme").is_err()));
    let breaker = circuit_breakers().get("by-attribute[acme]").unwrap();
    assert_eq!(
        (threshold(&breaker), breaker.state()),
        (4, CircuitState::Closed)
    );
    apply("[breaker.by-attribute]\nfailure_threshold = 3");
    assert!(serve("acme").is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[test]
fn idle_guards_are_evicted_by_the_new_settings_and_those_with_a_state_stay() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = ManualClock::new();
    let tenants = circuit_breakers()
        .get_or_create_keyed("tenants", |code| code.clock(clock.clone()))
        .unwrap();
    let bulkheads = Bulkhead::builder("t")
        .clock(clock.clone())
        .build_shared_keyed()
        .unwrap();
    let limiters = RateLimiter::builder("t")
        .rate("1/h")
        .clock(clock.clone())
        .build_shared_keyed()
        .unwrap();
    for key in ["idle", "failed", "by-hand"] {
        drop((tenants.get(key), bulkheads.get(key), limiters.get(key)));
    }
    tenants.get("failed").try_acquire().unwrap().failure();
    apply(
        "[breaker.tenants]\nfailure_threshold = 7\n[bulkhead.t]\nmax_concurrent = 3\n[rate_limit.t]\nrate = \"2/h\"",
    );
    tenants
        .get("by-hand")
        .reconfigure(|now| now.failure_threshold(9))
        .unwrap();
    bulkheads.get("by-hand").set_max_concurrent(1).unwrap();
    limiters.get("failed").try_acquire_n(2).unwrap();
    clock.advance(Duration::from_secs(601));
    assert_eq!(
        (tenants.evict_idle(), tenants.keys()),
        (1, vec!["by-hand".to_owned(), "failed".to_owned()])
    );
    assert_eq!(
        (bulkheads.evict_idle(), bulkheads.keys()),
        (2, vec!["by-hand".to_owned()])
    );
    assert_eq!(
        (limiters.evict_idle(), limiters.keys()),
        (2, vec!["failed".to_owned()])
    );
    assert_eq!(threshold(&tenants.get("idle")), 7);
    apply("[breaker.tenants]\nfailure_threshold = 6");
    clock.advance(Duration::from_secs(601));
    assert_eq!(
        tenants.evict_idle(),
        2,
        "a change by hand ends with the settings that it replaced"
    );
    assert_eq!(tenants.keys(), ["failed"]);
}

#[test]
fn state_of_a_name_holds_the_circuits_of_all_its_keys_and_is_audited_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let audits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&audits);
    let _subscription = event::subscribe(move |event: &Event<'_>| {
        if let Event::Audit(audit) = event {
            seen.lock().unwrap().push(audit.operation.to_owned());
        }
    });
    let clock = ManualClock::new();
    let tenants = circuit_breakers()
        .get_or_create_keyed("tenants", |code| code.clock(clock.clone()))
        .unwrap();
    let (acme, globex) = (tenants.get("acme"), tenants.get("globex"));
    apply("[breaker.tenants]\nstate = \"forced_open\"");
    let later = tenants.get("later");
    for breaker in [&acme, &globex, &later] {
        assert_eq!(breaker.state(), CircuitState::ForcedOpen);
        assert!(breaker.try_acquire().is_err());
    }
    globex.reset();
    drop((acme, globex, later));
    clock.advance(Duration::from_secs(601));
    assert_eq!(
        (tenants.evict_idle(), tenants.keys()),
        (2, vec!["globex".to_owned()]),
        "that one is another"
    );
    assert_eq!(tenants.get("acme").state(), CircuitState::ForcedOpen);
    apply("");
    assert_eq!(tenants.get("acme").state(), CircuitState::Closed);
    assert_eq!(tenants.get("new").state(), CircuitState::Closed);
    let expected = [
        "circuit breaker tenants: forced_open",
        "circuit breaker tenants: closed",
    ];
    assert_eq!(*audits.lock().unwrap(), expected);

    apply("[breaker.early]\nstate = \"disabled\"");
    let early = circuit_breakers()
        .get_or_create_keyed("early", |code| code)
        .unwrap();
    assert_eq!(early.get("a").state(), CircuitState::Disabled);
    assert_eq!(
        audits.lock().unwrap()[2..],
        ["circuit breaker early: disabled"]
    );
}

#[test]
fn file_that_does_not_fit_guards_by_key_changes_nothing() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let tenants = tenants(|code| code.count_window(50));
    let bulkhead = Bulkhead::builder("a").build_shared().unwrap();
    let acme = tenants.get("acme");
    let text = "[bulkhead.a]\nmax_concurrent = 3\n[breaker.tenants]\nmin_calls = 80";
    let err = ConfigFile::parse("gardefou.toml", text)
        .unwrap()
        .apply()
        .unwrap_err();
    assert_eq!(
        err.to_string(),
        "gardefou.toml:4:13: `min_calls` = 80: must be at most the calls that the window holds"
    );
    assert_eq!(
        (acme.config().min_calls, tenants.get("b").config().min_calls),
        (10, 10)
    );
    assert_eq!(bulkhead.config().max_concurrent, 16);
}

#[test]
fn guards_by_key_that_are_gone_are_not_changed() {
    let scope = Scope::new();
    let registry = {
        let _entered = scope.enter();
        let tenants = Bulkhead::builder("gone").build_shared_keyed().unwrap();
        drop(tenants.get("a"));
        assert_eq!(apply("[bulkhead.gone]\nmax_concurrent = 3"), 1);
        bulkheads().get_keyed("gone").map(|keyed| keyed.len())
    };
    assert_eq!(registry, Some(1));
    // Unnamed: in no registry, and not configured.
    let _entered = scope.enter();
    let own = Bulkhead::builder("own").build_keyed().unwrap();
    assert_eq!(
        apply("[bulkhead.own]\nmax_concurrent = 3"),
        1,
        "that of `gone` alone"
    );
    assert_eq!(own.get("a").config().max_concurrent, 16);
}

/// A clock that runs something at one of its readings: whatever reads it runs the user's code.
#[derive(Clone)]
struct Tripwire {
    clock: ManualClock,
    left: Arc<AtomicU32>,
    run: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Tripwire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tripwire")
    }
}

impl Clock for Tripwire {
    fn now(&self) -> Tick {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            (self.run)();
        }
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}

#[test]
fn guard_that_is_made_during_a_reload_has_the_new_settings() {
    // Whether the reload comes before, while, or after the guard is made.
    for reading in 1..=6 {
        for (key, max_keys) in [("acme", 10), ("second", 1)] {
            let scope = Scope::new();
            let _entered = scope.enter();
            let left = Arc::new(AtomicU32::new(0));
            let is_done = Arc::new(AtomicBool::new(false));
            let done = Arc::clone(&is_done);
            let clock = Tripwire {
                clock: ManualClock::new(),
                left: Arc::clone(&left),
                run: Arc::new(move || {
                    done.store(true, Ordering::Relaxed);
                    assert_eq!(apply("[breaker.tenants]\nfailure_threshold = 7"), 1);
                }),
            };
            let tenants = circuit_breakers()
                .get_or_create_keyed("tenants", |code| code.clock(clock).max_keys(max_keys))
                .unwrap();
            if max_keys == 1 {
                drop(tenants.get("first"));
            }
            left.store(reading, Ordering::Relaxed);
            let breaker = tenants.get(key);
            left.store(0, Ordering::Relaxed);
            if is_done.load(Ordering::Relaxed) {
                assert_eq!(threshold(&breaker), 7, "{key}: reading {reading}");
            }
            assert!(
                is_done.load(Ordering::Relaxed) || reading > 2,
                "{key}: reading {reading}"
            );
            for breaker in tenants.guards() {
                assert_eq!(
                    threshold(&breaker),
                    tenants.config().failure_threshold.unwrap()
                );
            }
        }
    }
}

#[test]
fn calls_by_key_on_several_threads_go_on_during_reloads() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let text = |n: u32| {
        format!(
            "[breaker.t]\nfailure_threshold = {n}\n[bulkhead.t]\nmax_concurrent = {n}\n[budget.t]\nburst = {n}\n\
             [rate_limit.t]\nrate = \"{n}000000/s\""
        )
    };
    let breakers = circuit_breakers()
        .get_or_create_keyed("t", |code| code.max_keys(50))
        .unwrap();
    let bulkheads = Bulkhead::builder("t")
        .max_keys(50)
        .build_shared_keyed()
        .unwrap();
    let limiters = RateLimiter::builder("t")
        .rate("1/s")
        .max_keys(50)
        .build_shared_keyed()
        .unwrap();
    let budgets = RetryBudget::builder()
        .name("t")
        .max_keys(50)
        .build_keyed()
        .unwrap();
    let is_over = AtomicBool::new(false);
    let calls = AtomicU32::new(0);
    std::thread::scope(|threads| {
        for thread in 0..2 {
            let (breakers, bulkheads, limiters, budgets) =
                (&breakers, &bulkheads, &limiters, &budgets);
            let (is_over, calls) = (&is_over, &calls);
            threads.spawn(move || {
                let mut n = thread;
                while !is_over.load(Ordering::Relaxed) {
                    // More keys than there is room for.
                    n = (n + 7) % 60;
                    let key = n;
                    let called: Result<(), gardefou::AppError> = breakers.get(&key).call(|| {
                        bulkheads
                            .get(&key)
                            .call(|| limiters.get(&key).call(|| Ok(())))
                    });
                    drop(called);
                    budgets.get(&key).deposit();
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for n in 0..100 {
            assert_eq!(apply(&text(n % 7 + 3)), 4);
        }
        while calls.load(Ordering::Relaxed) < 1000 {
            std::thread::yield_now();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let last = 99 % 7 + 3;
    assert!(
        breakers
            .guards()
            .iter()
            .all(|one| threshold(one) == last && one.state() == CircuitState::Closed)
    );
    for one in bulkheads.guards() {
        assert_eq!(
            (one.config().max_concurrent, one.snapshot().in_flight),
            (last, 0)
        );
        let slots: Vec<_> = (0..20).map_while(|_| one.try_acquire().ok()).collect();
        assert_eq!(slots.len() as u32, last);
    }
    assert!(
        limiters
            .guards()
            .iter()
            .all(|one| one.config().rate.count() == last * 1_000_000)
    );
    assert!(
        budgets
            .guards()
            .iter()
            .all(|one| one.config().burst == last)
    );
    assert!(breakers.guards().len() == 51 && budgets.guards().len() == 51);
}
