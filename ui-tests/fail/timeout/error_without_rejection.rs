//! An error type that no rejection turns into.

use gardefou::timeout;

#[derive(Debug)]
struct Unrelated;

#[timeout("2s")]
fn f() -> Result<u32, Unrelated> {
    Ok(1)
}

fn main() {}
