//! The page: one document with its style and its script, and the policy that allows nothing else.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| sent(include_str!("page/page.html")));
static STYLE: LazyLock<String> = LazyLock::new(|| sent(include_str!("page/page.css")));
static SCRIPT: LazyLock<String> = LazyLock::new(|| sent(include_str!("page/page.js")));

/// Returns a source as it is sent: without the indentation and the comments that have lines of their own. No text in the
/// sources goes over the end of a line.
fn sent(source: &str) -> String {
    let lines = source.lines().map(str::trim_start);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("// "));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The places of the document that are filled in.
const TITLE_AT: &str = "{{title}}";
const META_AT: &str = "{{meta}}";
const STYLE_AT: &str = "{{style}}";
const DATA_AT: &str = "{{data}}";
const SCRIPT_AT: &str = "{{script}}";

/// The live page, and the policy of its response.
#[cfg(feature = "axum")]
#[derive(Debug)]
pub(crate) struct LivePage {
    title: String,
    pub(crate) policy: String,
}

#[cfg(feature = "axum")]
impl LivePage {
    pub(crate) fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            policy: format!("{}; connect-src 'self'; frame-ancestors 'none'", policy()),
        }
    }

    /// Returns the document with a sample in it, so that it is shown without another request; null
    /// where there is none.
    pub(crate) fn html(&self, sample: &str) -> String {
        let data = inlined(format!(r#"{{"live":{sample}}}"#));
        document(&self.title, "", &data)
    }
}

/// Returns the page of a report, which has its data and its policy in itself.
pub(crate) fn of_report(title: &str, data: &Value) -> String {
    let meta = format!(
        r#"<meta http-equiv="Content-Security-Policy" content="{}">"#,
        policy()
    );
    document(title, &meta, &inlined(data.to_string()))
}

fn document(title: &str, meta: &str, data: &str) -> String {
    let mut html = String::with_capacity(DOCUMENT.len() + STYLE.len() + SCRIPT.len() + data.len());
    let title = escaped(title);
    let mut rest = &**DOCUMENT;
    // In one pass: what is filled in may look like a place.
    while let Some(begin) = rest.find("{{") {
        html.push_str(&rest[..begin]);
        let place = &rest[begin..];
        let (place, filling) = [
            (TITLE_AT, &*title),
            (META_AT, meta),
            (STYLE_AT, &**STYLE),
            (DATA_AT, data),
            (SCRIPT_AT, &**SCRIPT),
        ]
        .into_iter()
        .find(|(name, _)| place.starts_with(name))
        .unwrap_or(("{{", "{{"));
        html.push_str(filling);
        rest = &rest[begin + place.len()..];
    }
    html.push_str(rest);
    html
}

/// Returns what the style and the script of the document are allowed to do, and nothing else. No text
/// can become markup: browsers that know trusted types refuse every assignment of one.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        base64(&Sha256::digest(&**SCRIPT)),
        base64(&Sha256::digest(&**STYLE)),
    )
}

/// Returns JSON that stays data inside of a `script` element: it cannot end the element, begin a
/// comment or another one, and no line of it ends early.
fn inlined(mut text: String) -> String {
    // These stand in strings alone, where an escape means the same.
    for c in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
        if text.contains(c) {
            text = text.replace(c, &format!("\\u{:04x}", u32::from(c)));
        }
    }
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Encodes bytes as base64 with padding, as sources of a policy have it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let byte = |at: usize| u32::from(part.get(at).copied().unwrap_or_default());
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            if digit <= part.len() {
                text.push(char::from(DIGITS[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn page_style_and_script_take_less_than_60_kib_together() {
        let bytes = DOCUMENT.len() + STYLE.len() + SCRIPT.len();
        assert!(bytes < 60 * 1024, "{bytes} bytes");
    }

    #[test]
    fn no_text_of_the_sources_goes_over_the_end_of_a_line() {
        let script = include_str!("page/page.js");
        for (number, line) in script.lines().enumerate() {
            let quotes = line.matches('`').count();
            assert!(quotes % 2 == 0, "line {}: {line}", number + 1);
        }
        assert!(!include_str!("page/page.html").contains("<pre"));
        let source = "a {\n\n  b: c; // d\n  // e\n}";
        assert_eq!(sent(source), "a {\nb: c; // d\n}\n");
    }

    #[test]
    fn page_has_no_handler_style_or_address_that_the_policy_would_refuse() {
        for refused in [
            " style=",
            " onclick",
            " onload",
            " onerror",
            "javascript:",
            "<base",
        ] {
            assert!(!DOCUMENT.contains(refused), "{refused}");
        }
        for refused in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
        ] {
            assert!(!SCRIPT.contains(refused), "{refused}");
        }
        for text in [&*DOCUMENT, &*STYLE, &*SCRIPT] {
            let addresses = text.matches("http").count() - text.matches("http-equiv").count();
            let namespaces = text.matches("http://www.w3.org/2000/svg").count();
            assert_eq!(addresses, namespaces, "an address of another host");
        }
        assert!(!STYLE.contains("url("), "a style loads nothing");
    }

    #[test]
    fn every_place_is_filled_once() {
        for place in [TITLE_AT, META_AT, STYLE_AT, DATA_AT, SCRIPT_AT] {
            let count = DOCUMENT.matches(place).count();
            assert_eq!(count, 1 + usize::from(place == TITLE_AT), "{place}");
        }
        let html = of_report("{{script}}", &json!({ "x": "{{style}}" }));
        assert!(html.contains("<title>{{script}}"));
        assert!(html.contains(r#"{"x":"{{style}}"}"#));
        assert_eq!(html.matches(&**STYLE).count(), 1);
    }

    #[test]
    fn inlined_data_cannot_leave_its_element_and_reads_as_before() {
        let data = json!({
            "</script><script>alert(1)</script>": "<!--<script>\u{2028}\u{2029}&amp;\0\u{202e}\"\\",
        });
        let text = inlined(data.to_string());
        assert!(
            !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\0']),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), data);
    }

    #[test]
    fn title_is_text() {
        let html = of_report("</title><script>\"'&", &json!({}));
        assert!(html.contains("<title>&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;"));
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in [
            (&b""[..], ""),
            (&b"0"[..], "MA=="),
            (&b"01"[..], "MDE="),
            (&b"012"[..], "MDEy"),
            (&b"0123"[..], "MDEyMw=="),
            (&b"01234"[..], "MDEyMzQ="),
            (&[0xfb, 0xff, 0xfe], "+//+"),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }
}
