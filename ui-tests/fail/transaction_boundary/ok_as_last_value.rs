use gardefou::{AppError, transaction_boundary};

fn save(text: &str) -> Result<u8, AppError> {
    transaction_boundary!("save", |_tx| {
        if text.is_empty() {
            return Ok(0);
        }
        Ok(text.parse::<u8>()?)
    })
}

fn main() {
    let _ = save("1");
}
