//! An unsafe function as a check.

use gardefou::health_check;

#[health_check]
unsafe fn database() -> bool {
    true
}

fn main() {}
