//! Functions whose attempts cannot run side by side.

use gardefou::{AppError, hedge};

type R<T> = Result<T, AppError>;

struct Client(u32);

impl Client {
    #[hedge(after = "50ms")]
    async fn by_value(self) -> R<u32> {
        Ok(self.0)
    }

    #[hedge(after = "50ms")]
    async fn mutable(&mut self) -> R<u32> {
        Ok(self.0)
    }
}

#[hedge(after = "50ms")]
fn blocking() -> R<u32> {
    Ok(1)
}

#[hedge(after = "50ms")]
async fn mutable_argument(all: &mut Vec<u32>) -> R<()> {
    all.push(1);
    Ok(())
}

fn main() {}
