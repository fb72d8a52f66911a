//! Boundaries in boundaries, of both kinds.

use crate::support::Observed;
use gardefou::{
    AppError, ErrorCode, bail, error_boundary, event::TransactionOutcome, transaction_boundary,
};
use serde_json::json;

#[test]
fn each_question_mark_ends_in_its_own_boundary() {
    let result = error_boundary!("nested-outer", {
        let inner = error_boundary!("nested-inner", { "x".parse::<u8>()? }).unwrap_or(1);
        let second = error_boundary!("nested-inner", fallback = "2".parse::<u8>()?, {
            "y".parse::<u8>()?
        });
        inner + second + "3".parse::<u8>()?
    });
    assert_eq!(result.unwrap(), 6);
}

#[test]
fn jumps_pass_through_every_boundary_on_their_way() {
    fn find(rows: &[&str]) -> Result<Option<i32>, AppError> {
        let mut skipped = 0;
        for row in rows {
            error_boundary!("nested-jumps", {
                error_boundary!("nested-jumps-inner", {
                    match *row {
                        "" => {
                            skipped += 1;
                            continue;
                        }
                        "end" => break,
                        "found" => return Ok(Some(skipped)),
                        other => other.parse::<i32>()?,
                    };
                })?;
                skipped += 100;
            })?;
        }
        Ok(None)
    }
    assert_eq!(find(&["", "", "found"]).unwrap(), Some(2));
    assert_eq!(find(&["7", "", "found"]).unwrap(), Some(101));
    assert_eq!(find(&["", "end", "found"]).unwrap(), None);
    assert!(find(&["x", "found"]).is_err());
}

#[test]
fn jumps_pass_closures_inside_blocks_and_blocks_inside_closures() {
    fn run(word: &str) -> &str {
        let mut rounds = 0;
        loop {
            rounds += 1;
            let _ = error_boundary!("nested-forms", {
                let _ = error_boundary!("nested-forms-closure", catch_panics = true, {
                    let _ = error_boundary!("nested-forms-block", {
                        match word {
                            "return" => return "returned",
                            "break" => break "broken",
                            "panic" => panic!("contained"),
                            _ => (),
                        }
                    });
                });
            });
            if rounds == 2 {
                break "passed";
            }
        }
    }
    assert_eq!(
        ["return", "break", "panic", ""].map(run),
        ["returned", "broken", "passed", "passed"]
    );
}

#[test]
fn return_in_a_boundary_in_a_transaction_commits() {
    fn save(early: bool) -> Result<&'static str, AppError> {
        transaction_boundary!("nested-commit", |tx| {
            tx.on_rollback("never runs", || panic!("it was committed"));
            error_boundary!("nested-commit-inner", {
                if early {
                    return "early";
                }
            })?;
            "late"
        })
    }
    let observed = Observed::on("nested-commit");
    assert_eq!(
        (save(true).unwrap(), save(false).unwrap()),
        ("early", "late")
    );
    assert_eq!(observed.ends(), [TransactionOutcome::Committed; 2]);
    assert_eq!(observed.errors().len(), 0);
}

#[test]
fn inner_and_outer_transaction_each_undo_their_own_work() {
    let log = std::cell::RefCell::new(Vec::new());
    let result = transaction_boundary!(
        "nested-tx-outer",
        error_code = ErrorCode::SYNC_ERROR,
        |tx| {
            tx.on_rollback("outer", || log.borrow_mut().push("outer"));
            let inner = transaction_boundary!("nested-tx-inner", |tx| {
                tx.on_rollback("inner", || log.borrow_mut().push("inner"));
                if true {
                    bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
                }
            });
            log.borrow_mut().push("between");
            inner?;
        }
    );
    assert_eq!(log.into_inner(), ["inner", "between", "outer"]);
    assert!(result.unwrap_err().is(ErrorCode::DB_WRITE_ERROR));
}

#[test]
fn context_lists_the_crossed_boundaries_innermost_first() {
    let result = error_boundary!("nested-c", {
        error_boundary!("nested-b", {
            transaction_boundary!("nested-a", |_tx| { "x".parse::<u8>()? })?
        })?
    });
    let err = result.unwrap_err();
    assert_eq!(
        err.details()["context"],
        json!(["nested-a", "nested-b", "nested-c"])
    );
    assert!(format!("{err:?}").contains("nested-b"));
    assert_eq!(err.to_string(), "invalid digit found in string");
}

#[test]
fn context_detail_of_the_user_is_unchanged() {
    let result: Result<(), _> = error_boundary!("nested-own", {
        bail!(ErrorCode::SYNC_ERROR, "mine"; context = "mine");
    });
    assert_eq!(result.unwrap_err().details()["context"], "mine");
}
