//! A check is called by gardefou, which keeps no promise to an unsafe function.

use gardefou::health_check;

#[health_check]
unsafe fn database() -> bool {
    true
}

fn main() {}
