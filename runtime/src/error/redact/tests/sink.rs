//! Lines of sinks: escaped, and cut without uncovering a secret.

use crate::error::redact::{redactor::BUILT_IN, sink_display};
use std::borrow::Cow;

#[test]
fn line_escapes_control_characters_and_keeps_the_rest() {
    let line = |text| BUILT_IN.line(text, 200).into_owned();
    assert_eq!(
        line("a\r\nERROR b\0\u{1b}[31m\tc"),
        r"a\r\nERROR b\0\u{1b}[31m\tc"
    );
    assert_eq!(
        line("\u{202e}gpj.exe \u{2028}\u{9b}\u{2066}"),
        r"\u{202e}gpj.exe \u{2028}\u{9b}\u{2066}"
    );
    assert!(matches!(
        BUILT_IN.line("déjà vu 👩‍👩‍👧 C:\\temp", 200),
        Cow::Borrowed(_)
    ));
}

#[test]
fn long_line_is_cut_at_a_character_and_marked() {
    assert_eq!(BUILT_IN.line("ééé", 5), "éé… (cut, 6 bytes in all)");
    assert_eq!(BUILT_IN.line("ab\n", 3), "ab… (cut, 3 bytes in all)");
    let long = "é ".repeat(5_000_000);
    let line = BUILT_IN.line(&long, 4096);
    assert!(
        line.len() < 4096 + 64 && line.ends_with("(cut, 15000000 bytes in all)"),
        "{}",
        line.len()
    );
    assert_eq!(sink_display(&"x".repeat(20_000), 10), "xxxxxxxxxx… (cut)");
    assert_eq!(sink_display(&"a\nb", 10), "a\\nb");
}

#[test]
fn cutting_a_line_uncovers_no_secret() {
    for at in 0..600 {
        let text = format!(
            "{} password={} {}",
            "x ".repeat(at),
            "hunter2".repeat(20),
            "y ".repeat(2000)
        );
        for line in [
            BUILT_IN.line(&text, 100).into_owned(),
            sink_display(&text, 100),
        ] {
            assert!(!line.contains("hunter"), "{at}: {line}");
        }
    }
}

#[test]
fn half_a_token_at_the_end_of_the_window_is_left_out() {
    // The long password becomes short, so that the end of the window is reached.
    for shown in 0..40 {
        let password = "p".repeat(2 * 100 + 1024 - "password= ".len() - shown);
        let text = format!(
            "password={password} ghp_{} {}",
            "abcde12345".repeat(4),
            "rest ".repeat(500)
        );
        for line in [
            BUILT_IN.line(&text, 100).into_owned(),
            sink_display(&text, 100),
        ] {
            assert!(
                line.starts_with("password=[redacted]… (cut"),
                "{shown}: {line}"
            );
        }
    }
}
