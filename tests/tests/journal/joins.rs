//! Two lines of one record: errors inside attempts, which are settled later, and transitions, which
//! end later.

use super::*;
use gardefou::{
    monitor::{RecordKind, RecordState, journal::Journal},
    time::Timestamp,
};
use gardefou_tests::testkit::journal::Kind;
use std::time::Duration;

pub(super) fn record(
    state: RecordState,
    attempt: Option<(u32, u32)>,
    message: &str,
) -> ErrorRecord {
    let monitor = ErrorMonitor::new(
        MonitorConfig::builder()
            .clock(ManualClock::new())
            .build()
            .unwrap(),
    );
    fail(&monitor, ErrorCode::TIMEOUT_ERROR, message);
    let mut record = monitor.stats().recent_errors.remove(0);
    (record.state, record.attempt) = (state, attempt);
    record
}

pub(super) fn pending(message: &str) -> ErrorRecord {
    record(RecordState::Pending, Some((1, 3)), message)
}

pub(super) fn settled(pending: &ErrorRecord, state: RecordState) -> ErrorRecord {
    let mut record = pending.clone();
    record.state = state;
    record
}

pub(super) fn small(folder: &Path) -> Settings {
    settings(folder, &ManualClock::new()).max_segment_bytes(4096)
}

/// Every record that matches, page by page.
pub(super) fn found(journal: &dyn Journal, query: Query) -> Vec<(String, RecordState)> {
    let (mut query, mut records) = (query, Vec::new());
    loop {
        let page = journal.query(&query).unwrap();
        records.extend(
            page.records
                .into_iter()
                .map(|record| (record.message, record.state)),
        );
        match page.next {
            Some(next) => query = query.after(next),
            None => return records,
        }
    }
}

pub(super) fn messages(journal: &dyn Journal, query: Query) -> Vec<String> {
    found(journal, query)
        .into_iter()
        .map(|(message, _)| message)
        .collect()
}

#[test]
fn lines_of_one_error_are_one_record_in_its_last_state() {
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        let errors = ["retried", "failed", "open"].map(pending);
        for error in &errors {
            journal.append(error).unwrap();
            assert_eq!(journal.status().waiting, 0, "written at once");
        }
        journal
            .append(&record(RecordState::Error, None, "plain"))
            .unwrap();
        assert_eq!(
            messages(&*journal, Query::new()),
            ["plain", "open", "failed", "retried"],
            "{kind:?}"
        );
        assert_eq!(journal.counts().unwrap().total, 4);

        journal
            .append(&settled(&errors[0], RecordState::Retried))
            .unwrap();
        let mut failed = settled(&errors[1], RecordState::Error);
        failed.message = "failed for good".into();
        journal.append(&failed).unwrap();
        journal
            .append(&record(RecordState::Error, Some((3, 3)), "exhausted"))
            .unwrap();

        let standing = ["exhausted", "plain", "open", "failed for good"];
        let shown = found(&*journal, Query::new());
        assert_eq!(
            shown,
            standing.map(|message| (message.to_owned(), RecordState::Error)),
            "{kind:?}"
        );
        assert_eq!(
            messages(&*journal, Query::new().state(RecordState::Error)),
            standing
        );
        let with_retried = ["exhausted", "plain", "open", "failed for good", "retried"];
        assert_eq!(
            messages(&*journal, Query::new().include_retried()),
            with_retried
        );
        let of = |state| found(&*journal, Query::new().state(state));
        assert_eq!(
            of(RecordState::Retried),
            [("retried".to_owned(), RecordState::Retried)]
        );
        assert_eq!(
            of(RecordState::Pending),
            [("open".to_owned(), RecordState::Pending)]
        );
        assert_eq!(
            messages(&*journal, Query::new().id(errors[1].id)),
            ["failed for good"]
        );
        assert_eq!(messages(&*journal, Query::new().id(errors[0].id)), [""; 0]);
        assert_eq!(
            messages(&*journal, Query::new().text("for good").limit(1)),
            ["failed for good"]
        );
        assert_eq!(journal.count(&Query::new().limit(1)).unwrap(), 4);
        let counts = journal.counts().unwrap();
        assert_eq!(
            (counts.total, counts.by_code["TIMEOUT_ERROR"]),
            (4, 4),
            "{kind:?}"
        );
    }
}

#[test]
fn end_of_a_transition_replaces_its_beginning() {
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        let mut opened = record(RecordState::Error, None, "circuit opened");
        opened.kind = RecordKind::Transition;
        journal.append(&opened).unwrap();
        for i in 0..100 {
            journal
                .append(&record(RecordState::Error, None, &format!("error {i}")))
                .unwrap();
        }
        // Much later, in another file.
        let mut over = opened.clone();
        over.details.insert("rejected".into(), 17.into());
        over.timestamp = Timestamp::from_unix_millis(over.timestamp.as_unix_millis() + 86_400_000);
        journal.append(&over).unwrap();
        let page = journal
            .query(&Query::new().kind(RecordKind::Transition))
            .unwrap();
        assert_eq!(page.records.len(), 1, "{kind:?}");
        assert_eq!(page.records[0].details["rejected"], 17);
        assert_eq!(
            journal.counts().unwrap().total,
            100,
            "only errors are counted"
        );
    }
}

#[test]
pub(super) fn records_of_every_kind_are_kept_and_found_by_kind() {
    let kinds = [
        RecordKind::Error,
        RecordKind::Transition,
        RecordKind::Transaction,
        RecordKind::Rejection,
        RecordKind::Retry,
        RecordKind::Notification,
        RecordKind::Health,
        RecordKind::Audit,
    ];
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        for of in kinds {
            let mut record = record(RecordState::Error, None, of.name());
            record.kind = of;
            // The record of a retry has its attempts too.
            record.attempt = (of == RecordKind::Retry).then_some((2, 3));
            journal.append(&record).unwrap();
        }
        for of in kinds {
            assert_eq!(
                messages(&*journal, Query::new().kind(of)),
                [of.name()],
                "{kind:?}"
            );
        }
        assert_eq!(
            found(
                &*journal,
                Query::new()
                    .kind(RecordKind::Retry)
                    .state(RecordState::Pending)
            ),
            []
        );
        assert_eq!(journal.counts().unwrap().total, 1);
    }
}

/// An error is settled between two pages: the second page neither skips nor repeats it.
#[test]
pub(super) fn record_settled_between_two_pages_keeps_its_position() {
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        let open: Vec<_> = (0..10).map(|i| pending(&format!("{i}"))).collect();
        open.iter().for_each(|error| journal.append(error).unwrap());
        let (mut query, mut seen) = (Query::new().limit(2), Vec::new());
        for error in open.iter().rev() {
            let page = journal.query(&query).unwrap();
            seen.extend(page.records.into_iter().map(|record| record.message));
            journal.append(&settled(error, RecordState::Error)).unwrap();
            let Some(next) = page.next else { break };
            query = query.after(next);
        }
        assert_eq!(
            seen,
            ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"],
            "{kind:?}"
        );
    }
}

#[test]
fn errors_settled_after_their_files_are_removed_are_counted_once() {
    for kind in Kind::ALL {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let config = || {
            settings(folder.path(), &clock)
                .max_segment_bytes(4096)
                .max_bytes(32 * 1024)
        };
        let journal = kind.open(config());
        let (retried, failed, killed) = (pending("retried"), pending("failed"), pending("killed"));
        [&retried, &failed, &killed]
            .into_iter()
            .for_each(|error| journal.append(error).unwrap());
        for i in 0..500 {
            journal
                .append(&record(
                    RecordState::Error,
                    None,
                    &format!("error {i} {}", "x".repeat(200)),
                ))
                .unwrap();
        }
        kind.maintain(config());
        assert_eq!(
            found(&*journal, Query::new().text("killed")),
            [],
            "{kind:?}: its file is gone"
        );
        assert_eq!(journal.counts().unwrap().total, 503, "{kind:?}");
        journal
            .append(&settled(&retried, RecordState::Retried))
            .unwrap();
        journal
            .append(&settled(&failed, RecordState::Error))
            .unwrap();
        assert_eq!(journal.counts().unwrap().total, 502, "{kind:?}");
        for round in 0..2 {
            clock.advance(Duration::from_secs(7200));
            for i in 0..200 {
                journal
                    .append(&record(
                        RecordState::Error,
                        None,
                        &format!("{i} {}", "x".repeat(500)),
                    ))
                    .unwrap();
            }
            kind.maintain(config());
            assert_eq!(
                journal.counts().unwrap().total,
                702 + 200 * round,
                "{kind:?}"
            );
        }
    }
}
