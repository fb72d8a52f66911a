//! `cargo bench -p gardefou-benches --bench limits`: fails where a circuit breaker costs more than it may.

use std::process::ExitCode;

fn main() -> ExitCode {
    if gardefou_benches::limits::hold() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
