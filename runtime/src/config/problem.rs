//! One problem of a configuration file.

use std::{fmt, ops::Range};

/// One problem of a configuration: where it is, what stands there, and what must stand there.
///
/// Its text is one line. No value that can be a secret is in it.
///
/// # Examples
///
/// ```
/// use gardefou::system::ConfigFile;
///
/// let err = ConfigFile::parse("gardefou.toml", "[retry.http]\njitter = \"ful\"").unwrap_err();
/// let problem = &err.problems()[0];
/// assert_eq!((problem.line, problem.columns.clone()), (Some(2), Some(10..15)));
/// assert_eq!((&*problem.field, problem.value.as_deref()), ("jitter", Some("\"ful\"")));
/// assert_eq!(problem.suggestion.as_deref(), Some("\"full\""));
/// assert_eq!(problem.line_text.as_deref(), Some("jitter = \"ful\""));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The file, or the environment variable where `line` is absent and a variable is wrong.
    pub file: String,
    /// The line, from 1; absent where the problem is not in a line.
    pub line: Option<u32>,
    /// The columns of the line that it is about, in characters from 1.
    pub columns: Option<Range<u32>>,
    /// The section, for example `breaker.payments`; empty outside of sections.
    pub section: String,
    /// The setting, the section or the name; empty where the text is no TOML.
    pub field: String,
    /// The value found there; absent where there is none, or where it can be a secret.
    pub value: Option<String>,
    /// What must stand there, as "must be at least 1".
    pub rule: String,
    /// What was most likely meant.
    pub suggestion: Option<String>,
    /// The text of the line, in which values that can be secrets are masked.
    pub line_text: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(columns) = &self.columns {
                write!(f, ":{}", columns.start)?;
            }
        }
        write!(f, ": {}", self.message())
    }
}

impl Problem {
    /// Returns the text without the place.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::system::ConfigFile;
    ///
    /// let err = ConfigFile::parse("f.toml", "[breakers.x]").unwrap_err();
    /// assert_eq!(err.problems()[0].message(), "`breakers` is no section; did you mean `breaker`?");
    /// ```
    #[must_use]
    pub fn message(&self) -> String {
        let mut text = match (&*self.field, &self.value) {
            ("", _) => self.rule.clone(),
            (field, Some(value)) => format!("`{field}` = {value}: {}", self.rule),
            (field, None) => format!("`{field}` {}", self.rule),
        };
        if let Some(suggestion) = &self.suggestion {
            let quote = if suggestion.starts_with('"') { "" } else { "`" };
            text += &format!("; did you mean {quote}{suggestion}{quote}?");
        }
        text
    }
}
