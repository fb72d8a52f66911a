//! A `return` and a last value of different types, and a last value of the wrong type, reported at
//! the body.

use gardefou::{AppError, transaction_boundary};

fn two_types() {
    let _ = transaction_boundary!("save", |tx| {
        if true {
            return "early";
        }
        1
    });
}

fn wrong_type() -> Result<u32, AppError> {
    transaction_boundary!("save", |tx| { "late" })
}

fn main() {}
