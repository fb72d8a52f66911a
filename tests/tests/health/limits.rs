//! Checks that hang, panic, or are requested concurrently.

use crate::support::{PATIENCE, block};
use gardefou::{
    event::{Event, Severity, subscribe},
    health::{
        Check, CheckReport, CheckResult, FailureCategory, Health, HealthConfig,
        HealthConfigBuilder, ProbeKind, Status,
    },
    time::{Clock, ManualClock, Tick},
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::ThreadId,
    time::Duration,
};

fn with_clock(config: HealthConfigBuilder) -> (Health, ManualClock) {
    let clock = ManualClock::new();
    let config = config.clock(clock.clone());
    (Health::new(config.build().unwrap()), clock)
}

/// A check that signals that it has begun and blocks until it is released.
struct Hanging {
    begun: mpsc::Receiver<()>,
    end: mpsc::Sender<()>,
}

fn hanging() -> (Hanging, impl Fn() -> bool + Send + Sync) {
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    let ended = Mutex::new(ended);
    let check = move || {
        begin.send(()).unwrap();
        ended.lock().unwrap().recv().is_ok()
    };
    (Hanging { begun, end }, check)
}

#[test]
fn hung_check_is_abandoned_once_and_not_started_again_while_it_hangs() {
    let (health, clock) = with_clock(HealthConfig::builder());
    let (hung, check) = hanging();
    health.register_check("hung", check).unwrap();
    let mover = clock.clone();
    // Its own limit is long, so that advancing the clock exceeds only the limit of `hung`.
    let advance = Check::dependency("mover", move || mover.advance(Duration::from_secs(6)));
    health
        .register(advance.timeout(Duration::from_secs(600)))
        .unwrap();

    let all = health.run_all_checks();
    let report = all.check("hung").unwrap();
    assert_eq!(
        (report.status, report.category),
        (Status::Fail, Some(FailureCategory::Timeout))
    );
    assert!(all.check("mover").unwrap().passed());

    hung.begun.recv().unwrap();
    for _ in 0..3 {
        let again = health.run_check("hung").unwrap();
        assert_eq!(again.category, Some(FailureCategory::Hanging));
        assert_eq!(again.hanging, Some(Duration::from_secs(6)));
    }
    assert!(hung.begun.try_recv().is_err(), "it was not started again");
    let counts = health.health_status().check("hung").unwrap().counts;
    assert_eq!(
        (counts.abandoned, counts.timeouts, counts.failures),
        (1, 1, 4)
    );

    hung.end.send(()).unwrap();
    hung.end.send(()).unwrap();
    // The abandoned run returns on its own thread; from then on the check runs again.
    let report = std::iter::repeat_with(|| health.run_check("hung").unwrap())
        .find(|report| report.category != Some(FailureCategory::Hanging))
        .unwrap();
    assert!(report.passed());
    assert_eq!(report.hanging, None);
}

#[test]
fn hung_checks_free_their_slots_for_others() {
    let (health, clock) = with_clock(
        HealthConfig::builder()
            .concurrency(2)
            .deadline(Duration::from_secs(3600)),
    );
    let mut ends = Vec::new();
    for i in 0..2 {
        let (hung, check) = hanging();
        ends.push(hung);
        health.register_check(format!("hung-{i}"), check).unwrap();
    }
    health.register_check("healthy", || true).unwrap();
    let all = std::thread::scope(|scope| {
        let run = scope.spawn(|| health.run_all_checks());
        for hung in &ends {
            hung.begun.recv().unwrap();
        }
        clock.advance(Duration::from_secs(5));
        run.join().unwrap()
    });
    assert_eq!(
        all.passed().into_values().collect::<Vec<_>>(),
        [true, false, false]
    );
}

#[test]
fn overall_deadline_holds_where_the_limit_of_a_check_is_longer() {
    let (health, clock) = with_clock(HealthConfig::builder());
    let (hung, check) = hanging();
    health
        .register(Check::dependency("hung", check).timeout(Duration::from_secs(3600)))
        .unwrap();
    let all = std::thread::scope(|scope| {
        let run = scope.spawn(|| health.run_all_checks());
        hung.begun.recv().unwrap();
        clock.advance(Duration::from_secs(10));
        run.join().unwrap()
    });
    assert_eq!(
        all.check("hung").unwrap().category,
        Some(FailureCategory::Timeout)
    );
    // The run itself goes on, and its result still arrives.
    hung.end.send(()).unwrap();
    hung.end.send(()).unwrap();
    assert!(health.run_check("hung").unwrap().passed());
}

#[test]
fn panic_fails_its_own_check_alone() {
    let health = Health::default();
    health
        .register_check("bad", || -> bool { panic!("secret of the check") })
        .unwrap();
    health
        .register_async_check("bad-async", || async {
            if true {
                panic!("boom")
            }
        })
        .unwrap();
    health.register_check("good", || true).unwrap();
    for _ in 0..2 {
        let all = health.run_all_checks();
        assert_eq!(
            all.check("bad").unwrap().category,
            Some(FailureCategory::Panic)
        );
        assert_eq!(
            all.check("bad-async").unwrap().category,
            Some(FailureCategory::Panic)
        );
        assert!(all.check("good").unwrap().passed());
    }
    assert_eq!(
        health.health_status().check("bad").unwrap().counts.panics,
        2
    );
}

/// The threads of the pool belong to no scope: observers of the process get the error.
#[test]
fn panicking_check_is_a_critical_error_with_the_location_of_the_panic() {
    let (sink, records) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(Mutex::new(Vec::new())),
    );
    let _subscription = {
        let records = Arc::clone(&records);
        subscribe(move |event: &Event<'_>| {
            if let Event::Error(error) = event
                && error.operation.starts_with("panicking-")
            {
                records.lock().unwrap().extend(error.record());
            }
        })
    };
    let health = Health::default();
    let line = line!() + 1;
    let panics = || -> bool { panic!("boom") };
    health.register_check("panicking-sync", panics).unwrap();
    health
        .register_async_check("panicking-async", || async {
            assert_eq!(std::hint::black_box(1), 2, "boom");
        })
        .unwrap();
    for check in ["panicking-sync", "panicking-async"] {
        sink.lock()
            .unwrap()
            .push(health.run_check(check).unwrap().output.unwrap_or_default());
    }
    let records = records.lock().unwrap();
    let [sync, asynchronous] = &records[..] else {
        panic!("two records: {records:?}")
    };
    for record in [sync, asynchronous] {
        assert_eq!(
            (record.error_code.as_str(), record.level),
            ("PANIC_ERROR", Severity::Critical)
        );
        assert!(
            record.location.as_deref().unwrap().starts_with(file!()),
            "{record:?}"
        );
    }
    let place = format!("{}:{line}:", file!());
    assert!(
        sync.location.as_deref().unwrap().starts_with(&place),
        "{sync:?}"
    );
    assert_ne!(sync.fingerprint, asynchronous.fingerprint);
    assert!(
        sink.lock().unwrap()[0].starts_with(&format!("panicked at {place}")),
        "{sink:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn twenty_checks_of_100_ms_take_300_ms_with_eight_at_once() {
    let health = Health::default();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for i in 0..20 {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        let check = move || {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                true
            }
        };
        health
            .register_async_check(format!("check-{i}"), check)
            .unwrap();
    }
    let begin = tokio::time::Instant::now();
    let all = health.run_all_checks_async().await;
    let took = begin.elapsed();
    assert_eq!(all.status(), Status::Pass);
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_millis(400),
        "{took:?}"
    );
    assert_eq!(most.load(Ordering::SeqCst), 8);
}

#[tokio::test(start_paused = true)]
async fn async_check_is_cancelled_at_its_limit_and_can_run_again_at_once() {
    let health = Health::default();
    health
        .register_async_check("slow", || async { std::future::pending::<bool>().await })
        .unwrap();
    for round in 1..=2 {
        let begin = tokio::time::Instant::now();
        let report = health.run_check_async("slow").await.unwrap();
        assert_eq!(
            (report.category, report.hanging),
            (Some(FailureCategory::Timeout), None)
        );
        let took = begin.elapsed();
        assert!(
            took >= Duration::from_secs(5) && took < Duration::from_secs(6),
            "{took:?}"
        );
        assert_eq!(
            (report.counts.timeouts, report.counts.abandoned),
            (round, 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_callers_share_a_run_and_later_ones_its_cached_result() {
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    health.mark_started();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let check = move || {
        let counted = Arc::clone(&counted);
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            true
        }
    };
    health.register_async_check("database", check).unwrap();
    let ask = |i: u64| {
        let health = health.clone();
        async move {
            tokio::time::sleep(Duration::from_micros(900 * i)).await;
            health.refresh_async().await;
            health.probe(ProbeKind::Readiness).status()
        }
    };
    let tasks: Vec<_> = (0..1000).map(|i| tokio::spawn(ask(i))).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Status::Pass);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    health.refresh_async().await;
    assert_eq!(
        runs.load(Ordering::SeqCst),
        2,
        "past the time to live it runs again"
    );
}

/// The tasks of a current-thread runtime cannot run while its thread is blocked.
#[tokio::test]
async fn blocking_run_inside_a_runtime_does_not_deadlock() {
    let health = Health::default();
    health
        .register_async_check("async", || async {
            tokio::task::yield_now().await;
            CheckResult::pass()
        })
        .unwrap();
    assert!(health.run_check("async").unwrap().passed());
}

#[test]
fn async_check_outlives_the_runtime_that_it_was_registered_on() {
    let health = Health::default();
    let make = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = make();
    first.block_on(async {
        health
            .register_async_check("async", || async { true })
            .unwrap();
    });
    drop(first);
    assert!(
        make()
            .block_on(health.run_check_async("async"))
            .unwrap()
            .passed()
    );
    assert!(health.run_check("async").unwrap().passed());
}

/// A caller during a run shares it and a caller after it gets its result, in every interleaving.
#[test]
fn check_runs_once_however_many_threads_refresh_at_once() {
    /// Yields wherever the registry reads the clock, so that many interleavings occur; a few times,
    /// since each may take as long as another program lets it.
    #[derive(Debug)]
    struct Yielding;
    impl Clock for Yielding {
        fn now(&self) -> Tick {
            (0..4).for_each(|_| std::thread::yield_now());
            Tick::ZERO // no result ages, however slow the machine is
        }
        fn sleep(&self, _: Duration) {}
    }
    for _ in 0..100 {
        let config = HealthConfig::builder().background(false).clock(Yielding);
        let health = Health::new(config.build().unwrap());
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        health
            .register_check("database", move || {
                counted.fetch_add(1, Ordering::SeqCst) < 100
            })
            .unwrap();
        let start = std::sync::Barrier::new(6);
        std::thread::scope(|threads| {
            for _ in 0..6 {
                threads.spawn(|| {
                    start.wait();
                    (0..5).for_each(|_| assert_eq!(health.refresh().status(), Status::Pass));
                });
            }
        });
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn checks_that_timed_out_are_queued_after_the_others_the_next_time() {
    let config = HealthConfig::builder()
        .timeout(Duration::from_millis(200))
        .deadline(Duration::from_millis(300));
    let health = Health::new(config.background(false).build().unwrap());
    for i in 0..20 {
        health
            .register_async_check(format!("hangs-{i}"), std::future::pending::<bool>)
            .unwrap();
    }
    health
        .register_async_check("fine", || async { true })
        .unwrap();
    let _ = health.run_all_checks_async().await;
    // Runs that had no slot by the deadline get one.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(
        health
            .run_all_checks_async()
            .await
            .check("fine")
            .unwrap()
            .passed()
    );
}

#[test]
fn observer_may_run_the_check_that_it_is_called_for() {
    let health = Health::new(
        HealthConfig::builder()
            .concurrency(1)
            .background(false)
            .build()
            .unwrap(),
    );
    let again = health.clone();
    let (sender, passed) = mpsc::channel();
    let subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Health(change) = event
            && change.check == "observed"
        {
            sender
                .send(again.run_check("observed").unwrap().passed())
                .unwrap();
        }
    });
    health.register_check("observed", || true).unwrap();
    assert!(health.run_check("observed").unwrap().passed());
    assert_eq!(passed.try_recv(), Ok(true));
    drop(subscription);
}

#[tokio::test(start_paused = true)]
async fn async_check_that_has_not_been_polled_is_cancelled_when_the_program_stops() {
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    health
        .register_async_check("long", std::future::pending::<bool>)
        .unwrap();
    let mut run = Box::pin(health.run_check_async("long"));
    assert!(poll_once(run.as_mut()).is_pending());
    health.mark_stopping();
    let report = run.await.unwrap();
    assert_eq!(report.category, Some(FailureCategory::Cancelled));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn async_checks_in_progress_are_cancelled_when_the_program_stops() {
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    health.mark_started();
    let (begin, mut begun) = tokio::sync::mpsc::unbounded_channel();
    health
        .register_async_check("long", move || {
            let begin = begin.clone();
            async move {
                begin.send(()).unwrap();
                std::future::pending::<bool>().await
            }
        })
        .unwrap();
    let asked = health.clone();
    let run = tokio::spawn(async move { asked.run_check_async("long").await.unwrap() });
    begun.recv().await.unwrap();
    health.mark_stopping();
    let report = run.await.unwrap();
    assert_eq!(report.category, Some(FailureCategory::Cancelled));
    health.refresh_async().await;
    let known = health.health_status().check("long").cloned().unwrap();
    assert_eq!(
        (known.counts.results, known.category),
        (0, Some(FailureCategory::Unknown)),
        "neither recorded nor run"
    );
    health.mark_started();
    let asked = health.clone();
    let run = tokio::spawn(async move { asked.run_check_async("long").await.unwrap() });
    begun.recv().await.unwrap();
    health.mark_stopping();
    assert_eq!(
        run.await.unwrap().category,
        Some(FailureCategory::Cancelled),
        "also after a second start"
    );
}

#[test]
fn eight_of_twenty_sync_checks_run_at_once() {
    let (health, _clock) = with_clock(HealthConfig::builder());
    let (blocked, check) = block();
    let check = Arc::new(check);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for i in 0..20 {
        let (check, now, most) = (Arc::clone(&check), Arc::clone(&now), Arc::clone(&most));
        let counted = move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let passed = check();
            now.fetch_sub(1, Ordering::SeqCst);
            passed
        };
        health
            .register_check(format!("check-{i}"), counted)
            .unwrap();
    }
    let health = &health;
    // Moved, so that a failed assertion releases the runs.
    let all = std::thread::scope(move |scope| {
        let run = scope.spawn(|| health.run_all_checks());
        (0..8).for_each(|_| blocked.wait());
        for begun in 9..=20 {
            blocked.release_one();
            blocked.wait();
            assert!(
                !blocked.has_another_begun(),
                "the {begun}th began, and one more"
            );
        }
        (0..8).for_each(|_| blocked.release_one());
        run.join().unwrap()
    });
    assert!(
        all.checks().len() == 20
            && all
                .checks()
                .iter()
                .all(|check| check.status == Status::Pass),
        "{all:?}"
    );
    assert_eq!(
        (most.load(Ordering::SeqCst), now.load(Ordering::SeqCst)),
        (8, 0)
    );
}

#[test]
fn sixteen_threads_share_one_run_of_a_check() {
    /// A clock that stands still and signals when a thread has read it so often that it must be
    /// waiting for a run.
    #[derive(Debug)]
    struct Watched {
        reads: Mutex<HashMap<ThreadId, u32>>,
        waits: mpsc::Sender<()>,
    }
    impl Clock for Watched {
        fn now(&self) -> Tick {
            let mut reads = self.reads.lock().unwrap();
            let ours = reads.entry(std::thread::current().id()).or_default();
            *ours += 1;
            if *ours == 20 {
                let _ = self.waits.send(());
            }
            Tick::ZERO
        }
        fn sleep(&self, _: Duration) {}
    }
    let (waits, waiting) = mpsc::channel();
    let clock = Watched {
        reads: Mutex::default(),
        waits,
    };
    let config = HealthConfig::builder().background(false).clock(clock);
    let health = Health::new(config.build().unwrap());
    let (blocked, check) = block();
    health.register_check("blocked", check).unwrap();
    let health = &health;
    let reports: Vec<_> = std::thread::scope(move |scope| {
        let asked: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| health.run_check("blocked").unwrap()))
            .collect();
        (0..16).for_each(|_| waiting.recv_timeout(PATIENCE).unwrap());
        blocked.wait();
        blocked.release_one();
        assert!(!blocked.has_another_begun(), "it runs once");
        // A second run would fail now.
        drop(blocked);
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    assert!(reports.iter().all(CheckReport::passed));
    assert_eq!(
        health
            .health_status()
            .check("blocked")
            .unwrap()
            .counts
            .results,
        1
    );
}

#[test]
fn check_that_is_removed_while_it_runs_sends_no_event() {
    let (health, _clock) = with_clock(HealthConfig::builder());
    let (sender, changes) = mpsc::channel();
    let subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Health(change) = event
            && change.check.starts_with("removed")
        {
            let _ = sender.send(change.check.to_owned());
        }
    });
    let health = &health;
    for (name, is_removed) in [
        ("removed while it ran", true),
        ("removed not at all", false),
    ] {
        let (blocked, check) = block();
        health
            .register(Check::dependency(name, check).critical())
            .unwrap();
        let passed = std::thread::scope(move |scope| {
            let run = scope.spawn(move || health.run_check(name).unwrap().passed());
            blocked.wait();
            assert!(!is_removed || health.unregister(name));
            blocked.release_one();
            run.join().unwrap()
        });
        assert!(passed, "the waiting caller gets the result");
    }
    assert_eq!(
        changes.try_iter().collect::<Vec<_>>(),
        ["removed not at all"]
    );
    drop(subscription);
}
