//! Each key with an invalid value.

use gardefou::{AppError, fallback};

type R<T> = Result<T, AppError>;

#[fallback(to = "text")]
fn value_of_wrong_type() -> R<u32> {
    Ok(1)
}

#[fallback(0, on = 3, span = on, crate = 3)]
fn predicate() -> R<u32> {
    Ok(1)
}

fn by_value(_: AppError) -> u32 {
    1
}

#[fallback(by_value)]
fn function_of_wrong_signature() -> R<u32> {
    Ok(1)
}

#[fallback(|_| "text")]
fn closure_of_wrong_type() -> R<u32> {
    Ok(1)
}

fn main() {}
