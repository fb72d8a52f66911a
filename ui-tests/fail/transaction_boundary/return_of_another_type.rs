//! A `return` and a last value of two types are told at the body, and a last value of the wrong
//! type as well.

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
