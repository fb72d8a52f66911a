//! `transaction_boundary!` in sync code.

use crate::support::{Ears, panics};
use gardefou::{
    AppError, ErrorCode, bail,
    boundary::{RollbackFailure, RollbackFailures, Transaction},
    event::{AlertLevel, TransactionOutcome},
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
fn after_a_commit_nothing_of_it_runs() {
    let ears = Ears::on("tx-commit");
    let result = transaction_boundary!("tx-commit", on_error_callback = |_: &AppError| panic!("no error"), |tx| {
        tx.on_rollback("undo", || panic!("it was committed"));
        7
    });
    assert_eq!(result.unwrap(), 7);
    assert_eq!(ears.ends(), [TransactionOutcome::Committed]);
}

#[test]
fn on_an_error_compensations_run_backwards_and_then_the_callback() {
    let log = Log::default();
    let callback = |err: &AppError| say(&log, format!("callback {}", err.code()));
    let result: Result<u8, _> =
        transaction_boundary!("tx-error", error_code = ErrorCode::DB_WRITE_ERROR, on_error_callback = callback, |tx| {
            for step in ["a", "b", "c"] {
                let log = &log;
                tx.on_rollback(format!("undo {step}"), move || say(log, step));
            }
            "x".parse::<u8>()?
        });
    let err = result.unwrap_err();
    assert_eq!(log.into_inner(), ["c", "b", "a", "callback DB_WRITE_ERROR"]);
    assert_eq!(err.details()["rolled_back"], true);
    assert!(!err.details().contains_key("rollback_failures"));
}

#[test]
fn every_compensation_runs_whatever_the_others_do() {
    let ears = Ears::on("tx-failing");
    let log = Log::default();
    let result: Result<(), _> = transaction_boundary!("tx-failing", |tx| {
        tx.on_rollback("first", || say(&log, "first"));
        tx.on_rollback("second", || Err::<(), _>(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no database")));
        tx.on_rollback("third", || panic!("third is broken"));
        tx.on_rollback("fourth", || say(&log, "fourth"));
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert_eq!(log.into_inner(), ["fourth", "first"]);

    let err = result.unwrap_err();
    assert!(err.is(ErrorCode::DB_WRITE_ERROR), "the error keeps its code");
    let failures = err.downcast_ref::<RollbackFailures>().unwrap();
    let codes: Vec<_> = failures.iter().map(|one| (one.compensation().to_owned(), one.error().code())).collect();
    let expected =
        [("third".to_owned(), ErrorCode::PANIC_ERROR), ("second".to_owned(), ErrorCode::DB_CONNECTION_ERROR)];
    assert_eq!(codes, expected);
    assert_eq!(err.details()["rollback_failures"][1]["code_name"], "DB_CONNECTION_ERROR");
    assert_eq!(err.details()["rollback_failures"][0]["compensation"], "third");

    let told: Vec<_> = ears.errors().into_iter().map(|told| (told.code, told.level)).collect();
    let critical = AlertLevel::Critical;
    let expected =
        [("DB_WRITE_ERROR", AlertLevel::Error), ("PANIC_ERROR", critical), ("DB_CONNECTION_ERROR", critical)];
    assert_eq!(told, expected);
}

#[test]
fn a_failing_callback_is_a_failure_of_the_rollback() {
    let result: Result<(), _> = transaction_boundary!(
        "tx-callback",
        on_error_callback = |err: &AppError| -> Result<(), String> {
            assert_eq!(err.details()["rolled_back"], false, "the callback sees what failed so far");
            Err("no mail".to_owned())
        },
        |tx| {
            tx.on_rollback("undo", || Err::<(), _>("cannot"));
            bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
        }
    );
    let err = result.unwrap_err();
    let names: Vec<_> =
        err.downcast_ref::<RollbackFailures>().unwrap().iter().map(RollbackFailure::compensation).collect();
    assert_eq!(names, ["undo", "on_error_callback"]);
    assert_eq!(err.details()["rollback_failures"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_source_of_the_error_stays_in_its_chain_below_the_failures() {
    let result: Result<u8, _> = transaction_boundary!("tx-chain", |tx| {
        tx.on_rollback("undo", || Err::<(), _>("cannot"));
        "x".parse::<u8>()?
    });
    let err = result.unwrap_err();
    assert_eq!(err.to_string(), "invalid digit found in string");
    assert!(err.downcast_ref::<std::num::ParseIntError>().is_some());
}

#[test]
fn on_a_panic_compensations_run_and_the_callback_hears_of_it() {
    let ears = Ears::on("tx-panic");
    let (undone, heard) = (Cell::new(0), Cell::new(None));
    let panicked = panics(|| {
        let _: Result<(), _> =
            transaction_boundary!("tx-panic", on_error_callback = |err: &AppError| heard.set(Some(err.code())), |tx| {
                tx.on_rollback("fails", || panic!("while unwinding"));
                tx.on_rollback("undo", || undone.set(undone.get() + 1));
                panic!("boom");
            });
    });
    assert!(panicked, "the panic goes on");
    assert_eq!((undone.get(), heard.get()), (1, Some(ErrorCode::PANIC_ERROR)));
    assert_eq!(ears.ends(), [TransactionOutcome::RolledBack]);
    assert_eq!(ears.errors()[0].code, "PANIC_ERROR");
}

#[test]
fn a_caught_panic_is_an_error_after_the_rollback() {
    let undone = Cell::new(false);
    let result: Result<(), _> = transaction_boundary!("tx-caught", catch_panics = true, |tx| {
        tx.on_rollback("undo", || undone.set(true));
        panic!("boom");
    });
    assert!(undone.get());
    assert_eq!(result.unwrap_err().to_string(), "`tx-caught` panicked: boom");
}

#[test]
fn a_return_ends_the_body_and_commits_wherever_it_stands() {
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
fn state_is_kept_by_key_and_type() {
    let result = transaction_boundary!("tx-state", |tx| {
        tx.set("progress", 50);
        tx.set("names", vec!["a".to_owned()]);
        tx.set("progress", tx.get::<i32>("progress").unwrap_or(0) + 1);
        (tx.get::<i32>("progress"), tx.get::<u64>("progress"), tx.get::<Vec<String>>("names"), tx.get::<u8>("none"))
    });
    assert_eq!(result.unwrap(), (Some(51), None, Some(vec!["a".to_owned()]), None));
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
fn a_macro_that_returns_unseen_rolls_back() {
    // A foreign macro whose `return` no rewriting sees: the guard is dropped without an end.
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
    let ears = Ears::on("tx-unseen");
    let undone = Cell::new(false);
    assert!(save(&undone).unwrap_err().is(ErrorCode::SYNC_ERROR));
    assert!(undone.get());
    assert_eq!(ears.errors()[0].text, "transaction `tx-unseen` was dropped before it ended");
}
