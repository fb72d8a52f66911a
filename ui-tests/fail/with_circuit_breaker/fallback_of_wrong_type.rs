use gardefou::{AppError, enhanced_error_handling, retry_with_circuit_breaker, with_circuit_breaker};

type R = Result<u8, AppError>;

#[with_circuit_breaker(name = "db", fallback = |_| 3)]
fn guarded() -> R {
    Ok(1)
}

#[retry_with_circuit_breaker(name = "db", fallback = |_| 3)]
async fn tried() -> R {
    Ok(1)
}

#[enhanced_error_handling(rethrow = false, fallback = "3")]
fn handled() -> R {
    Ok(1)
}

fn main() {}
