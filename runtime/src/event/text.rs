//! Foreign texts for sinks: bounded, redacted, on one line, and panics of their `Display`
//! contained.

use crate::error::{details, redact};
use std::fmt;

pub(crate) use crate::error::chain as levels;

/// How many bytes of a message reach a sink.
pub(crate) const MAX_MESSAGE: usize = 4096;

/// Returns the text of a value for a sink: at most `max` bytes (and a mark where it was cut),
/// secrets replaced, control characters escaped.
pub(crate) fn for_sink(value: &dyn fmt::Display, max: usize) -> String {
    redact::sink_display(value, max)
}

/// Returns at most `max` bytes of a value's text as it was written, secrets included.
pub(crate) fn bounded(value: &dyn fmt::Display, max: usize) -> String {
    details::display_head(value, max).0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Odd;
    impl fmt::Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("so far")?;
            panic!("a faulty Display");
        }
    }

    #[test]
    fn newline_cannot_forge_a_second_log_line() {
        assert_eq!(
            for_sink(&"a\r\nERROR b\0\u{1b}[31m\u{2028}", 100),
            "a\\r\\nERROR b\\0\\u{1b}[31m\\u{2028}"
        );
        assert_eq!(for_sink(&"déjà vu", 100), "déjà vu");
    }

    #[test]
    fn message_of_ten_megabytes_is_cut_at_a_char_boundary() {
        let long = "é".repeat(5_000_000);
        let text = for_sink(&long, MAX_MESSAGE);
        assert!(text.len() < MAX_MESSAGE + 32, "{}", text.len());
        assert!(text.ends_with("é… (cut)"), "{}", text.len());
        assert_eq!(bounded(&"é", 1), "");
    }

    #[test]
    fn panicking_display_keeps_what_it_wrote_before() {
        assert_eq!(for_sink(&Odd, 100), "so far (its Display panicked)");
    }
}
