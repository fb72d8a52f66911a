//! A box has no second attempt once it is given away.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

struct Job;

impl Job {
    #[retry]
    fn run(self: Box<Self>) -> R<Box<Self>> {
        let _ = &self;
        Ok(self)
    }
}

fn main() {}
