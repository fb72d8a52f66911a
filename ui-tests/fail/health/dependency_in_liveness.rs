//! A dependency as a liveness check, by hand.

use gardefou::health::Check;

fn main() {
    let _check = Check::dependency("database", || true).critical().liveness();
}
