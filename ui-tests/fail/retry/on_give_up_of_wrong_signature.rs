//! `on_give_up` with other arguments.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(on_give_up = |attempt: u32| println!("{attempt}"))]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}
