//! A fallback beside a return type that is no `Result` is no second mistake.

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
