//! An assertion in a boundary says what was written, not what became of it.

use crate::prelude::*;

#[test]
fn it_is_told_as_it_was_written() {
    let outcome: R<()> = error_boundary!("check", catch_panics = true, {
        assert!("5".parse::<usize>()? == 6);
    });
    let said = outcome.unwrap_err().to_string();
    assert!(
        said.ends_with(r#"assertion failed: "5".parse::<usize>()? == 6"#),
        "{said}"
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
