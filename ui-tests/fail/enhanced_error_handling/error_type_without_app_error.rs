//! An error type that a caught panic cannot be converted into.

use gardefou::enhanced_error_handling;

#[enhanced_error_handling(catch_panics = true)]
fn f() -> Result<i32, E> {
    Ok(1)
}

struct E;

fn main() {}
