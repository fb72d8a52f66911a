//! A number is no code.

use gardefou::AppError;

fn main() {
    let _ = AppError::new(300, "no route to the database");
}
