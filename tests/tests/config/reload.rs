//! Reloads: guards in use get other settings, and keep their state.

use gardefou::{
    AppError, ErrorSystem,
    breaker::CircuitState,
    bulkhead::Bulkhead,
    circuit_breakers,
    event::{self, AuditOutcome, Event},
    hedge::{Hedge, HedgeDelay},
    rate_limit::{Rate, RateLimiter},
    retry::{Retry, RetryBudget},
    system::{ConfigFile, ReloadError},
    telemetry::{Histogram, Measured, histograms},
    testing::Scope,
    time::{ManualClock, SystemClock},
    timeout::Timeout,
};
use gardefou_tests::testkit::child::in_own_process;
use std::{
    fs,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

fn apply(text: &str) -> gardefou::system::Applied {
    ConfigFile::parse("gardefou.toml", text)
        .unwrap()
        .apply()
        .unwrap()
}

#[test]
fn open_circuit_stays_open_until_it_was_to_close() {
    let scope = Scope::new();
    let _entered = scope.enter();
    apply("[breaker.a]\nfailure_threshold = 1\nrecovery_timeout = 60");
    let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
    breaker.try_acquire().unwrap().failure();
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!(
        apply("[breaker.a]\nfailure_threshold = 9\nrecovery_timeout = 5").guards,
        1
    );
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!(breaker.snapshot().remaining, Some(Duration::from_secs(60)));
    assert_eq!(breaker.config().failure_threshold, Some(9));
}

#[test]
fn calls_are_timed_for_as_long_as_the_line_is_there() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
    let retry = Retry::builder().name("b").build().unwrap();
    let bulkhead = Bulkhead::builder("c").build_shared().unwrap();
    let timeout = Timeout::builder("d").limit(Duration::from_secs(1));
    let timeout = timeout.build().unwrap();
    let limiter = RateLimiter::builder("e").rate("100/s").build_shared();
    let limiter = limiter.unwrap();
    limiter.set_rate("7/s").unwrap();
    let timed = || {
        [
            breaker.config().timed,
            retry.config().timed,
            bulkhead.config().timed,
            timeout.is_timed(),
            limiter.config().timed,
        ]
    };
    let count = |measured| {
        let all = histograms();
        let of = all.iter().find(|it| it.measured() == measured);
        of.map(Histogram::count)
    };
    assert_eq!(timed(), [false; 5]);
    let before = bulkhead.try_acquire().unwrap();
    let applied = apply(
        "[breaker.a]\ntimed = true\n[retry.b]\ntimed = true\n[bulkhead.c]\ntimed = true\nadaptive = true\n[timeout.d]\ntimed = true\n[rate_limit.e]\ntimed = true",
    );
    assert_eq!((applied.guards, timed()), (5, [true; 5]));
    assert_eq!(count(Measured::BulkheadCalls), Some(0));
    drop(before);
    drop(bulkhead.try_acquire().unwrap());
    let during = bulkhead.try_acquire().unwrap();
    // Other settings leave it as it is.
    apply(
        "[breaker.a]\ntimed = true\n[retry.b]\ntimed = true\n[bulkhead.c]\ntimed = true\nadaptive = true\nmax = 30\n[timeout.d]\ntimed = true\n[rate_limit.e]\ntimed = true",
    );
    drop(bulkhead.try_acquire().unwrap());
    assert_eq!(
        count(Measured::BulkheadCalls),
        Some(2),
        "not the one from before"
    );
    breaker.try_acquire().unwrap().failure();
    assert_eq!(retry.call(|| Ok::<_, String>(3)), Ok(3));
    let limited = || {
        limiter
            .call(|| timeout.call(|| Ok::<_, AppError>(3)))
            .unwrap()
    };
    assert_eq!(limited(), 3);
    let counts = || [Measured::TimeoutCalls, Measured::RateLimiterCalls].map(count);
    assert_eq!(counts(), [Some(1); 2]);
    apply("[breaker.a]\ntimed = false");
    assert_eq!(timed(), [false; 5]);
    assert_eq!((limited(), counts()), (3, [Some(1); 2]));
    assert_eq!(limiter.config().rate, Rate::per_second(7), "as it was set");
    drop(during);
    drop(bulkhead.try_acquire().unwrap());
    assert_eq!(
        count(Measured::BulkheadCalls),
        Some(3),
        "the one that began before"
    );
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.consecutive_failures, 1, "the state is kept");
}

#[test]
fn counts_of_a_breaker_are_kept() {
    let scope = Scope::new();
    let _entered = scope.enter();
    apply("[breaker.a]\nwindow = \"10 calls\"\nfailure_threshold = 9\nfailure_rate = 1.0");
    let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
    (0..3).for_each(|_| breaker.try_acquire().unwrap().failure());
    apply("[breaker.a]\nwindow = \"20 calls\"\nfailure_threshold = 4\nfailure_rate = 1.0");
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.window_calls, snapshot.consecutive_failures),
        (3, 3)
    );
    breaker.try_acquire().unwrap().failure();
    assert_eq!(breaker.state(), CircuitState::Open, "the fourth in a row");
}

#[test]
fn settings_go_back_to_those_of_the_code_and_a_change_by_hand_stays_until_the_file_changes() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = circuit_breakers()
        .get_or_create("a", |code| code.failure_threshold(7))
        .unwrap();
    let threshold = || breaker.config().failure_threshold.unwrap();
    assert_eq!(apply("[breaker.a]\nfailure_threshold = 3").guards, 1);
    assert_eq!(threshold(), 3);
    breaker.reconfigure(|now| now.failure_threshold(4)).unwrap();
    assert_eq!(
        apply("# again\n[breaker.a]\nfailure_threshold = 3").guards,
        0
    );
    assert_eq!(threshold(), 4);
    assert_eq!(apply("").guards, 1);
    assert_eq!(threshold(), 7);
}

#[test]
fn circuit_is_held_for_as_long_as_the_line_is_there_and_both_changes_are_audited() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let audits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&audits);
    let _subscription = event::subscribe(move |event: &Event<'_>| {
        if let Event::Audit(audit) = event {
            seen.lock()
                .unwrap()
                .push((audit.operation.to_owned(), audit.outcome));
        }
    });
    apply("[breaker.early]\nstate = \"forced_open\"");
    let early = circuit_breakers()
        .get_or_create("early", |code| code)
        .unwrap();
    assert_eq!(early.state(), CircuitState::ForcedOpen);
    let late = circuit_breakers()
        .get_or_create("late", |code| code)
        .unwrap();
    apply("[breaker.late]\nstate = \"disabled\"");
    assert_eq!(
        (early.state(), late.state()),
        (CircuitState::Closed, CircuitState::Disabled)
    );
    late.force_open();
    apply("[breaker.late]\nstate = \"disabled\"\nfailure_threshold = 3");
    assert_eq!(
        late.state(),
        CircuitState::ForcedOpen,
        "by hand, and the line did not change"
    );
    let expected = [
        "circuit breaker early: forced_open",
        "circuit breaker early: closed",
        "circuit breaker late: disabled",
    ];
    let audits = audits.lock().unwrap();
    let mut operations: Vec<_> = audits.iter().map(|(operation, _)| &**operation).collect();
    operations[1..].sort_unstable();
    assert_eq!(operations, expected);
    assert!(
        audits
            .iter()
            .all(|(_, outcome)| *outcome == AuditOutcome::Succeeded)
    );
}

#[test]
fn calls_in_the_queue_of_a_bulkhead_wait_on_and_get_the_new_slots() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let limits = "[bulkhead.a]\nmax_wait = 60\nmax_queue = 4\nmax_concurrent = ";
    apply(&format!("{limits}1"));
    // On the clock of a scope a wait would be over at once.
    let builder = Bulkhead::builder("a").clock(SystemClock);
    let bulkhead = builder.build_shared().unwrap();
    let running = bulkhead.try_acquire().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _runtime = runtime.enter();
    let mut first = pin!(bulkhead.acquire_async());
    let mut second = pin!(bulkhead.acquire_async());
    let mut context = Context::from_waker(Waker::noop());
    let polled = first.as_mut().poll(&mut context);
    assert!(polled.is_pending(), "{polled:?}");
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert_eq!(bulkhead.snapshot().queued, 2);
    assert_eq!(apply(&format!("{limits}2")).guards, 1);
    let Poll::Ready(Ok(first)) = first.as_mut().poll(&mut context) else {
        panic!("the first in the queue has the new slot");
    };
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert_eq!(
        (bulkhead.snapshot().queued, bulkhead.snapshot().in_flight),
        (1, 2)
    );
    apply(&format!("{limits}1"));
    drop(first);
    assert!(
        second.as_mut().poll(&mut context).is_pending(),
        "one slot, which is taken"
    );
    drop(running);
    assert!(second.as_mut().poll(&mut context).is_ready());
}

#[test]
fn limiter_keeps_what_was_taken() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = ManualClock::new();
    apply("[rate_limit.a]\nrate = \"10/s\"");
    let limiter = RateLimiter::builder("a")
        .rate("1/s")
        .clock(clock.clone())
        .build_shared()
        .unwrap();
    limiter.try_acquire_n(10).unwrap();
    assert!(limiter.try_acquire().is_err());
    apply("[rate_limit.a]\nrate = \"100/s\"\nmax_wait = 1");
    let config = limiter.config();
    assert_eq!(
        (config.rate.count(), config.max_wait),
        (100, Duration::from_secs(1))
    );
    assert_eq!(limiter.snapshot().available, 90, "ten are still missing");
    limiter.try_acquire_n(90).unwrap();
    assert!(limiter.try_acquire().is_err());
    clock.advance(Duration::from_millis(50));
    limiter.try_acquire_n(5).unwrap();
    assert!(limiter.try_acquire().is_err());
}

#[test]
fn budget_keeps_what_was_withdrawn() {
    let scope = Scope::new();
    let _entered = scope.enter();
    apply("[budget.a]\nratio = 0\nfloor = 0\nburst = 10");
    let budget = RetryBudget::named("a").unwrap();
    assert!((0..6).all(|_| budget.try_withdraw()));
    apply("[budget.a]\nratio = 0\nfloor = 0\nburst = 8");
    assert_eq!(budget.config().burst, 8);
    assert_eq!((0..10).filter(|_| budget.try_withdraw()).count(), 2);
    apply("[budget.a]\nratio = 0\nfloor = 2\nburst = 8");
    assert_eq!(
        (0..10).filter(|_| budget.try_withdraw()).count(),
        2,
        "the floor"
    );
    apply("[budget.a]\nratio = 1\nfloor = 0\nburst = 8");
    budget.deposit();
    assert_eq!((0..10).filter(|_| budget.try_withdraw()).count(), 1);
}

#[test]
fn series_under_way_goes_on_by_the_new_settings() {
    let scope = Scope::new();
    let _entered = scope.enter();
    apply("[retry.a]\nmax_attempts = 2\njitter = false");
    let retry = Retry::builder()
        .name("a")
        .budget(false)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let calls = AtomicU32::new(0);
    let failed: Result<(), String> = retry.call(|| {
        if calls.fetch_add(1, Ordering::Relaxed) == 0 {
            apply("[retry.a]\nmax_attempts = 5\njitter = false");
        }
        Err("no".to_owned())
    });
    assert!(failed.is_err());
    assert_eq!(calls.load(Ordering::Relaxed), 5);
    assert_eq!(retry.clone().config().max_attempts.get(), 5);
    let fewer: Result<(), String> = retry.call(|| {
        if calls.fetch_add(1, Ordering::Relaxed) == 6 {
            apply("[retry.a]\nmax_attempts = 1");
        }
        Err("no".to_owned())
    });
    assert!(fewer.is_err());
    assert_eq!(
        calls.load(Ordering::Relaxed),
        7,
        "two calls, of which the second was one too many"
    );
}

/// How many attempts a series has, each of which takes two seconds, where the file changes during its
/// first one.
fn attempts_with(before: &str, during: &str) -> u32 {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = ManualClock::new();
    let file = |more: &str| {
        format!(
            "[retry.a]\nmax_attempts = 9\ninitial_delay = 1\nbackoff = \"constant\"\njitter = false\n{more}"
        )
    };
    apply(&file(before));
    let retry = Retry::builder()
        .name("a")
        .budget(false)
        .clock(clock.clone());
    let retry = retry.build().unwrap();
    let calls = AtomicU32::new(0);
    let failed: Result<(), String> = retry.call(|| {
        if calls.fetch_add(1, Ordering::Relaxed) == 0 {
            apply(&file(during));
        }
        clock.advance(Duration::from_secs(2));
        Err("no".to_owned())
    });
    assert!(failed.is_err());
    calls.load(Ordering::Relaxed)
}

#[test]
fn limit_on_the_whole_time_holds_in_a_series_under_way() {
    // Attempts end after 2, 5, 8, 11 s, and the next one begins a second later.
    assert_eq!(attempts_with("", ""), 9);
    assert_eq!(attempts_with("max_elapsed = 6", "max_elapsed = 6"), 3);
    assert_eq!(attempts_with("max_elapsed = 6", "max_elapsed = 9"), 4);
    assert_eq!(attempts_with("max_elapsed = 9", "max_elapsed = 3"), 2);
    assert_eq!(attempts_with("max_elapsed = 6", ""), 9, "ended");
    // Without a limit the beginning is not known: it counts from the end of the first attempt.
    assert_eq!(attempts_with("", "max_elapsed = 6"), 3);
    assert_eq!(attempts_with("", "max_elapsed = 7"), 4);
}

#[test]
fn limits_of_timeouts_and_hedges_change() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let second = Duration::from_secs(1);
    let timeout = Timeout::builder("a").limit(second).build().unwrap();
    let hedge = Hedge::builder("a").after(second).build().unwrap();
    assert_eq!(
        apply("[timeout.a]\nlimit = 9\n[hedge.a]\nquantile = 0.9\nmax_hedges = 2").guards,
        2
    );
    assert_eq!(timeout.limit(), 9 * second);
    assert_eq!(
        (hedge.config().delay, hedge.config().max_hedges),
        (HedgeDelay::Quantile(0.9), 2)
    );
    apply("");
    assert_eq!(
        (timeout.limit(), hedge.config().delay),
        (second, HedgeDelay::After(second))
    );
}

#[test]
fn file_that_does_not_fit_a_guard_in_use_changes_no_guard() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = circuit_breakers()
        .get_or_create("a", |code| code.count_window(50))
        .unwrap();
    let timeout = Timeout::builder("a")
        .limit(Duration::from_secs(1))
        .build()
        .unwrap();
    let text = "[timeout.a]\nlimit = 9\n[breaker.\"*\"]\nmin_calls = 80";
    let err = ConfigFile::parse("gardefou.toml", text)
        .unwrap()
        .apply()
        .unwrap_err();
    assert_eq!(
        err.to_string(),
        "gardefou.toml:4:13: `min_calls` = 80: must be at most the calls that the window holds"
    );
    assert_eq!(err.problems()[0].section, "breaker.a");
    assert_eq!(
        (timeout.limit(), breaker.config().min_calls),
        (Duration::from_secs(1), 10)
    );
    assert_eq!(
        Timeout::builder("a")
            .limit(Duration::from_secs(2))
            .build()
            .unwrap()
            .limit(),
        Duration::from_secs(2)
    );
}

#[test]
fn guard_that_is_gone_is_not_changed() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let timeout = Timeout::builder("a")
        .limit(Duration::from_secs(1))
        .build()
        .unwrap();
    let clone = timeout.clone();
    drop(timeout);
    assert_eq!(apply("[timeout.a]\nlimit = 9").guards, 1);
    drop(clone);
    assert_eq!(apply("[timeout.a]\nlimit = 8").guards, 0);
}

#[test]
fn calls_on_several_threads_go_on_during_reloads() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let text = |n: u32| {
        format!(
            "[breaker.\"*\"]\nfailure_threshold = {0}\n[bulkhead.\"*\"]\nmax_concurrent = {0}\n[rate_limit.\"*\"]
rate = \"{0}000000/s\"\n[retry.\"*\"]\nmax_attempts = {0}\n[timeout.\"*\"]\nlimit = {0}\n[budget.\"*\"]\nburst = {0}",
            n + 3
        )
    };
    apply(&text(0));
    let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
    let bulkhead = Bulkhead::builder("a").build_shared().unwrap();
    let limiter = RateLimiter::builder("a")
        .rate("1/s")
        .build_shared()
        .unwrap();
    let retry = Retry::builder().name("a").budget("a").build().unwrap();
    let timeout = Timeout::builder("a")
        .limit(Duration::from_secs(60))
        .build()
        .unwrap();
    let is_over = AtomicBool::new(false);
    let calls = AtomicU32::new(0);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let called: Result<(), AppError> = retry.call(|| {
                        breaker.call(|| bulkhead.call(|| limiter.call(|| timeout.call(|| Ok(())))))
                    });
                    // A limit of millions a second can still be met.
                    drop(called);
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for n in 0..200 {
            assert_eq!(apply(&text(n % 7 + 1)).guards, 6);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(calls.load(Ordering::Relaxed) > 0);
    let snapshot = breaker.snapshot();
    assert_eq!(
        (bulkhead.snapshot().in_flight, snapshot.state),
        (0, CircuitState::Closed)
    );
    assert_eq!(
        breaker.config().failure_threshold,
        Some(7),
        "of the last file: 199 % 7 + 1 + 3"
    );
    assert_eq!(bulkhead.config().max_concurrent, 7);
    let slots: Vec<_> = (0..9).map_while(|_| bulkhead.try_acquire().ok()).collect();
    assert_eq!(slots.len(), 7);
}

/// The name and the outcome of each audit event from now on.
fn audits() -> Arc<Mutex<Vec<(String, AuditOutcome)>>> {
    let audits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&audits);
    let subscription = event::subscribe(move |event: &Event<'_>| {
        if let Event::Audit(audit) = event {
            seen.lock()
                .unwrap()
                .push((audit.operation.to_owned(), audit.outcome));
        }
    });
    subscription.forever();
    audits
}

#[test]
fn system_reads_its_file_again_and_a_bad_one_changes_nothing() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        let write = |text: &str| fs::write(&path, text).unwrap();
        write("[breaker.a]\nfailure_threshold = 3\n[system]\nservice = \"orders\"");
        let system = ErrorSystem::builder()
            .service("code")
            .config_file(&path)
            .init()
            .unwrap();
        let breaker = circuit_breakers().get_or_create("a", |code| code).unwrap();
        let threshold = || breaker.config().failure_threshold.unwrap();
        assert_eq!(threshold(), 3);
        let audits = audits();
        let operation = format!("reload {}", path.display());

        let unchanged = system.reload().unwrap();
        assert!(!unchanged.changed && audits.lock().unwrap().is_empty());

        write("[breaker.a]\nfailure_threshold = 4\nwindow = 3\n[retry.a]\nmax_retries = -1");
        let Err(ReloadError::Invalid(err)) = system.reload() else {
            panic!("the file is wrong");
        };
        let lines: Vec<_> = err
            .problems()
            .iter()
            .map(|problem| problem.line.unwrap())
            .collect();
        assert_eq!((lines, threshold()), (vec![3, 5], 3));
        assert_eq!(
            *audits.lock().unwrap(),
            [(operation.clone(), AuditOutcome::Failed)]
        );

        write("[breaker.a]\nfailure_threshold = 4\n[system]\nservice = \"billing\"");
        let done = system.reload().unwrap();
        assert_eq!(
            (done.changed, done.guards, &*done.at_restart),
            (true, 1, &["system.service".to_owned()][..])
        );
        assert_eq!(threshold(), 4);
        assert_eq!(
            audits.lock().unwrap()[1],
            (operation.clone(), AuditOutcome::Succeeded)
        );

        fs::remove_file(&path).unwrap();
        let gone = system.reload().unwrap_err();
        assert_eq!((threshold(), audits.lock().unwrap().len()), (4, 3));
        assert!(format!("{gone:?}").contains("cannot be read"));
    });
}

#[test]
fn settings_of_the_system_come_from_code_file_and_environment_in_this_order() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        fs::write(
            &path,
            "[system]\nservice = \"file\"\nrelease = \"file\"\n[health]\nbackground = false",
        )
        .unwrap();
        let builder = ErrorSystem::builder().service("code").environment("code");
        let system = builder.config_file(&path).init().unwrap();
        gardefou::report(&AppError::new(gardefou::ErrorCode::SYNC_ERROR, "late"));
        let record = gardefou::error_monitor().stats().recent_errors[0].clone();
        let origin = record.origin.unwrap();
        assert_eq!(origin.service.as_deref(), Some("file"));
        assert_eq!(origin.release.as_deref(), Some("file"));
        assert_eq!(origin.environment.as_deref(), Some("code"));
        drop(system);
    });
}

#[test]
fn wrong_file_keeps_the_system_from_starting() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        fs::write(&path, "[breaker.a]\nfailure_threshold = 0").unwrap();
        let err = ErrorSystem::builder()
            .config_file(&path)
            .init()
            .unwrap_err();
        assert!(
            matches!(&err, gardefou::InitError::ConfigFile(err) if err.problems().len() == 1),
            "{err:?}"
        );
        let system = ErrorSystem::builder().init().unwrap();
        assert_eq!(system.reload(), Err(ReloadError::NoFile));
    });
}
