//! In-memory journal of a scope.

use gardefou::{
    AppError, ErrorCode,
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{Journal, MemoryJournal, Query},
    },
    testing::Scope,
};
use std::sync::Arc;

#[test]
fn pages_are_newest_first_without_gaps_or_repeats() {
    let (journal, monitor) = (
        Arc::new(MemoryJournal::new()),
        ErrorMonitor::new(MonitorConfig::default()),
    );
    monitor.set_journal(journal.clone());
    for n in 0..7 {
        monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, format!("error {n}")));
    }
    let (mut query, mut seen) = (Query::new().limit(3), Vec::new());
    loop {
        let page = journal.query(&query).unwrap();
        seen.push(
            page.records
                .iter()
                .map(|record| record.message.clone())
                .collect::<Vec<_>>(),
        );
        let Some(next) = page.next else { break };
        query = query.after(next);
    }
    assert_eq!(
        seen,
        [
            vec!["error 6", "error 5", "error 4"],
            vec!["error 3", "error 2", "error 1"],
            vec!["error 0"]
        ]
    );
    assert_eq!(journal.count(&Query::new()).unwrap(), 7);
    assert_eq!(journal.counts().unwrap().by_code["SYNC_ERROR"], 7);
    assert_eq!(journal.status().written, 7);
}

#[test]
fn monitor_queries_the_journal_of_the_scope() {
    let scope = Scope::new();
    assert!(scope.run(crate::support::retried).is_err());
    let found = |query| scope.monitor().query(&query).unwrap().records.len();
    assert_eq!(found(Query::new()), 1);
    assert_eq!(found(Query::new().include_retried()), 3);
    assert_eq!(scope.monitor().counts().unwrap().total, 1);
}
