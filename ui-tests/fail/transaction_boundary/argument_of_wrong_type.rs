//! An argument that is not a transaction.

use gardefou::{AppError, transaction_boundary};

fn save() -> Result<u8, AppError> {
    transaction_boundary!("save", |name: &str| { name.len() as u8 })
}

async fn save_later() -> Result<u8, AppError> {
    transaction_boundary!("save", async |(a, b)| { a + b })
}

fn main() {}
