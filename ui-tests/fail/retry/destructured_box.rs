//! A move out of a boxed `self`, reported at `self`.

use gardefou::{AppError, retry};

struct Job(String);

impl Job {
    #[retry]
    fn taken_apart(self: Box<Self>) -> Result<String, AppError> {
        let Self(text) = *self;
        Ok(text)
    }
}

fn main() {}
