//! Moves of a boxed `self`; a copy out of it compiles.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

struct Job(String);

impl Job {
    #[retry]
    fn run(self: Box<Self>) -> R<Box<Self>> {
        let _ = &self;
        Ok(self)
    }

    #[retry]
    fn moved(self: Box<Self>) -> R<String> {
        let job = *self;
        Ok(job.0)
    }

    #[retry]
    async fn dropped(self: Box<Self>) -> R<()> {
        drop(*self);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Small(u8);

impl Small {
    #[retry]
    fn copied(self: Box<Self>) -> R<u8> {
        let small = *self;
        Ok(small.0)
    }
}

fn main() {}
