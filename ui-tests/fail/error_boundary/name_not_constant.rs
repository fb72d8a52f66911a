//! Names that are variables.

use gardefou::{AppError, ErrorCode, error_boundary, transaction_boundary};

type R<T> = Result<T, AppError>;

fn of_a_variable(name: &'static str) -> R<u32> {
    error_boundary!(name, error_code = ErrorCode::CONFIG_ERROR, { 1 })
}

fn of_a_method(name: String) -> R<u32> {
    error_boundary!(name.as_str(), { 1 })
}

fn of_a_field(names: &(&'static str, u8)) -> R<u32> {
    transaction_boundary!(names.0, |_| { 1 })
}

fn of_an_element(names: [&'static str; 1]) -> R<u32> {
    error_boundary!(names[0], { 1 })
}

fn main() {}
