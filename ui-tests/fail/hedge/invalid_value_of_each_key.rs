//! A bad value of each key of `#[hedge]`.

use gardefou::{AppError, hedge};

type R<T> = Result<T, AppError>;

#[hedge(after = "soon", max_hedges = 11, budget = 3, name = "")]
async fn f() -> R<()> {
    Ok(())
}

#[hedge(quantile = 1.0, span = "yes", crate = 3)]
async fn g() -> R<()> {
    Ok(())
}

fn main() {}
