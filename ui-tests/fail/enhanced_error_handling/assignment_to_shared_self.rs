//! Assignments through `&self`, with the compiler's own suggestion.

use gardefou::{AppError, enhanced_error_handling, retry, with_circuit_breaker};

type R = Result<(), AppError>;

struct Counter {
    count: u32,
    pair: (u32, u32),
}

impl Counter {
    #[enhanced_error_handling]
    fn handled(&self) -> R {
        self.count += 1;
        Ok(())
    }

    #[retry]
    #[with_circuit_breaker(name = "counter")]
    async fn tried(&self) -> R {
        if self.count == 1 || self.pair.0 >= 2 {
            self.pair.1 = 3;
        }
        Ok(())
    }

    // Comparisons, macro calls and functions with a `self` of their own are no assignments.
    #[retry]
    fn fine(&self) -> R {
        impl Counter {
            fn add(&mut self) {
                self.count <<= 1;
            }
        }
        let is_one = self.count == 1;
        assert!(is_one || self.count <= 1, "{}", self.pair.0 != 1);
        Ok(())
    }
}

fn main() {}
