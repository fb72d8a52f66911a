//! A fallback with a return type that is not a `Result`: one error.

use gardefou::enhanced_error_handling;

enum Answer {
    Yes,
    No,
}

#[enhanced_error_handling(rethrow = false, fallback = Answer::No)]
fn of_its_type() -> Answer {
    Answer::Yes
}

#[enhanced_error_handling(rethrow = false, fallback = 3)]
async fn of_another_type() -> Answer {
    Answer::Yes
}

#[enhanced_error_handling(rethrow = false)]
fn of_none() -> Answer {
    Answer::Yes
}

fn main() {}
