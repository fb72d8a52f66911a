//! A borrow that lives shorter than the return type requires, reported at the value or the type, and
//! not at the attribute.

use gardefou::{AppError, enhanced_error_handling, log_sensitive_operations, retry, with_circuit_breaker};

type R<T> = Result<T, AppError>;

struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    #[with_circuit_breaker(name = "text")]
    async fn guarded(&self, other: &str) -> R<&'a str> {
        Ok(if other.is_empty() { self.0 } else { other })
    }

    #[retry]
    async fn tried<'b>(&self, other: &'b str) -> R<&'a str> {
        Ok(other)
    }

    #[enhanced_error_handling(rethrow = false, fallback = "")]
    async fn handled(&self, other: &str) -> R<&'a str> {
        Ok(other)
    }

    #[log_sensitive_operations("read")]
    async fn logged(&self, other: &str) -> R<&'a str> {
        Ok(other)
    }

    #[retry]
    fn at_once(&self, other: &str) -> R<&'a str> {
        Ok(other)
    }
}

fn main() {}
