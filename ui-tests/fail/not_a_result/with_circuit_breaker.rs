//! Types that are not a `Result` under any name, reported once for each function.

use gardefou::with_circuit_breaker;

struct Answer;

type Alias = Answer;

enum Either {
    Left,
}

trait Makes {
    type Made;

    fn made() -> Self::Made;
}

impl Makes for Answer {
    type Made = u32;

    #[with_circuit_breaker(name = "db")]
    fn made() -> Self::Made {
        1
    }
}

#[with_circuit_breaker(name = "db")]
fn own() -> Answer {
    Answer
}

#[with_circuit_breaker(name = "db")]
async fn alias(text: String) -> Alias {
    drop(text);
    Answer
}

#[with_circuit_breaker(name = "db", fallback = |_| Either::Left)]
fn with_a_fallback(text: String) -> Either {
    drop(text);
    return Either::Left;
}

#[with_circuit_breaker(name = "db", failure_if = |_| true)]
#[track_caller]
fn classified(text: &str) -> Either {
    println!("{text}");
    Either::Left
}

#[with_circuit_breaker(name = "db")]
fn parameter<T: Default>() -> T {
    T::default()
}

#[with_circuit_breaker(name = "db")]
fn poll() -> std::task::Poll<Result<(), gardefou::AppError>> {
    std::task::Poll::Pending
}

fn main() {}
