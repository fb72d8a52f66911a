//! An async body in a sync function, reported although it awaits nothing.

use gardefou::{AppError, error_boundary, transaction_boundary};

fn transaction() -> Result<u8, AppError> {
    transaction_boundary!("save", async |tx| {
        tx.set("step", 1);
        1
    })
}

fn boundary() -> Result<u8, AppError> {
    error_boundary!("save", catch_panics = true, async move { 1 })
}

fn main() {}
