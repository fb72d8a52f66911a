//! Each key with an invalid value.

use gardefou::{AppError, health_check};

type R<T> = Result<T, AppError>;

#[health_check(
    name = "",
    criticality = "high",
    scope = "outside",
    kind = "live",
    timeout = 0,
    period = "10",
    stale_after = -1,
    failure_threshold = 0,
    success_threshold = "1",
    group = 3,
    tag = "",
    crate = 3
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}
