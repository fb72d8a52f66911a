//! Each key of `error_boundary!` and of `transaction_boundary!`.

use crate::prelude::*;
use gardefou::event::LogLevel;
use std::cell::Cell;

mod facade {
    pub(crate) use gardefou as core_gardefou;
}

const LOUD: LogLevel = LogLevel::Critical;

fn parse(text: &str) -> Result<i32, std::num::ParseIntError> {
    text.parse()
}

#[test]
fn every_key_of_an_error_boundary_has_an_effect() {
    let code = ErrorCode::ANALYSIS_DATA_ERROR;
    let coded = error_boundary!(
        "coded",
        error_code = ErrorCode::ANALYSIS_DATA_ERROR,
        log_level = LOUD,
        { parse("x")? }
    );
    assert!(coded.unwrap_err().is(code));
    let there = error_boundary!(
        "renamed",
        crate = facade::core_gardefou,
        log_level = "warn",
        { parse("7")? }
    );
    assert_eq!(there.unwrap(), 7);
    let gone = error_boundary!("gone", rethrow = false, { parse("x")? });
    assert_eq!(gone, None);
    let kept = error_boundary!("kept", rethrow = false, fallback = -1, { parse("x")? });
    assert_eq!(kept, -1);
    let caught = error_boundary!("caught", catch_panics = true, {
        [1, 2][parse("2")? as usize]
    });
    assert!(caught.unwrap_err().is(ErrorCode::PANIC_ERROR));
}

#[test]
fn every_key_of_a_transaction_has_an_effect() {
    let called = Cell::new(0);
    let count = |_: &AppError| called.set(called.get() + 1);
    let coded = transaction_boundary!(
        "coded",
        error_code = ErrorCode::DB_WRITE_ERROR,
        log_level = "critical",
        on_error_callback = count,
        crate = facade::core_gardefou,
        |tx| {
            tx.set("progress", 50);
            parse("x")?
        }
    );
    assert!(coded.unwrap_err().is(ErrorCode::DB_WRITE_ERROR));
    assert_eq!(called.get(), 1);

    let caught = transaction_boundary!("caught", catch_panics = true, log_level = LOUD, |_tx| {
        [1, 2][parse("2")? as usize]
    });
    assert!(caught.unwrap_err().is(ErrorCode::PANIC_ERROR));

    let undone = Cell::new(false);
    let outer: R<i32> = transaction_boundary!("outer", |tx| {
        let inner: R<()> = transaction_boundary!("inner", parent = tx, |tx| {
            tx.on_rollback("undo", || undone.set(true));
        });
        inner?;
        parse("x")?
    });
    outer.unwrap_err();
    assert!(undone.get(), "the inner one is a part of the outer one");
}
