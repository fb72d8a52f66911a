//! A dependency that is down does not come back by killing the process.

use gardefou::health::Check;

fn main() {
    let _check = Check::dependency("database", || true).critical().liveness();
}
