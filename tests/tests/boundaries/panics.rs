//! Panics that guards catch: critical, with the place of the panic, and once.

use crate::support::panics;
use gardefou::{
    AppError, ErrorCode,
    boundary::ErrorBoundary,
    enhanced_error_handling, error_boundary,
    event::Severity,
    monitor::{ErrorRecord, journal::Query},
    testing::Scope,
    transaction_boundary,
};

/// The records of panics in a scope, the oldest first.
fn records(scope: &Scope) -> Vec<ErrorRecord> {
    let mut all = scope
        .monitor()
        .query(&Query::new().code(ErrorCode::PANIC_ERROR))
        .expect("a page")
        .records;
    all.reverse();
    all
}

#[enhanced_error_handling(catch_panics = true)]
fn attribute() -> Result<(), AppError> {
    panic!("attribute")
}

#[enhanced_error_handling(catch_panics = true)]
async fn attribute_async() -> Result<(), AppError> {
    tokio::task::yield_now().await;
    panic!("attribute_async")
}

/// The line of the panic with this text in this file.
fn line_of(text: &str) -> u32 {
    let at = include_str!("panics.rs")
        .lines()
        .position(|line| line.contains(&format!("panic!(\"{text}\")")));
    at.expect("a panic with this text") as u32 + 1
}

#[tokio::test]
async fn place_level_and_group_are_those_of_the_panic_in_every_guard() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _ = attribute();
    let _ = attribute_async().await;
    let _ = error_boundary!("panics-block", catch_panics = true, {
        if std::hint::black_box(true) {
            panic!("block")
        }
    });
    let _ = error_boundary!("panics-async-block", catch_panics = true, async {
        tokio::task::yield_now().await;
        if std::hint::black_box(true) {
            panic!("async block")
        }
    });
    let _ = ErrorBoundary::new("panics-by-hand")
        .catch_panics(true)
        .call(|| -> Result<(), AppError> { panic!("by hand") });
    let _: Result<(), AppError> =
        transaction_boundary!("panics-transaction", catch_panics = true, |tx| {
            tx.on_rollback("undo", || -> () { panic!("compensation") });
            panic!("transaction")
        });
    let all = records(&scope);
    let texts = [
        "attribute",
        "attribute_async",
        "block",
        "async block",
        "by hand",
        "transaction",
        "compensation",
    ];
    assert_eq!(all.len(), texts.len(), "{all:#?}");
    for text in texts {
        let record = all
            .iter()
            .find(|record| {
                let shown = std::iter::once(&record.message).chain(&record.chain);
                shown
                    .clone()
                    .any(|shown| shown.ends_with(&format!("panicked: {text}")))
            })
            .unwrap_or_else(|| panic!("{text} in {all:#?}"));
        assert_eq!(record.level, Severity::Critical, "{text}");
        let place = format!("{}:{}:", file!(), line_of(text));
        assert!(
            record.details["place"]
                .as_str()
                .unwrap()
                .starts_with(&place),
            "{text}: {record:?}"
        );
        assert!(
            record.location.as_deref().unwrap().starts_with(&place),
            "{text}: {record:?}"
        );
        let same = all
            .iter()
            .filter(|other| other.fingerprint == record.fingerprint)
            .count();
        assert_eq!(same, 1, "{text} is a problem of its own");
    }
}

#[test]
fn panic_that_passes_several_guards_is_recorded_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let transaction = || -> Result<(), AppError> {
        transaction_boundary!("panics-outer", |_tx| {
            let inner: Result<(), AppError> = transaction_boundary!("panics-inner", |tx| {
                tx.on_rollback("undo", || {});
                panic!("in two transactions")
            });
            inner?;
        })
    };
    let caught = error_boundary!("panics-around", catch_panics = true, { transaction()? });
    let [record] = &records(&scope)[..] else {
        panic!("{:#?}", records(&scope))
    };
    assert_eq!(
        (record.operation.as_str(), record.id),
        ("panics-inner", caught.unwrap_err().id())
    );

    assert!(panics(|| drop(transaction())), "it goes on");
    assert_eq!(records(&scope).len(), 2, "another one");
}
