//! What the expansion depends on cannot stand in a constant.

use gardefou::health_check;

const SCOPE: &str = "internal";

#[health_check(scope = SCOPE, kind = SCOPE)]
fn database() -> bool {
    true
}

fn main() {}
