//! Assertions in a boundary show the condition as it is written.

use crate::prelude::*;

#[test]
fn assertion_shows_the_written_condition() {
    let outcome: R<()> = error_boundary!("check", catch_panics = true, {
        assert!("5".parse::<usize>()? == 6);
    });
    let message = outcome.unwrap_err().to_string();
    assert!(
        message.ends_with(r#"assertion failed: "5".parse::<usize>()? == 6"#),
        "{message}"
    );

    let outcome: R<()> = error_boundary!("check", catch_panics = true, {
        assert!(
            format!("{}", "5".parse::<usize>()?) == "6",
            "with {}",
            "words"
        );
    });
    assert!(outcome.unwrap_err().to_string().ends_with("with words"));
}
