//! A transaction: compensations that run on an error, a panic or a dropped future.
//!
//! `cargo run -p gardefou-examples --example transaction`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example asserts and shows its results"
)]

use gardefou::{AppError, ErrorCode, Result, bail, transaction_boundary};
use std::cell::{Cell, RefCell};

/// Moves money between two accounts: both change, or neither.
fn transfer(from: &Cell<i64>, to: Option<&Cell<i64>>, amount: i64) -> Result<i64> {
    let report = |error: &AppError| println!("rolled back: {error}");
    transaction_boundary!("transfer", on_error_callback = report, |tx| {
        from.set(from.get() - amount);
        tx.on_rollback("credit the sender", || from.set(from.get() + amount));
        let Some(to) = to else {
            bail!(ErrorCode::DB_INTEGRITY_ERROR, "the account is closed");
        };
        to.set(to.get() + amount);
        from.get()
    })
}

fn main() -> Result<()> {
    let (from, to) = (Cell::new(100), Cell::new(0));
    assert_eq!(transfer(&from, Some(&to), 30)?, 70);

    let error = transfer(&from, None, 30).unwrap_err();
    assert_eq!(
        (from.get(), to.get()),
        (70, 30),
        "the sender was credited again"
    );
    assert_eq!(error.details()["rolled_back"], true);

    // Compensations run in the reverse order of their registration.
    let order = RefCell::new(Vec::new());
    let failed: Result<()> = transaction_boundary!("three-steps", |tx| {
        for step in 1..=3 {
            let order = &order;
            tx.on_rollback("undo a step", move || order.borrow_mut().push(step));
        }
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert!(failed.is_err());
    assert_eq!(order.take(), [3, 2, 1]);
    Ok(())
}
