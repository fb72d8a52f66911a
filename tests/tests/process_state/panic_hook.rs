//! Uncaught panics are errors.

use gardefou::{
    AppError, ErrorCode, ErrorSystem, enhanced_error_handling, error_monitor,
    event::Severity,
    monitor::{
        ErrorRecord,
        journal::{JournalConfig, Query},
    },
};
use gardefou_tests::testkit::child::in_own_process;
use std::{
    panic,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

#[enhanced_error_handling(catch_panics = true)]
fn caught() -> Result<(), AppError> {
    panic!("caught by an attribute")
}

fn panics() -> Vec<ErrorRecord> {
    let page = error_monitor()
        .query(&Query::default().code(ErrorCode::PANIC_ERROR))
        .unwrap();
    page.records
}

#[test]
fn uncaught_panic_is_recorded_once_while_the_system_runs() {
    in_own_process(|| {
        static PRINTED: AtomicU32 = AtomicU32::new(0);
        panic::set_hook(Box::new(|_| {
            PRINTED.fetch_add(1, Ordering::SeqCst);
        }));
        let folder = tempfile::tempdir().unwrap();
        let journal = JournalConfig::builder(folder.path()).background(false);
        let guard = ErrorSystem::builder()
            .journal(journal)
            .panic_hook(true)
            .init()
            .unwrap();

        let worker = thread::Builder::new().name("decoder".into());
        let line = line!() + 1;
        let fails = || -> bool { panic!("no such stream, password=hunter2") };
        assert!(worker.spawn(fails).unwrap().join().is_err());
        let records = panics();
        assert_eq!(records.len(), 1);
        assert_eq!(
            (records[0].level, records[0].operation.as_str()),
            (Severity::Critical, "panic")
        );
        assert!(
            records[0]
                .message
                .starts_with("the thread `decoder` panicked: no such stream"),
            "{:?}",
            records[0]
        );
        assert!(!records[0].message.contains("hunter2"));
        let place = records[0].details["place"].as_str().unwrap();
        assert!(place.contains(&format!("panic_hook.rs:{line}:")), "{place}");
        assert_eq!(
            records[0].location.as_deref(),
            Some(place),
            "not the library's own line"
        );
        assert!(
            records[0].component.ends_with("panic_hook.rs"),
            "{}",
            records[0].component
        );

        assert!(caught().is_err());
        let records = panics();
        assert_eq!(records.len(), 2, "once, by the attribute");
        assert_eq!(
            (records[0].level, records[0].operation.as_str()),
            (Severity::Critical, "caught")
        );
        assert!(
            records[0]
                .location
                .as_deref()
                .unwrap()
                .contains("panic_hook.rs:"),
            "{:?}",
            records[0]
        );
        assert_ne!(
            records[0].fingerprint, records[1].fingerprint,
            "two places, two problems"
        );
        assert_eq!(
            PRINTED.load(Ordering::SeqCst),
            2,
            "the hook before runs all the same"
        );

        let _ = gardefou::event::subscribe(|event: &gardefou::event::Event<'_>| {
            assert!(
                !matches!(event, gardefou::event::Event::Error(_)),
                "an observer that panics"
            );
        });
        assert!(thread::spawn(|| panic!("third")).join().is_err());
        assert_eq!(panics().len(), 3);

        drop(guard);
        assert!(thread::spawn(|| panic!("fourth")).join().is_err());
        assert_eq!(panics().len(), 3, "the hook rests with the system");
    });
}
