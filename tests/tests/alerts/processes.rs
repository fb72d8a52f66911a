//! Notifications of processes that end without a shutdown: kept when they are queued, and sent once by
//! the next process.

use super::*;
use gardefou::{
    alerts::CallbackChannel,
    boundary::error_boundary,
    error_monitor,
    monitor::{
        ErrorMonitor, MonitorConfig, RecordKind,
        journal::{Journal, Query},
    },
};
use gardefou_tests::testkit::{
    child::{self, Child, lines_of_all},
    journal::{Kind, Settings, files},
};
use std::{collections::HashSet, io::Write, path::Path, sync::mpsc, thread, time::Duration};

const QUEUED: usize = 50;
const LONG: Duration = Duration::from_secs(60);

fn open(kind: Kind, folder: &Path) -> Arc<dyn Journal> {
    kind.open(Settings::new(folder))
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Exit,
    Abort,
    Kill,
}

/// Runs in a child process: queues or delivers notifications, prints them, and ends as ordered.
#[test]
fn child_with_notifications() {
    let Some([kind, task, count, end, folder]) = child::orders() else {
        return;
    };
    error_monitor().set_journal(open(Kind::from_name(&kind), Path::new(&folder)));
    let print = |line: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{line}").unwrap();
        out.flush().unwrap();
    };
    let (began, begun) = mpsc::channel();
    // Delivers `count` notifications, and hangs with the next one.
    let answers = Mutex::new(if task == "queue" {
        0
    } else {
        count.parse::<usize>().unwrap()
    });
    let channel = CallbackChannel::new("ops", move |notification| {
        let is_answered = {
            let mut answers = answers.lock().unwrap();
            let is_answered = *answers > 0;
            *answers = answers.saturating_sub(1);
            is_answered
        };
        if !is_answered {
            began.send(()).unwrap();
            loop {
                thread::park();
            }
        }
        print(&format!("sent {}", notification.title));
        Ok(())
    });
    let alerts = start(
        AlertsConfig::builder()
            .channel(channel)
            .max_per_minute(10_000)
            .escalate_after(None),
    );
    if task == "queue" {
        for i in 0..count.parse().unwrap() {
            let failed: gardefou::Result<()> = error_boundary(&format!("queued {i}"), || {
                Err(AppError::new(ErrorCode::SYNC_ERROR, i.to_string()))
            });
            assert!(failed.is_err());
        }
        begun.recv_timeout(LONG).unwrap();
    } else if end == "Kill" {
        begun.recv_timeout(LONG).unwrap();
    } else {
        assert!(alerts.flush(LONG).in_time);
    }
    println!("\nready");
    match end.as_str() {
        "Exit" => std::process::exit(0),
        "Abort" => std::process::abort(),
        _ => loop {
            thread::park();
        },
    }
}

fn start_child(kind: Kind, task: &str, count: usize, end: End, folder: &Path) -> Child {
    let orders = format!("{kind:?} {task} {count} {end:?} {}", folder.display());
    Child::start("processes::child_with_notifications", orders)
}

/// Returns what a child sent until it was ready.
fn sent(child: &mut Child) -> Vec<String> {
    let lines = child.lines().take_while(|line| line != "ready");
    lines
        .filter_map(|line| line.strip_prefix("sent ").map(str::to_owned))
        .collect()
}

/// Queues notifications in a process that ends without delivering any.
fn queue_and_end(kind: Kind, end: End, folder: &Path) {
    let mut child = start_child(kind, "queue", QUEUED, end, folder);
    assert_eq!(sent(&mut child), [] as [String; 0]);
    if end == End::Kill {
        child.kill();
    }
    let status = child.wait();
    assert_eq!(status.success(), end == End::Exit);
}

/// Returns what a start in this process sends.
fn sent_here(kind: Kind, folder: &Path) -> Vec<String> {
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(open(kind, folder));
    let ops = Recorder::new("ops");
    let alerts = start(
        AlertsConfig::builder()
            .background(false)
            .channel(ops.clone())
            .monitor(monitor.clone()),
    );
    alerts.run();
    assert_eq!(alerts.status().lost, 0);
    drop(alerts);
    drop(monitor.take_journal());
    ops.received().into_iter().map(|(title, _)| title).collect()
}

fn expected() -> HashSet<String> {
    (0..QUEUED).map(|i| format!("SYNC_ERROR: {i}")).collect()
}

fn all_once(sent: Vec<String>) {
    assert_eq!(sent.len(), QUEUED, "{sent:?}");
    assert_eq!(sent.into_iter().collect::<HashSet<_>>(), expected());
}

fn claims(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_str().unwrap().starts_with("alerts-"))
        .count()
}

fn queued_ones_survive_the_end(kind: Kind) {
    let _alone = alone();
    for end in [End::Exit, End::Abort, End::Kill] {
        let folder = tempfile::tempdir().unwrap();
        queue_and_end(kind, end, folder.path());
        assert_eq!(claims(folder.path()), 1);
        all_once(sent_here(kind, folder.path()));
        assert_eq!(sent_here(kind, folder.path()), [] as [String; 0], "{end:?}");
        assert_eq!(
            claims(folder.path()),
            0,
            "what was taken over leaves nothing behind"
        );
    }
}

fn two_starts_at_once_send_each_once(kind: Kind) {
    let _alone = alone();
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        // Of two owners, so that each child can take one over.
        queue_and_end(kind, End::Kill, folder.path());
        queue_and_end(kind, End::Exit, folder.path());
        let children =
            [(); 2].map(|()| start_child(kind, "deliver", usize::MAX, End::Exit, folder.path()));
        let sent = lines_of_all(children, "sent ");
        assert_eq!(sent.len(), 2 * QUEUED);
        for title in expected() {
            assert_eq!(
                sent.iter().filter(|sent| **sent == title).count(),
                2,
                "{title}: {sent:?}"
            );
        }
        assert_eq!(sent_here(kind, folder.path()), [] as [String; 0]);
    }
}

fn what_a_living_process_has_is_left_to_it(kind: Kind) {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut child = start_child(kind, "queue", QUEUED, End::Kill, folder.path());
    assert_eq!(sent(&mut child), [] as [String; 0]);
    assert_eq!(
        sent_here(kind, folder.path()),
        [] as [String; 0],
        "its process is alive"
    );
    child.kill();
    all_once(sent_here(kind, folder.path()));
}

/// A notification that was taken over and not delivered is taken over again.
fn a_process_that_is_killed_while_it_takes_over_loses_and_repeats_nothing(kind: Kind) {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    queue_and_end(kind, End::Kill, folder.path());
    let mut child = start_child(kind, "deliver", 20, End::Kill, folder.path());
    let mut all = sent(&mut child);
    assert_eq!((all.len(), sent_here(kind, folder.path()).len()), (20, 0));
    child.kill();
    all.extend(sent_here(kind, folder.path()));
    all_once(all);
}

#[test]
fn queued_notifications_survive_exit_abort_and_kill() {
    queued_ones_survive_the_end(Kind::Files);
}

#[test]
fn processes_that_start_at_once_send_each_notification_once() {
    two_starts_at_once_send_each_once(Kind::Files);
}

#[test]
fn notifications_of_a_living_process_are_not_taken_over() {
    what_a_living_process_has_is_left_to_it(Kind::Files);
}

#[test]
fn killed_takeover_is_taken_over() {
    a_process_that_is_killed_while_it_takes_over_loses_and_repeats_nothing(Kind::Files);
}

mod in_a_database {
    use super::*;

    #[test]
    fn queued_notifications_survive_exit_abort_and_kill() {
        queued_ones_survive_the_end(Kind::Database);
    }

    #[test]
    fn processes_that_start_at_once_send_each_notification_once() {
        two_starts_at_once_send_each_once(Kind::Database);
    }

    #[test]
    fn notifications_of_a_living_process_are_not_taken_over() {
        what_a_living_process_has_is_left_to_it(Kind::Database);
    }

    #[test]
    fn killed_takeover_is_taken_over() {
        a_process_that_is_killed_while_it_takes_over_loses_and_repeats_nothing(Kind::Database);
    }
}

#[test]
fn start_touches_no_file_and_a_failing_journal_fails_no_notification() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    let open = |path: &Path| {
        monitor.set_journal(files(path, clock.clone()));
    };
    open(&path);
    let ops = Recorder::new("ops");
    let alerts = start(config(&clock).channel(ops.clone()).monitor(monitor.clone()));
    alerts.run();
    drop(alerts);
    assert!(!path.exists());

    std::fs::write(&path, "in the way of the folder").unwrap();
    open(&path);
    let alerts = start(config(&clock).channel(ops.clone()).monitor(monitor.clone()));
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    assert_eq!(
        (ops.received(), alerts.status().lost),
        (one("SYNC_ERROR: late"), 0)
    );
    drop(alerts);

    std::fs::remove_file(&path).unwrap();
    open(&path);
    let alerts = start(config(&clock).channel(ops.clone()).monitor(monitor.clone()));
    report(ErrorCode::SYNC_ERROR, "on time");
    alerts.run();
    let records = |kind| {
        monitor
            .query(&Query::new().kind(kind))
            .unwrap()
            .records
            .len()
    };
    assert_eq!(
        (records(RecordKind::Queued), records(RecordKind::Settled)),
        (1, 1)
    );
    assert_eq!(records(RecordKind::Undelivered), 0);
}
