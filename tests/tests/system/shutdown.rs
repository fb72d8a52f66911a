//! Flush and shutdown while parts hang: in order, within the deadline, with an exact report.

use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    alerts::{AlertsConfig, AlertsConfigBuilder, CallbackChannel, Rule},
    boundary::transaction_async,
    health::{Check, FailureCategory, HealthConfig, Phase},
    health_check,
    monitor::{
        ErrorRecord, RecordKind,
        journal::{ErrorCounts, Journal, JournalError, JournalStatus, Page, Query},
    },
    time::{Clock, ManualClock, Tick},
};
use gardefou_tests::testkit::{lock::alone, poll::poll_once, wait::eventually};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, ThreadId},
    time::Duration,
};

/// How long a test waits for an event that is due at once; bounded, so that the test fails instead of
/// hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much time a flush or a shutdown has whose channel hangs: the quarter of it that the journal has is
/// enough on the slowest machine.
const AMPLE: Duration = Duration::from_secs(120);

/// The clock of alerts whose channel hangs. It moves on with each reading of the thread that it was
/// made on, so that the wait for the channel is soon over, and stands still for all other threads.
#[derive(Clone, Debug)]
struct Hurried {
    clock: ManualClock,
    by: ThreadId,
    is_standing: Arc<AtomicBool>,
}

impl Hurried {
    fn new() -> Self {
        Self {
            clock: ManualClock::new(),
            by: thread::current().id(),
            is_standing: Arc::default(),
        }
    }

    /// Makes it stand still for all threads, since the channel hangs no longer.
    fn stop(&self) {
        self.is_standing.store(true, Ordering::SeqCst);
    }
}

impl Clock for Hurried {
    fn now(&self) -> Tick {
        if thread::current().id() == self.by && !self.is_standing.load(Ordering::SeqCst) {
            self.clock.advance(AMPLE / 4);
        }
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}

/// Alerts on one channel, which may hang as long as it likes.
fn alerts(clock: &Hurried, channel: CallbackChannel, rule: Rule) -> AlertsConfigBuilder {
    AlertsConfig::builder()
        .clock(clock.clone())
        .delivery_timeout(Duration::from_secs(3600))
        .channel(channel)
        .rule(rule)
}

/// A journal that logs its calls, each with the phase of the program.
#[derive(Debug, Default)]
struct Logging(Mutex<Vec<(&'static str, Phase)>>);

impl Logging {
    fn log(&self, what: &'static str) {
        self.0.lock().unwrap().push((what, health_check().phase()));
    }

    fn records(&self) -> u64 {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|(what, _)| *what != "flush")
            .count() as u64
    }
}

impl Journal for Logging {
    fn append(&self, record: &ErrorRecord) -> Result<(), JournalError> {
        self.log(match record.kind {
            RecordKind::Health => "health",
            RecordKind::Queued => "queued",
            RecordKind::Undelivered => "undelivered",
            _ => "other",
        });
        Ok(())
    }

    fn query(&self, _: &Query) -> Result<Page, JournalError> {
        Ok(Page::new(Vec::new(), None))
    }

    fn counts(&self) -> Result<ErrorCounts, JournalError> {
        Ok(ErrorCounts::default())
    }

    fn flush(&self) -> Result<(), JournalError> {
        self.log("flush");
        Ok(())
    }

    fn status(&self) -> JournalStatus {
        let mut status = JournalStatus::default();
        status.written = self.records();
        status
    }
}

#[test]
fn hung_check_and_hung_channel_leave_the_journal_time() {
    let _turn = alone();
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let channel = CallbackChannel::new("hung-channel", move |_| {
        let _ = begin.send(());
        let _ = ended.lock().unwrap().recv();
        Ok(())
    });
    let journal = Arc::new(Logging::default());
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .alerts(alerts(
            &Hurried::new(),
            channel,
            Rule::health("health checks"),
        ))
        .journal_in(Arc::clone(&journal) as _)
        .shutdown_deadline(AMPLE)
        .init()
        .unwrap();
    let (_go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let hung = Check::dependency("hung-at-the-end", move || {
        may_go_on.lock().unwrap().recv().is_ok()
    });
    health_check()
        .register(hung.critical().timeout(Duration::from_millis(1)))
        .unwrap();
    let given_up = health_check().run_check("hung-at-the-end").unwrap();
    assert_eq!(given_up.category, Some(FailureCategory::Timeout));
    // Its notification is in delivery and does not arrive.
    begun.recv_timeout(PATIENCE).unwrap();

    let report = guard.shutdown();
    health_check().unregister("hung-at-the-end");
    let parts: Vec<_> = report
        .parts()
        .iter()
        .map(|part| (part.part, part.sent, part.kept, part.dropped, part.in_time))
        .collect();
    // The change of health, and the notification that is kept: when it is queued and when its
    // delivery is abandoned.
    let expected = [
        ("health", 0, 0, 1, true),
        ("alerts", 0, 1, 0, false),
        ("journal", 3, 0, 0, true),
    ];
    assert_eq!(parts, expected, "{report}");
    assert!(!report.is_clean());
    let order = [
        ("health", Phase::Started),
        ("queued", Phase::Started),
        ("undelivered", Phase::Stopping),
        ("flush", Phase::Stopping),
    ];
    assert_eq!(*journal.0.lock().unwrap(), order);
    // Its delivery is recorded all the same, and not in the journal of another test.
    drop(end);
    eventually(|| journal.records(), |records| *records == 4);
}

#[test]
fn flush_sends_and_writes_what_is_queued_and_leaves_everything_up() {
    let _turn = alone();
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let channel = CallbackChannel::new("slow-channel", move |notification| {
        begin.send(notification.title.clone()).unwrap();
        let _ = ended.lock().unwrap().recv();
        Ok(())
    });
    let (clock, journal) = (Hurried::new(), Arc::new(Logging::default()));
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .alerts(alerts(&clock, channel, Rule::immediate("errors")))
        .journal_in(Arc::clone(&journal) as _)
        .init()
        .unwrap();
    let flushes = || {
        journal
            .0
            .lock()
            .unwrap()
            .iter()
            .filter(|(what, _)| *what == "flush")
            .count()
    };
    gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "first"));
    begun.recv_timeout(PATIENCE).unwrap();
    let report = guard.flush(AMPLE);
    assert_eq!(
        report.part("alerts").map(|part| (part.sent, part.in_time)),
        Some((0, false)),
        "{report:?}"
    );
    assert_eq!(
        (report.part("journal").map(|part| part.in_time), flushes()),
        (Some(true), 1)
    );
    assert!(!report.is_clean());

    clock.stop();
    drop(end);
    let report = guard.flush(PATIENCE);
    assert_eq!(
        report.part("alerts").map(|part| (part.sent, part.in_time)),
        Some((1, true)),
        "{report:?}"
    );
    assert!(report.is_clean() && health_check().phase() == Phase::Started);
    gardefou::report(&AppError::new(ErrorCode::CONFIG_ERROR, "second"));
    assert_eq!(
        guard.flush(PATIENCE).part("alerts").map(|part| part.sent),
        Some(2)
    );
    assert_eq!((flushes(), guard.shutdown().is_clean()), (3, true));
}

#[test]
fn async_checks_that_block_their_threads_share_one_deadline() {
    // So many that a busy machine is not as late as they are one after the other.
    const CHECKS: u32 = 64;
    let _turn = alone();
    let deadline = Duration::from_millis(150);
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().concurrency(CHECKS as usize))
        .shutdown_deadline(deadline)
        .init()
        .unwrap();
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let ended = Arc::new(Mutex::new(ended));
    let names: Vec<_> = (0..CHECKS)
        .map(|i| format!("blocks-its-thread-{i}"))
        .collect();
    for name in &names {
        let (begin, ended) = (begin.clone(), Arc::clone(&ended));
        let check = move || {
            let (begin, ended) = (begin.clone(), Arc::clone(&ended));
            async move {
                let _ = begin.send(());
                ended.lock().unwrap().recv().is_ok()
            }
        };
        health_check().register_async_check(name, check).unwrap();
    }
    (0..CHECKS).for_each(|_| begun.recv_timeout(PATIENCE).unwrap());
    let report = guard.shutdown();
    drop(end);
    for name in &names {
        // Once it has returned it sends no event to another test.
        let _ = health_check().run_check(name);
        assert!(health_check().unregister(name));
    }
    assert!(
        report.elapsed() >= deadline && report.elapsed() < CHECKS / 2 * deadline,
        "{report}"
    );
    let health = report.part("health").unwrap();
    assert!(!health.in_time && !report.is_clean(), "{report}");
}

/// Drops a transaction whose one compensation awaits `released` and logs that it ran.
fn drop_a_transaction(
    released: tokio::sync::oneshot::Receiver<()>,
    log: &Arc<Mutex<Vec<&'static str>>>,
) {
    let log = Arc::clone(log);
    let mut call = Box::pin(transaction_async("shutdown-rollback", async move |tx| {
        tx.on_rollback_async("undo", async move || {
            let _ = released.await;
            // A shutdown that does not wait has ended by then.
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
            log.lock().unwrap().push("undone");
        });
        std::future::pending::<Result<(), AppError>>().await
    }));
    assert!(poll_once(call.as_mut()).is_pending());
}

#[test]
fn shutdown_waits_for_rollbacks_that_run_as_tasks() {
    let _alone = alone();
    let guard = gardefou::init_error_system().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let log = Arc::default();
    let (release, released) = tokio::sync::oneshot::channel();
    {
        let _entered = runtime.enter();
        drop_a_transaction(released, &log);
    }
    let (begins, has_begun) = mpsc::channel();
    let ours = Arc::clone(&log);
    let shutdown = thread::spawn(move || {
        begins.send(()).unwrap();
        let report = guard.shutdown();
        ours.lock().unwrap().push("down");
        report
    });
    has_begun.recv().unwrap();
    release.send(()).unwrap();
    let report = shutdown.join().unwrap();
    assert_eq!(*log.lock().unwrap(), ["undone", "down"]);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn shutdown_inside_a_current_thread_runtime_reports_pending_rollbacks() {
    let _alone = alone();
    let guard = gardefou::init_error_system().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let log = Arc::default();
    let report = runtime.block_on(async {
        let (release, released) = tokio::sync::oneshot::channel();
        drop_a_transaction(released, &log);
        release.send(()).unwrap();
        guard.shutdown()
    });
    let part = report.part("rollbacks").unwrap();
    assert_eq!((part.sent, part.dropped, part.in_time), (0, 1, false));
    assert!(!report.is_clean());
}
