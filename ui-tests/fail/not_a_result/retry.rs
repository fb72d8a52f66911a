use gardefou::retry;

struct Answer;

type Alias<T> = Option<T>;

#[retry]
fn own(text: String) -> Answer {
    drop(text);
    Answer
}

#[retry]
async fn alias(text: &str) -> Alias<Result<usize, gardefou::AppError>> {
    Some(Ok(text.len()))
}

#[retry]
async fn parameter<T: Default>() -> T {
    T::default()
}

impl Answer {
    #[retry]
    fn itself(&self) -> Self {
        Self
    }
}

fn main() {}
