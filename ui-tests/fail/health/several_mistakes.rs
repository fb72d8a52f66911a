//! Several mistakes, reported at once.

use gardefou::health_check;

#[health_check(nam = "database", criticality = "crticial", timeout = 0, failure_threshold = 0, kind = "liveliness")]
fn database<T>(pool: T) -> bool {
    let _ = pool;
    true
}

fn main() {}
