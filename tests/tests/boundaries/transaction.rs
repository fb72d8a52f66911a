//! `transaction_boundary!` in sync code.

use crate::support::{Observed, panics};
use gardefou::{
    AppError, ErrorCode, bail,
    boundary::{RollbackFailure, RollbackFailures, Transaction, TransactionBoundary, transaction},
    event::{Severity, TransactionOutcome},
    transaction_boundary,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

type Log = RefCell<Vec<String>>;

fn say(log: &Log, text: impl Into<String>) {
    log.borrow_mut().push(text.into());
}

#[test]
fn compensations_do_not_run_after_a_commit() {
    let observed = Observed::on("tx-commit");
    let result = transaction_boundary!(
        "tx-commit",
        on_error_callback = |_: &AppError| panic!("no error"),
        |tx| {
            tx.on_rollback("undo", || panic!("it was committed"));
            7
        }
    );
    assert_eq!(result.unwrap(), 7);
    assert_eq!(observed.ends(), [TransactionOutcome::Committed]);
}

#[test]
fn error_has_the_configured_level() {
    let observed = Observed::on("tx-level");
    let _: Result<u8, _> = transaction_boundary!(
        "tx-level",
        log_level = "critical",
        crate = ::gardefou,
        |_tx| { "x".parse::<u8>()? }
    );
    let _: Result<u8, _> = transaction_boundary!("tx-level", log_level = "warning", |_tx| {
        "x".parse::<u8>()?
    });
    let levels: Vec<_> = observed
        .errors()
        .into_iter()
        .map(|error| error.level)
        .collect();
    assert_eq!(levels, [Severity::Critical, Severity::Warning]);
}

#[test]
fn error_runs_compensations_in_reverse_order_and_then_the_callback() {
    let log = Log::default();
    let callback = |err: &AppError| say(&log, format!("callback {}", err.code()));
    let result: Result<u8, _> = transaction_boundary!(
        "tx-error",
        error_code = ErrorCode::DB_WRITE_ERROR,
        on_error_callback = callback,
        |tx| {
            for step in ["a", "b", "c"] {
                let log = &log;
                tx.on_rollback(format!("undo {step}"), move || say(log, step));
            }
            "x".parse::<u8>()?
        }
    );
    let err = result.unwrap_err();
    assert_eq!(log.into_inner(), ["c", "b", "a", "callback DB_WRITE_ERROR"]);
    assert_eq!(err.details()["rolled_back"], true);
    assert!(!err.details().contains_key("rollback_failures"));
}

#[test]
fn every_compensation_runs_even_if_others_fail() {
    let observed = Observed::on("tx-failing");
    let log = Log::default();
    let result: Result<(), _> = transaction_boundary!("tx-failing", |tx| {
        tx.on_rollback("first", || say(&log, "first"));
        tx.on_rollback("second", || {
            Err::<(), _>(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no database"))
        });
        tx.on_rollback("third", || panic!("third is broken"));
        tx.on_rollback("fourth", || say(&log, "fourth"));
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert_eq!(log.into_inner(), ["fourth", "first"]);

    let err = result.unwrap_err();
    assert!(
        err.is(ErrorCode::DB_WRITE_ERROR),
        "the error keeps its code"
    );
    let failures = err.downcast_ref::<RollbackFailures>().unwrap();
    let codes: Vec<_> = failures
        .iter()
        .map(|one| (one.compensation().to_owned(), one.error().code()))
        .collect();
    let expected = [
        ("third".to_owned(), ErrorCode::PANIC_ERROR),
        ("second".to_owned(), ErrorCode::DB_CONNECTION_ERROR),
    ];
    assert_eq!(codes, expected);
    assert_eq!(
        err.details()["rollback_failures"][1]["code_name"],
        "DB_CONNECTION_ERROR"
    );
    assert_eq!(
        err.details()["rollback_failures"][0]["compensation"],
        "third"
    );

    let reported: Vec<_> = observed
        .errors()
        .into_iter()
        .map(|reported| (reported.code, reported.level))
        .collect();
    let critical = Severity::Critical;
    let expected = [
        ("DB_WRITE_ERROR", Severity::Error),
        ("PANIC_ERROR", critical),
        ("DB_CONNECTION_ERROR", critical),
    ];
    assert_eq!(reported, expected);
}

#[test]
fn failing_callback_is_a_failure_of_the_rollback() {
    let result: Result<(), _> = transaction_boundary!(
        "tx-callback",
        on_error_callback = |err: &AppError| -> Result<(), String> {
            assert_eq!(
                err.details()["rolled_back"],
                false,
                "the callback sees what failed so far"
            );
            Err("no mail".to_owned())
        },
        |tx| {
            tx.on_rollback("undo", || Err::<(), _>("cannot"));
            bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
        }
    );
    let err = result.unwrap_err();
    let names: Vec<_> = err
        .downcast_ref::<RollbackFailures>()
        .unwrap()
        .iter()
        .map(RollbackFailure::compensation)
        .collect();
    assert_eq!(names, ["undo", "on_error_callback"]);
    assert_eq!(
        err.details()["rollback_failures"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn source_of_the_error_stays_in_its_chain_below_the_failures() {
    let result: Result<u8, _> = transaction_boundary!("tx-chain", |tx| {
        tx.on_rollback("undo", || Err::<(), _>("cannot"));
        "x".parse::<u8>()?
    });
    let err = result.unwrap_err();
    assert_eq!(err.to_string(), "invalid digit found in string");
    assert!(err.downcast_ref::<std::num::ParseIntError>().is_some());
}

#[test]
fn panic_runs_compensations_and_the_callback() {
    let observed = Observed::on("tx-panicked");
    let (undone, received) = (Cell::new(0), Cell::new(None));
    let panicked = panics(|| {
        let _: Result<(), _> = transaction_boundary!(
            "tx-panicked",
            on_error_callback = |err: &AppError| received.set(Some(err.code())),
            |tx| {
                tx.on_rollback("fails", || panic!("while unwinding"));
                tx.on_rollback("undo", || undone.set(undone.get() + 1));
                panic!("boom");
            }
        );
    });
    assert!(panicked, "the panic goes on");
    assert_eq!(
        (undone.get(), received.get()),
        (1, Some(ErrorCode::PANIC_ERROR))
    );
    assert_eq!(observed.ends(), [TransactionOutcome::RolledBack]);
    assert_eq!(observed.errors()[0].code, "PANIC_ERROR");
}

#[test]
fn caught_panic_is_an_error_after_the_rollback() {
    let undone = Cell::new(false);
    let result: Result<(), _> = transaction_boundary!("tx-caught", catch_panics = true, |tx| {
        tx.on_rollback("undo", || undone.set(true));
        panic!("boom");
    });
    assert!(undone.get());
    assert_eq!(
        result.unwrap_err().to_string(),
        "`tx-caught` panicked: boom"
    );
}

#[test]
fn return_ends_the_body_and_commits() {
    fn save(n: u32) -> Result<u32, AppError> {
        let saved = transaction_boundary!("tx-return", |tx| {
            tx.on_rollback("undo", || panic!("it was committed"));
            for i in 0.. {
                if i == n {
                    return i;
                }
                if i == 5 {
                    break;
                }
            }
            100
        })?;
        Ok(saved + 1)
    }
    assert_eq!((save(3).unwrap(), save(9).unwrap()), (4, 101));
    let nothing: Result<(), _> = transaction_boundary!("tx-return", |_tx| {
        if true {
            return;
        }
    });
    assert!(nothing.is_ok());
}

#[test]
fn state_is_stored_by_key_and_type() {
    let result = transaction_boundary!("tx-state", |tx| {
        tx.set("progress", 50);
        tx.set("names", vec!["a".to_owned()]);
        tx.set("progress", tx.get::<i32>("progress").unwrap_or(0) + 1);
        (
            tx.get::<i32>("progress"),
            tx.get::<u64>("progress"),
            tx.get::<Vec<String>>("names"),
            tx.get::<u8>("none"),
        )
    });
    assert_eq!(
        result.unwrap(),
        (Some(51), None, Some(vec!["a".to_owned()]), None)
    );
}

#[test]
fn compensations_borrow_and_need_not_be_send() {
    fn insert(tx: &Transaction<'_>, table: &Rc<RefCell<Vec<u32>>>, row: u32) {
        table.borrow_mut().push(row);
        let table = Rc::clone(table);
        tx.on_rollback("delete the row", move || {
            let _ = table.borrow_mut().pop();
        });
    }
    let table = Rc::new(RefCell::new(vec![1]));
    let borrowed = RefCell::new(0);
    let result: Result<(), _> = transaction_boundary!("tx-borrow", |tx| {
        insert(tx, &table, 2);
        insert(tx, &table, 3);
        *borrowed.borrow_mut() += 1;
        tx.on_rollback("count back", || *borrowed.borrow_mut() -= 1);
        assert_eq!((table.borrow().len(), *borrowed.borrow()), (3, 1));
        bail!(ErrorCode::DB_WRITE_ERROR);
    });
    assert!(result.is_err());
    assert_eq!((table.borrow().len(), *borrowed.borrow()), (1, 0));
}

#[test]
fn hidden_return_in_a_macro_rolls_back() {
    // A foreign macro whose `return` no rewriting reaches: it ends the body, whose type it has.
    macro_rules! leave {
        () => {
            return Err(AppError::new(ErrorCode::SYNC_ERROR, "left"))
        };
    }
    fn save(undone: &Cell<bool>) -> Result<(), AppError> {
        transaction_boundary!("tx-unseen", |tx| {
            tx.on_rollback("undo", || undone.set(true));
            if !undone.get() {
                leave!();
            }
        })
    }
    let observed = Observed::on("tx-unseen");
    let undone = Cell::new(false);
    assert!(save(&undone).unwrap_err().is(ErrorCode::SYNC_ERROR));
    assert!(undone.get());
    assert_eq!(observed.errors()[0].text, "left");
}

#[test]
fn panic_is_reported_with_its_text_at_the_users_place() {
    let observed = Observed::on("tx-panic-text");
    let received = RefCell::new(Vec::new());
    let line = Cell::new(0);
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        line.set(line!() + 1);
        let _: Result<(), _> = transaction_boundary!(
            "tx-panic-text",
            on_error_callback = |err: &AppError| received
                .borrow_mut()
                .push((err.to_string(), err.location().file())),
            |tx| {
                tx.on_rollback("undo", || ());
                panic!("no space at {}", std::hint::black_box(7));
            }
        );
    }))
    .unwrap_err();
    assert_eq!(
        payload.downcast_ref::<String>().map(String::as_str),
        Some("no space at 7"),
        "the panic is the user's"
    );
    let text = "`tx-panic-text` panicked: no space at 7";
    assert_eq!(*received.borrow(), [(text.to_owned(), file!())]);
    let reported = observed.errors();
    assert_eq!(
        (reported.len(), reported[0].text.as_str(), reported[0].level),
        (1, text, Severity::Critical)
    );
    let place = reported[0].location.unwrap();
    assert_eq!((place.file(), place.line()), (file!(), line.get()));
}

#[test]
fn panic_by_hand_is_reported_with_its_text_at_the_users_place() {
    let observed = Observed::on("tx-hand-panic");
    let panicked = panics(|| {
        let _ = transaction("tx-hand-panic", |_tx| -> Result<(), AppError> {
            panic!("boom")
        });
    });
    assert!(panicked);
    assert_eq!(observed.errors()[0].text, "`tx-hand-panic` panicked: boom");
    assert_eq!(observed.errors()[0].location.unwrap().file(), file!());
}

#[test]
fn failing_compensations_have_the_place_of_their_registration() {
    let observed = Observed::on("tx-located");
    let first = line!() + 2;
    let result: Result<(), _> = transaction_boundary!("tx-located", |tx| {
        tx.on_rollback("text", || Err::<(), _>("cannot"));
        tx.on_rollback("panic", || panic!("broken"));
        tx.on_rollback("own", || {
            Err::<(), _>(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no database"))
        });
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    let places = |errors: Vec<(&'static str, u32)>| {
        assert!(
            errors.iter().all(|(file, _)| *file == file!()),
            "{errors:?}"
        );
        errors
            .iter()
            .map(|(_, line)| line - first)
            .collect::<Vec<_>>()
    };
    let reported = observed
        .errors()
        .into_iter()
        .skip(1)
        .filter_map(|reported| reported.location);
    assert_eq!(
        places(reported.map(|place| (place.file(), place.line())).collect()),
        [2, 1, 0]
    );
    let err = result.unwrap_err();
    let failures = err.downcast_ref::<RollbackFailures>().unwrap();
    let own = failures.iter().map(|failure| failure.error().location());
    assert_eq!(
        places(own.map(|place| (place.file(), place.line())).collect()),
        [2, 1, 0]
    );
    let inner = failures
        .iter()
        .map(|failure| format!("{:#}", failure.error()))
        .collect::<Vec<_>>();
    assert!(inner[1].ends_with("`panic` panicked: broken"), "{inner:?}");
}

#[test]
fn error_and_event_have_the_number_of_compensations() {
    let observed = Observed::on("tx-counted");
    let result: Result<(), _> = transaction_boundary!("tx-counted", |tx| {
        tx.on_rollback("a", || ());
        tx.on_rollback("b", || Err::<(), _>("cannot"));
        tx.on_rollback("c", || ());
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert_eq!(result.unwrap_err().details()["compensations_run"], 3);
    let none: Result<u8, _> = transaction_boundary!("tx-counted", |_tx| { "x".parse::<u8>()? });
    assert_eq!(none.unwrap_err().details()["compensations_run"], 0);
    assert_eq!(observed.undone(), [(3, 1), (0, 0)]);
}

#[test]
fn failing_parent_runs_the_compensations_of_the_inner_transaction() {
    let observed = Observed::on("tx-parent-fails");
    let log = Log::default();
    let result: Result<(), _> = transaction_boundary!("tx-parent-fails", |tx| {
        tx.on_rollback("a", || say(&log, "a"));
        let paid = transaction_boundary!("tx-parent-fails-pay", parent = tx, |inner| {
            inner.on_rollback("b", || say(&log, "b"));
            inner.on_rollback("c", || say(&log, "c"));
            7
        })?;
        assert_eq!((paid, log.borrow().len()), (7, 0));
        tx.on_rollback("d", || say(&log, "d"));
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert_eq!(*log.borrow(), ["d", "c", "b", "a"]);
    assert_eq!(result.unwrap_err().details()["compensations_run"], 4);
    assert_eq!(
        observed.ends(),
        [
            TransactionOutcome::Committed,
            TransactionOutcome::RolledBack
        ]
    );
}

#[test]
fn no_compensation_runs_with_a_parent_that_commits() {
    let result = transaction_boundary!("tx-parent-commit", |tx| {
        transaction_boundary!("tx-parent-commit-inner", parent = tx, |inner| {
            inner.on_rollback("undo", || panic!("it was committed"));
        })?;
        1
    });
    assert_eq!(result.unwrap(), 1);
}

#[test]
fn failing_inner_transaction_runs_its_own_compensations_only() {
    let log = Log::default();
    let result = transaction_boundary!("tx-parent-inner", |tx| {
        tx.on_rollback("outer", || say(&log, "outer"));
        let inner: Result<u8, _> =
            transaction_boundary!("tx-parent-inner-1", parent = tx, |inner| {
                inner.on_rollback("inner", || say(&log, "inner"));
                "x".parse::<u8>()?
            });
        inner.is_err()
    });
    assert!(result.unwrap(), "the outer one goes on and commits");
    assert_eq!(*log.borrow(), ["inner"]);
}

#[test]
fn commit_of_an_inner_transaction_without_a_parent_is_final() {
    let log = Log::default();
    let result: Result<(), _> = transaction_boundary!("tx-final", |tx| {
        tx.on_rollback("outer", || say(&log, "outer"));
        transaction_boundary!("tx-final-inner", |inner| {
            inner.on_rollback("inner", || say(&log, "inner"));
        })?;
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert_eq!(*log.borrow(), ["outer"]);
    assert_eq!(result.unwrap_err().details()["compensations_run"], 1);
}

#[test]
fn three_levels_undo_in_the_reverse_order_of_registration() {
    let log = Log::default();
    let result = transaction("tx-severities", |tx| {
        tx.on_rollback("1", || say(&log, "1"));
        TransactionBoundary::new("tx-severities-2")
            .parent(tx)
            .call(|second| {
                second.on_rollback("2", || say(&log, "2"));
                TransactionBoundary::new("tx-severities-3")
                    .parent(second)
                    .call(|third| {
                        third.on_rollback("3", || say(&log, "3"));
                        Ok::<_, AppError>(())
                    })?;
                second.on_rollback("4", || say(&log, "4"));
                Ok::<_, AppError>(())
            })?;
        Err::<(), _>(AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"))
    });
    assert!(result.is_err());
    assert_eq!(*log.borrow(), ["4", "3", "2", "1"]);
}

#[test]
fn panic_in_an_inner_transaction_undoes_both() {
    let log = Log::default();
    let panicked = panics(|| {
        let _: Result<(), _> = transaction_boundary!("tx-both", |tx| {
            tx.on_rollback("outer", || say(&log, "outer"));
            transaction_boundary!("tx-both-inner", parent = tx, |inner| {
                inner.on_rollback("inner", || say(&log, "inner"));
                panic!("boom");
            })?;
        });
    });
    assert!(panicked);
    assert_eq!(*log.borrow(), ["inner", "outer"]);
}
