//! All codes that are linked into the program.

use super::ErrorCode;
use std::{collections::HashMap, fmt};

inventory::collect!(ErrorCode);

/// Iterates over every code that the program can meet: the standard ones first, in the order of
/// their table, then those that `error_codes!` declared in any crate, in no particular order.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, error::registered_codes};
///
/// assert!(registered_codes().any(|code| code == ErrorCode::TIMEOUT_ERROR));
/// ```
pub fn registered_codes() -> impl Iterator<Item = ErrorCode> {
    ErrorCode::STANDARD
        .iter()
        .chain(inventory::iter::<ErrorCode>())
        .copied()
}

/// Two declarations that cannot be distinguished: two codes with one number, or two with one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeClash {
    /// The code that was there first; a standard one, if one of the two is.
    pub first: ErrorCode,
    /// The code that clashes with it.
    pub second: ErrorCode,
}

impl fmt::Display for CodeClash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second } = self;
        if first.number() == second.number() {
            let (a, b) = (first.name(), second.name());
            write!(
                f,
                "error code number {} means `{a}` ({}) and `{b}`",
                first.number(),
                first.declared_at()
            )?;
        } else {
            let (name, a, b) = (first.name(), first.number(), second.number());
            write!(
                f,
                "error code `{name}` has the numbers {a} ({}) and {b}",
                first.declared_at()
            )?;
        }
        write!(f, " ({})", second.declared_at())
    }
}

/// Finds the codes whose number or name is declared twice in the program, in different crates or by
/// different calls of `error_codes!`.
///
/// Statistics and journals identify errors by these, so a clash mixes up two kinds of errors. The
/// system's start reports each.
///
/// # Examples
///
/// ```
/// gardefou::error_codes! {
///     /// Clashes with a standard code.
///     pub PAYMENT_ERROR = 301, http = 402;
/// }
///
/// let clashes = gardefou::error::code_clashes();
/// assert_eq!((clashes[0].first.name(), clashes[0].second.name()), ("DB_QUERY_ERROR", "PAYMENT_ERROR"));
/// let text = clashes[0].to_string();
/// assert!(text.starts_with("error code number 301 means `DB_QUERY_ERROR` ("), "{text}");
/// ```
#[must_use]
pub fn code_clashes() -> Vec<CodeClash> {
    clashes_among(registered_codes())
}

fn clashes_among(codes: impl Iterator<Item = ErrorCode>) -> Vec<CodeClash> {
    let (mut numbers, mut names) = (HashMap::new(), HashMap::new());
    let mut clashes = Vec::new();
    for second in codes {
        let by_number = *numbers.entry(second.number()).or_insert(second);
        let by_name = *names.entry(second.name()).or_insert(second);
        // Equal rows are one declaration, met twice.
        let firsts = [by_number, by_name]
            .into_iter()
            .filter(|first| *first != second);
        for first in firsts {
            let clash = CodeClash { first, second };
            if !clashes.contains(&clash) {
                clashes.push(clash);
            }
        }
    }
    clashes
}

impl ErrorCode {
    /// Returns the registered code of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::by_name("TIMEOUT_ERROR"), Some(ErrorCode::TIMEOUT_ERROR));
    /// assert_eq!(ErrorCode::by_name("NO_SUCH_ERROR"), None);
    /// ```
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        registered_codes().find(|code| code.name() == name)
    }

    /// Returns the registered code of this number; the standard one where several have it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::by_number(413), Some(ErrorCode::TIMEOUT_ERROR));
    /// assert_eq!(ErrorCode::by_number(0), None);
    /// ```
    #[must_use]
    pub fn by_number(number: u32) -> Option<Self> {
        registered_codes().find(|code| code.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CodeInfo;

    const fn code(info: &'static CodeInfo) -> ErrorCode {
        ErrorCode::from_info(info)
    }

    const A: ErrorCode = code(&CodeInfo::new("A", 1000, 500, "a.rs:1"));
    const SAME_NUMBER: ErrorCode = code(&CodeInfo::new("B", 1000, 500, "b.rs:2"));
    const SAME_NAME: ErrorCode = code(&CodeInfo::new("A", 1001, 500, "c.rs:3"));
    const SAME_BOTH: ErrorCode = code(&CodeInfo::new("A", 1000, 404, "d.rs:4"));

    #[test]
    fn clash_names_both_places() {
        let clashes = clashes_among([A, SAME_NUMBER, A, SAME_NAME, SAME_BOTH].into_iter());
        let texts: Vec<String> = clashes.iter().map(ToString::to_string).collect();
        let expected = [
            "error code number 1000 means `A` (a.rs:1) and `B` (b.rs:2)",
            "error code `A` has the numbers 1000 (a.rs:1) and 1001 (c.rs:3)",
            "error code number 1000 means `A` (a.rs:1) and `A` (d.rs:4)",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn standard_codes_do_not_clash() {
        assert_eq!(clashes_among(ErrorCode::STANDARD.iter().copied()), []);
    }
}
