//! A dependency as a liveness check, by the attribute.

use gardefou::health_check;

#[health_check(name = "database", kind = "liveness")]
fn database() -> bool {
    true
}

fn main() {}
