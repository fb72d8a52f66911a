//! Constants in place of strings that the expansion depends on.

use gardefou::health_check;

const SCOPE: &str = "internal";

#[health_check(scope = SCOPE, kind = SCOPE)]
fn database() -> bool {
    true
}

fn main() {}
