use gardefou::retry_with_circuit_breaker;

struct Answer;

type Alias<T> = Option<T>;

#[retry_with_circuit_breaker(name = "db")]
fn own(text: String) -> Answer {
    drop(text);
    Answer
}

#[retry_with_circuit_breaker(name = "db")]
async fn alias(text: &str) -> Alias<Result<usize, gardefou::AppError>> {
    Some(Ok(text.len()))
}

#[retry_with_circuit_breaker(name = "db")]
async fn parameter<T: Default>() -> T {
    T::default()
}

impl Answer {
    #[retry_with_circuit_breaker(name = "db")]
    fn itself(&self) -> Self {
        Self
    }
}

fn main() {}
