//! A compensation that borrows for less than the outer transaction's lifetime.
use gardefou::transaction_boundary;
use std::cell::Cell;

fn main() {
    let _ = transaction_boundary!("order", |tx| {
        let paid = Cell::new(1);
        let _ = transaction_boundary!("pay", parent = tx, |inner| {
            inner.on_rollback("refund", || paid.set(0));
        });
        // Without a parent it is over by now.
        let _ = transaction_boundary!("note", |inner| {
            inner.on_rollback("forget", || paid.set(0));
        });
    });
}
