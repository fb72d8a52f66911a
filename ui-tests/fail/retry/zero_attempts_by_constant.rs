//! A constant is checked like a literal.

const NONE: u32 = 0;

#[gardefou::retry(max_attempts = NONE)]
fn read() -> Result<(), gardefou::AppError> {
    Ok(())
}

fn main() {}
