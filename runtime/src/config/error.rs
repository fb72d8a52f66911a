//! Errors of configuration files.

use super::problem::Problem;
use std::{error::Error, fmt, io};

/// A configuration file that cannot be used, with every problem.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, system::ConfigFile};
///
/// let err = ConfigFile::read("no/such/gardefou.toml").unwrap_err();
/// assert!(err.to_string().starts_with("no/such/gardefou.toml: cannot be read: "));
/// assert!(AppError::new(ErrorCode::CONFIG_ERROR, "no start").with_source(err).source().is_some());
/// # use std::error::Error;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFileError {
    problems: Vec<Problem>,
}

impl ConfigFileError {
    /// Sorts the problems by their places; `None` where there is none.
    pub(crate) fn new(mut problems: Vec<Problem>) -> Option<Self> {
        let place = |problem: &Problem| {
            let column = problem.columns.as_ref().map_or(0, |columns| columns.start);
            (problem.line.is_none(), problem.line, column)
        };
        problems.sort_by_key(place);
        problems.dedup();
        (!problems.is_empty()).then_some(Self { problems })
    }

    pub(crate) fn unreadable(file: &str, err: &io::Error) -> Self {
        Self {
            problems: vec![Problem {
                file: file.to_owned(),
                line: None,
                columns: None,
                section: String::new(),
                field: String::new(),
                value: None,
                rule: format!("cannot be read: {err}"),
                suggestion: None,
                line_text: None,
            }],
        }
    }

    /// Returns every problem, in the order of their lines; there is at least one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::system::ConfigFile;
    ///
    /// let err = ConfigFile::parse("f.toml", "[timeout.a]\nlimit = 0\n[timeout.b]\nlimit = 0").unwrap_err();
    /// let lines: Vec<_> = err.problems().iter().map(|problem| problem.line).collect();
    /// assert_eq!(lines, [Some(2), Some(4)]);
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl Error for ConfigFileError {}
