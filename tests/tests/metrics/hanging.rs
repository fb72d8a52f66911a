//! Scrapes beside a journal of the program whose status hangs.

use super::{opentelemetry::Collector, support::scrape};
use gardefou::{
    bulkhead::Bulkhead,
    error_monitor,
    event::Record,
    integrations::opentelemetry::observe,
    monitor::journal::{
        ErrorCounts, Journal, JournalError, JournalStatus, MemoryJournal, Page, Query,
    },
    testing::Scope,
};
use gardefou_tests::testkit::child::in_own_process;
use opentelemetry::metrics::MeterProvider;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc::{Receiver, Sender, channel},
};

/// A journal whose status blocks until the other end of a channel is dropped, once it is to hang.
#[derive(Debug)]
struct Hanging {
    hangs: AtomicBool,
    asked: AtomicU64,
    released: Mutex<Receiver<()>>,
}

impl Hanging {
    fn new(hangs: bool) -> (Arc<Self>, Sender<()>) {
        let (release, released) = channel();
        let journal = Self {
            hangs: hangs.into(),
            asked: AtomicU64::new(0),
            released: Mutex::new(released),
        };
        (Arc::new(journal), release)
    }
}

impl Journal for Hanging {
    fn append(&self, _: &Record) -> Result<(), JournalError> {
        Ok(())
    }

    fn query(&self, _: &Query) -> Result<Page, JournalError> {
        Ok(Page::new(Vec::new(), None))
    }

    fn counts(&self) -> Result<ErrorCounts, JournalError> {
        Ok(ErrorCounts::default())
    }

    fn flush(&self) -> Result<(), JournalError> {
        Ok(())
    }

    fn status(&self) -> JournalStatus {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.hangs.load(Ordering::Relaxed) {
            let _ = self.released.lock().unwrap().recv();
        }
        let mut status = JournalStatus::default();
        status.written = 5;
        status
    }
}

const WRITTEN: &str = r#"gardefou_journal_records_total{outcome="written"}"#;
const HEALTHY: &str = "gardefou_journal_healthy";
const ADMITTED: &str = r#"gardefou_bulkhead_calls_total{name="reports",outcome="admitted"}"#;

/// It would never end if a scrape waited for the journal.
#[test]
fn scrapes_of_the_facade_go_on_while_the_status_of_a_journal_hangs() {
    Scope::new().run(|| {
        let reports = Bulkhead::builder("reports").build_shared().unwrap();
        let (journal, release) = Hanging::new(false);
        error_monitor().set_journal(journal.clone());
        let page = scrape();
        assert_eq!((page.value(WRITTEN), page.value(HEALTHY)), (5., 1.));

        journal.hangs.store(true, Ordering::Relaxed);
        for admitted in 1..=3 {
            drop(reports.try_acquire().unwrap());
            let page = scrape();
            assert_eq!(page.value(ADMITTED), f64::from(admitted));
            // What is known still, of a journal that does not answer.
            assert_eq!((page.value(WRITTEN), page.value(HEALTHY)), (5., 0.));
        }
        assert_eq!(journal.asked.load(Ordering::Relaxed), 2, "it hangs once");

        // Another journal is read although the former one hangs.
        error_monitor().set_journal(Arc::new(MemoryJournal::new()));
        assert_eq!(scrape().value(HEALTHY), 1.);
        drop(release);
    });
}

/// In a process of its own: the thread of a reader is in no test scope.
#[test]
fn collections_of_opentelemetry_go_on_while_the_status_of_a_journal_hangs() {
    in_own_process(|| {
        let (journal, release) = Hanging::new(true);
        error_monitor().set_journal(journal.clone());
        Bulkhead::builder("reports").build_shared().unwrap();
        let collector = Collector::new();
        let _observing = observe(&collector.provider.meter("gardefou"));
        for _ in 0..2 {
            let all = collector.collect();
            assert!(all.contains_key("gardefou.bulkhead.calls"));
            let (.., healthy) = &all["gardefou.journal.healthy"];
            assert_eq!(healthy.values().collect::<Vec<_>>(), [&0.]);
        }
        assert_eq!(journal.asked.load(Ordering::Relaxed), 1);
        drop(release);
    });
}
