//! Patterns of names, and which of several is the most specific.

/// What names a section is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pattern {
    // In the order of their precedence: what comes later wins.
    /// Names that match a text in which `*` stands for any characters, also none.
    Glob {
        /// The longer one of two patterns wins.
        len: usize,
        text: String,
    },
    /// One name.
    Exact(String),
    /// Names that read so once they are in capitals, with `_` for every character that the name of
    /// an environment variable cannot have.
    Variable(String),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Self {
        if text.contains('*') {
            Self::Glob {
                len: text.chars().count(),
                text: text.to_owned(),
            }
        } else {
            Self::Exact(text.to_owned())
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Glob { text, .. } | Self::Exact(text) | Self::Variable(text) => text,
        }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Glob { text, .. } => is_match(text, name),
            Self::Exact(text) => text == name,
            Self::Variable(text) => *text == as_variable(name),
        }
    }
}

/// Returns a name as a part of the name of an environment variable.
pub(crate) fn as_variable(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(letter).collect()
}

/// Matches without recursion: after a mismatch, the last `*` takes one more character.
fn is_match(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    let mut last_star: Option<(&str, &str)> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            last_star = Some((rest, name));
            pattern = rest;
            continue;
        }
        let mut chars = (pattern.chars(), name.chars());
        match (chars.0.next(), chars.1.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found => {
                (pattern, name) = (chars.0.as_str(), chars.1.as_str());
            }
            _ => {
                let Some((after, from)) = last_star else {
                    return false;
                };
                let mut rest = from.chars();
                if rest.next().is_none() {
                    return false;
                }
                last_star = Some((after, rest.as_str()));
                (pattern, name) = (after, rest.as_str());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "payments", true),
            ("http-*", "http-", true),
            ("http-*", "http-client", true),
            ("http-*", "xhttp-client", false),
            ("*-db", "orders-db", true),
            ("*-db", "orders-db2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("shop::*::charge", "shop::payments::charge", true),
            ("é*", "élan", true),
            ("**", "x", true),
        ] {
            assert_eq!(
                Pattern::parse(pattern).matches(name),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn exact_name_is_taken_literally() {
        assert!(Pattern::parse("payments").matches("payments"));
        assert!(!Pattern::parse("payments").matches("Payments"));
        assert!(!Pattern::parse("pay").matches("payments"));
    }

    #[test]
    fn exact_beats_pattern_longer_beats_shorter_and_a_variable_beats_all() {
        let mut all = [
            Pattern::Variable("A".to_owned()),
            Pattern::parse("a"),
            Pattern::parse("payments-*"),
            Pattern::parse("*"),
            Pattern::parse("pay*"),
        ];
        all.sort();
        let texts: Vec<_> = all.iter().map(Pattern::text).collect();
        assert_eq!(texts, ["*", "pay*", "payments-*", "a", "A"]);
    }

    #[test]
    fn variable_names_every_name_that_reads_so_in_capitals() {
        let pattern = Pattern::Variable("PAYMENTS_API".to_owned());
        assert!(
            ["payments-api", "payments.api", "Payments API"]
                .iter()
                .all(|name| pattern.matches(name))
        );
        assert!(!pattern.matches("payments"));
    }

    proptest::proptest! {
        #[test]
        fn match_agrees_with_a_recursive_model(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            fn model(pattern: &[u8], name: &[u8]) -> bool {
                match (pattern.first(), name.first()) {
                    (None, None) => true,
                    (Some(b'*'), _) => model(&pattern[1..], name) || (!name.is_empty() && model(pattern, &name[1..])),
                    (Some(a), Some(b)) if a == b => model(&pattern[1..], &name[1..]),
                    _ => false,
                }
            }
            proptest::prop_assert_eq!(is_match(&pattern, &name), model(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
