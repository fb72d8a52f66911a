//! A by-value argument that cannot be cloned.

use gardefou::{AppError, hedge};

struct Token;

#[hedge(after = "50ms")]
async fn f(token: Token) -> Result<Token, AppError> {
    Ok(token)
}

fn main() {}
