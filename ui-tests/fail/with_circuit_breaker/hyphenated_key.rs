use gardefou::{AppError, with_circuit_breaker};

#[with_circuit_breaker(name = "db", failure-threshold = 3, recovery-timeout = "3s")]
fn f() -> Result<(), AppError> {
    Ok(())
}

fn main() {}
