//! A number in place of an error code.

use gardefou::AppError;

fn main() {
    let _ = AppError::new(300, "no route to the database");
}
