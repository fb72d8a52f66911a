//! An error type that no rejection turns into.

use gardefou::rate_limit;

#[derive(Debug)]
struct Unrelated;

#[rate_limit("5/s")]
fn f() -> Result<u32, Unrelated> {
    Ok(1)
}

fn main() {}
