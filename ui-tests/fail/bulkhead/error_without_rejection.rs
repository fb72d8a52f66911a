//! An error type that no rejection turns into.

use gardefou::bulkhead;

#[derive(Debug)]
struct Unrelated;

#[bulkhead(max_concurrent = 4)]
async fn f() -> Result<u32, Unrelated> {
    Ok(1)
}

fn main() {}
