//! Checks that hang, panic, or are asked for by many at once.

use crate::support::{PATIENCE, block};
use gardefou::{
    event::{Event, Severity, subscribe},
    health::{
        Check, CheckReport, CheckResult, FailureCategory, Health, HealthConfig, Kind, Status,
    },
    time::{Clock, ManualClock, SharedClock, Tick},
};
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

fn with_clock(config: HealthConfig) -> (Health, ManualClock) {
    let clock = ManualClock::new();
    (
        Health::with_clock(config, SharedClock::new(clock.clone())).unwrap(),
        clock,
    )
}

/// A check that does not come back until it is told to, and says that it has begun.
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

/// One that never returns costs its own result and nothing else; it is given up once and not
/// started again while it hangs.
#[test]
fn a_hung_check_is_given_up_once_and_not_started_again_while_it_hangs() {
    let (health, clock) = with_clock(HealthConfig::default());
    let (hung, check) = hanging();
    health.register_check("hung", check).unwrap();
    let mover = clock.clone();
    // Its own limit is long, so that the time which it lets pass is the other's.
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
    // The run that was given up comes back on its own thread: from then on the check runs again.
    let report = std::iter::repeat_with(|| health.run_check("hung").unwrap())
        .find(|report| report.category != Some(FailureCategory::Hanging))
        .unwrap();
    assert!(report.passed());
    assert_eq!(report.hanging, None);
}

/// More hung checks than slots do not keep the others from running.
#[test]
fn hung_checks_hand_their_slots_on() {
    let (health, clock) = with_clock(
        HealthConfig::default()
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

/// The deadline of the whole holds where the limits of the checks would not.
#[test]
fn a_reply_comes_within_the_overall_deadline() {
    let (health, clock) = with_clock(HealthConfig::default());
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
    // The run itself is not over: its result still comes.
    hung.end.send(()).unwrap();
    hung.end.send(()).unwrap();
    assert!(health.run_check("hung").unwrap().passed());
}

/// A panic is a failure of that check alone.
#[test]
fn a_panic_is_a_result_and_the_others_run() {
    let health = Health::new(HealthConfig::default()).unwrap();
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

/// The runner's threads belong to no scope: observers of the process get the error.
#[test]
fn a_check_that_panics_is_a_critical_error_with_the_place_of_the_panic() {
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
    let health = Health::new(HealthConfig::default()).unwrap();
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

/// 20 checks of 100 ms, 8 at once, take 300 ms of virtual time.
#[tokio::test(start_paused = true)]
async fn twenty_checks_of_100_ms_take_three_rounds() {
    let health = Health::new(HealthConfig::default()).unwrap();
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

/// An async check that takes too long is dropped at its limit, and can run again at once.
#[tokio::test(start_paused = true)]
async fn an_async_check_is_cancelled_at_its_limit() {
    let health = Health::new(HealthConfig::default()).unwrap();
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

/// Who asks while a check runs shares its result; who asks within the time to live is answered from
/// memory.
#[tokio::test(start_paused = true)]
async fn a_thousand_concurrent_questions_run_each_check_once() {
    let health = Health::new(HealthConfig::default().background(false)).unwrap();
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
            health.probe(Kind::Readiness).status()
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

/// A blocking question from inside a current-thread runtime, whose tasks cannot move meanwhile, is
/// answered.
#[tokio::test]
async fn a_blocking_question_inside_a_runtime_does_not_wait_for_itself() {
    let health = Health::new(HealthConfig::default()).unwrap();
    health
        .register_async_check("async", || async {
            tokio::task::yield_now().await;
            CheckResult::pass()
        })
        .unwrap();
    assert!(health.run_check("async").unwrap().passed());
}

/// A check that was registered on a runtime which is gone runs on.
#[test]
fn an_async_check_outlives_the_runtime_that_it_was_registered_on() {
    let health = Health::new(HealthConfig::default()).unwrap();
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

/// Who asks while a run is being settled shares it, and who asks after it finds its result,
/// whatever the threads do.
#[test]
fn a_check_runs_once_however_many_threads_ask_at_once() {
    /// Lets others on wherever the registry looks at it, so that every order of the threads comes
    /// up.
    #[derive(Debug)]
    struct Polite;
    impl Clock for Polite {
        fn now(&self) -> Tick {
            (0..20).for_each(|_| std::thread::yield_now());
            Tick::ZERO // however slow the machine is, no result grows old
        }
        fn sleep(&self, _: Duration) {}
    }
    for _ in 0..100 {
        let config = HealthConfig::default().background(false);
        let health = Health::with_clock(config, SharedClock::new(Polite)).unwrap();
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

/// Checks that hang each time come after those that do not, which then have real results within the
/// deadline.
#[tokio::test(start_paused = true)]
async fn checks_that_took_too_long_come_last_the_next_time() {
    let config = HealthConfig::default()
        .timeout(Duration::from_millis(200))
        .deadline(Duration::from_millis(300));
    let health = Health::new(config.background(false)).unwrap();
    for i in 0..20 {
        health
            .register_async_check(format!("hangs-{i}"), std::future::pending::<bool>)
            .unwrap();
    }
    health
        .register_async_check("fine", || async { true })
        .unwrap();
    let _ = health.run_all_checks_async().await;
    // Those that had no slot by the deadline have their turn.
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

/// What listens to changes may itself ask for runs, of the same check too.
#[test]
fn a_listener_may_run_the_check_that_it_hears_of() {
    let health = Health::new(HealthConfig::default().concurrency(1).background(false)).unwrap();
    let again = health.clone();
    let (told, hears) = mpsc::channel();
    let subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Health(change) = event
            && change.check == "heard of"
        {
            told.send(again.run_check("heard of").unwrap().passed())
                .unwrap();
        }
    });
    health.register_check("heard of", || true).unwrap();
    assert!(health.run_check("heard of").unwrap().passed());
    assert_eq!(hears.try_recv(), Ok(true));
    drop(subscription);
}

/// The end of the program does not wait for async checks, and they do not outlive their runtime.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn async_checks_in_progress_end_with_the_program() {
    let health = Health::new(HealthConfig::default().background(false)).unwrap();
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
        "a second life ends in the same way"
    );
}

#[test]
fn of_twenty_sync_checks_eight_run_at_once() {
    let (health, _clock) = with_clock(HealthConfig::default());
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
    // Moved, so that the runs end where an assertion does not hold.
    let all = std::thread::scope(move |scope| {
        let run = scope.spawn(|| health.run_all_checks());
        (0..8).for_each(|_| blocked.wait());
        for begun in 9..=20 {
            blocked.let_one_go();
            blocked.wait();
            assert!(
                !blocked.has_another_begun(),
                "the {begun}th came, and one more"
            );
        }
        (0..8).for_each(|_| blocked.let_one_go());
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
fn sixteen_threads_that_ask_for_a_check_share_one_run() {
    /// A clock that stands still and tells when a thread has looked at it so often that it must be
    /// waiting for a run.
    #[derive(Debug)]
    struct Watched {
        looks: Mutex<HashMap<ThreadId, u32>>,
        waits: mpsc::Sender<()>,
    }
    impl Clock for Watched {
        fn now(&self) -> Tick {
            let mut looks = self.looks.lock().unwrap();
            let ours = looks.entry(std::thread::current().id()).or_default();
            *ours += 1;
            if *ours == 20 {
                let _ = self.waits.send(());
            }
            Tick::ZERO
        }
        fn sleep(&self, _: Duration) {}
    }
    let (waits, waiting) = mpsc::channel();
    let clock = SharedClock::new(Watched {
        looks: Mutex::default(),
        waits,
    });
    let health = Health::with_clock(HealthConfig::default().background(false), clock).unwrap();
    let (blocked, check) = block();
    health.register_check("blocked", check).unwrap();
    let health = &health;
    let reports: Vec<_> = std::thread::scope(move |scope| {
        let asked: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| health.run_check("blocked").unwrap()))
            .collect();
        (0..16).for_each(|_| waiting.recv_timeout(PATIENCE).unwrap());
        blocked.wait();
        blocked.let_one_go();
        assert!(!blocked.has_another_begun(), "it runs once");
        // Another run would fail now.
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
fn nothing_is_heard_of_a_check_that_was_removed_while_it_ran() {
    let (health, _clock) = with_clock(HealthConfig::default());
    let (told, hears) = mpsc::channel();
    let subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Health(change) = event
            && change.check.starts_with("removed")
        {
            let _ = told.send(change.check.to_owned());
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
            blocked.let_one_go();
            run.join().unwrap()
        });
        assert!(passed, "who waits has the result");
    }
    assert_eq!(hears.try_iter().collect::<Vec<_>>(), ["removed not at all"]);
    drop(subscription);
}
