//! A callback that returns a value, reported once at the callback.

use gardefou::{AppError, transaction_boundary};

fn count(_: &AppError) -> i32 {
    1
}

fn by_path() {
    let _ = transaction_boundary!("save", on_error_callback = count, |tx| { 1 });
}

fn by_closure() {
    let _ = transaction_boundary!("save", on_error_callback = |_| 1, |tx| { 1 });
}

fn main() {}
