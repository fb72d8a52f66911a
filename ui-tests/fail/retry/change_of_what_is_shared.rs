//! A change through a shared reference is told where it is made.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

struct Log {
    lines: Vec<u32>,
}

impl Log {
    #[retry]
    fn push(&self) -> R<usize> {
        self.lines.push(1);
        Ok(self.lines.len())
    }
}

#[retry]
fn push(lines: &Vec<u32>) -> R<usize> {
    lines.push(1);
    Ok(lines.len())
}

fn main() {}
