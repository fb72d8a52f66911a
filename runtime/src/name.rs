//! Names of policies and checks: which are valid, and how an invalid one is shown.

use crate::error::ConfigError;

/// Returns what is wrong with a name of at most `longest` bytes, if something is.
pub(crate) fn problem(field: &'static str, name: &str, longest: usize) -> Option<ConfigError> {
    let rule = if name.trim().is_empty() {
        "must not be empty".to_owned()
    } else if name.len() > longest {
        format!("must be at most {longest} bytes long")
    } else if !name.chars().all(is_visible) {
        "must hold printable characters only".to_owned()
    } else {
        return None;
    };
    Some(ConfigError::new(field, shown(name), rule))
}

/// Returns a text in quotes as an error shows it: its beginning, with everything escaped that
/// cannot be seen.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::from('"');
    for c in text.chars() {
        if shown.len() > LONGEST_SHOWN {
            return format!("{shown}\"... ({} bytes)", text.len());
        }
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            c if is_visible(c) => shown.push(c),
            c => shown.extend(c.escape_default()),
        }
    }
    shown.push('"');
    shown
}

const LONGEST_SHOWN: usize = 64;

/// Returns `true` if a character leaves a mark of its own where it is printed: two names that look
/// alike are one.
fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // A combining mark is fine after another character, which is how the standard library treats
    // the second one.
    let mut pair = [b'x', 0, 0, 0, 0];
    let len = 1 + c.encode_utf8(&mut pair[1..]).len();
    let is_printable =
        std::str::from_utf8(&pair[..len]).is_ok_and(|pair| pair.escape_debug().nth(1) == Some(c));
    is_printable && !is_ignorable(c)
}

/// Returns the letters and marks that Unicode lets a renderer leave out; the format characters
/// among them are not printable to the standard library either.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{034f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_rejected() {
        for hidden in [
            '\0', '\u{7f}', '\u{85}', '\u{ad}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2066}',
            '\u{2028}',
        ] {
            assert!(
                problem("name", &format!("a{hidden}b"), 100).is_some(),
                "{hidden:?}"
            );
        }
        for hidden in [
            '\u{feff}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{61c}',
            '\u{180e}',
        ] {
            assert!(
                problem("name", &format!("a{hidden}b"), 100).is_some(),
                "{hidden:?}"
            );
        }
        for name in [
            "a b",
            "paiement-régional",
            "re\u{301}gional",
            "数据库",
            "\"it's\" \\ ok",
            "🦀",
            "हिन्दी",
        ] {
            assert_eq!(problem("name", name, 100), None, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_name_or_shown_within_bounds(name in "\\PC{0,80}|.{0,80}|[\u{200b}-\u{206f}a-c ]{0,20}") {
            let shown = shown(&name);
            proptest::prop_assert!(shown.len() < 200 && shown.chars().all(is_visible), "{:?}", shown);
            if problem("name", &name, 100).is_none() {
                proptest::prop_assert!(name.len() <= 100 && !name.trim().is_empty() && name.chars().all(is_visible));
            }
        }
    }

    #[test]
    fn invalid_name_is_shown_short_and_escaped() {
        let err = problem("name", &"\u{202e}".repeat(20_000), 100).unwrap();
        assert!(
            err.to_string().len() < 200 && err.to_string().is_ascii(),
            "{err}"
        );
        assert_eq!(shown("a\"b\n\u{200b}é"), r#""a\"b\n\u{200b}é""#);
        assert_eq!(
            problem("name", "  ", 100).unwrap().to_string(),
            "`name` = \"  \": must not be empty"
        );
    }
}
