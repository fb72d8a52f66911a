//! JSON lines that are safe to look at.

use super::text::{is_invisible, is_plain};
use std::fmt::Write;

/// Returns JSON on one line. What a terminal would act on is escaped as JSON does, so that a parser
/// reads the same values.
pub(crate) fn line(value: &impl serde_core::Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    if is_plain(&json) || !json.chars().any(is_invisible) {
        return Ok(json);
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if !is_invisible(c) {
            safe.push(c);
            continue;
        }
        // Outside of strings, JSON has none of these.
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(safe, "\\u{unit:04x}");
        }
    }
    Ok(safe)
}

#[cfg(test)]
mod tests {
    #[test]
    fn escaped_characters_parse_to_themselves() {
        let text = "\u{1b}[2J\n\u{7f}\u{9b}\u{202e}\u{e0041} \"é\" 漢 🦀";
        let line = super::line(&text).unwrap();
        assert!(!line.chars().any(super::is_invisible), "{line}");
        assert!(line.contains("\\u202e") && line.contains("🦀"));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
