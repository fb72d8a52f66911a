//! A returned future that is not built from an async block.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

fn other() -> impl Future<Output = R<i32>> {
    async { Ok(1) }
}

#[retry]
fn f() -> impl Future<Output = R<i32>> {
    other()
}

fn main() {}
