//! Mutations through shared references, with the compiler's own suggestion.

use gardefou::{AppError, enhanced_error_handling, retry, with_circuit_breaker};

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

    #[with_circuit_breaker(name = "log")]
    fn last(&self, name: String) -> R<&u32> {
        drop(name);
        let lines = &mut self.lines;
        lines.clear();
        Ok(&self.lines[0])
    }

    #[enhanced_error_handling]
    async fn push_later(&self) -> R<()> {
        self.lines.push(1);
        Ok(())
    }
}

struct Counts(Vec<u32>, u32);

impl Counts {
    #[retry]
    fn push(&self, count: u32) -> R<()> {
        self.0.push(count);
        Ok(())
    }

    #[with_circuit_breaker(name = "counts")]
    fn add(&self) -> R<()> {
        self.1 += 1;
        Ok(())
    }
}

#[retry]
fn push(lines: &Vec<u32>) -> R<usize> {
    lines.push(1);
    Ok(lines.len())
}

fn main() {}
