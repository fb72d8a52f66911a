//! Tests of the redactor.

mod encoded;
mod extent;
mod harmless;
mod kinds;
mod linear;
mod names;
mod redactor;
mod sink;
mod tokens;

use super::redactor::BUILT_IN;

/// Words that stand for secrets; none of them may be left.
const SECRETS: &[&str] = &["hunter2", "s3cr3t", "T0pS"];

/// Redacts a text; a second time changes nothing.
fn red(text: &str) -> String {
    let once = BUILT_IN.text(text).into_owned();
    assert_eq!(
        BUILT_IN.text(&once),
        once,
        "redacting twice changes nothing"
    );
    once
}

/// Asserts what each text becomes, and that nothing of a secret is left.
fn assert_red(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(red(text), *expected, "{text}");
        assert!(
            SECRETS.iter().all(|secret| !expected.contains(secret)),
            "{text}"
        );
    }
}
