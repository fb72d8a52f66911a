#![allow(unused)]

use gardefou::{AppError, with_circuit_breaker};

type R = Result<(), AppError>;

#[with_circuit_breaker(name = host)]
fn by_name(host: &'static str) -> R {
    drop(host);
    Ok(())
}

#[with_circuit_breaker(name = "db", failure_threshold = n, recovery_timeout = limits.recovery, slow_call = limits.slow())]
fn by_limits(n: u32, limits: Limits) -> R {
    Ok(())
}

#[derive(Clone, Copy)]
struct Limits {
    name: &'static str,
    recovery: std::time::Duration,
}

impl Limits {
    const THRESHOLD: u32 = 3;

    #[with_circuit_breaker(name = self.name, failure_threshold = Self::THRESHOLD)]
    fn call<const N: u32>(&self) -> R {
        Ok(())
    }

    #[with_circuit_breaker(name = "db", failure_threshold = N)]
    async fn generic<const N: u32>(&self) -> R {
        Ok(())
    }

    // A path that ends in the name of an argument is none.
    #[with_circuit_breaker(name = "db", failure_threshold = Limits::THRESHOLD, fallback = |_| again(n))]
    fn fine(n: u32) -> R {
        again(n)
    }
}

fn again(_: u32) -> R {
    Ok(())
}

fn main() {}
