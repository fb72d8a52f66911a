use gardefou::enhanced_error_handling;

struct Answer;

type Alias<T> = Option<T>;

#[enhanced_error_handling]
fn own(text: String) -> Answer {
    drop(text);
    Answer
}

#[enhanced_error_handling]
async fn alias(text: &str) -> Alias<Result<usize, gardefou::AppError>> {
    Some(Ok(text.len()))
}

#[enhanced_error_handling]
async fn parameter<T: Default>() -> T {
    T::default()
}

impl Answer {
    #[enhanced_error_handling]
    fn itself(&self) -> Self {
        Self
    }
}

fn main() {}
