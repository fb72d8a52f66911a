//! What uses a box up unseen is shown at `self`, and not at the attribute.

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
