use gardefou::log_sensitive_operations;

struct Answer;

type Alias<T> = Option<T>;

#[log_sensitive_operations("save")]
fn own(text: String) -> Answer {
    drop(text);
    Answer
}

#[log_sensitive_operations("save")]
async fn alias(text: &str) -> Alias<Result<usize, gardefou::AppError>> {
    Some(Ok(text.len()))
}

#[log_sensitive_operations("save")]
async fn parameter<T: Default>() -> T {
    T::default()
}

impl Answer {
    #[log_sensitive_operations("save")]
    fn itself(&self) -> Self {
        Self
    }
}

fn main() {}
