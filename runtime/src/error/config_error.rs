//! Errors of configurations.

use super::{details, redact};
use std::{error::Error, fmt};

/// A configuration that cannot work: each problem with its field, the value found there and the
/// rule it breaks.
///
/// Builders report every problem at once; [`field`](Self::field), [`value`](Self::value) and
/// [`rule`](Self::rule) return the first, [`problems`](Self::problems) all. An
/// [`AppError`](crate::AppError) made of it has the code `CONFIG_ERROR`.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ConfigError, ErrorCode};
///
/// let err = ConfigError::new("failure_threshold", 0, "must be at least 1");
/// assert_eq!((err.field(), err.value(), err.rule()), ("failure_threshold", "0", "must be at least 1"));
/// assert_eq!(err.problems().count(), 1);
/// assert_eq!(err.to_string(), "`failure_threshold` = 0: must be at least 1");
/// assert!(AppError::from(err).is(ErrorCode::CONFIG_ERROR));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    first: ConfigProblem,
    others: Vec<ConfigProblem>,
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The name of the setter or key.
    pub field: &'static str,
    /// The value found there, as text, without secrets; of mail addresses only the domain is shown.
    pub value: String,
    /// What the value must be.
    pub rule: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` = {}: {}", self.field, self.value, self.rule)
    }
}

impl ConfigError {
    /// Makes an error with one problem; the rule completes the sentence "it must ...", as "must be
    /// at least 1".
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::ConfigError;
    ///
    /// let err = ConfigError::new("sender", "ann@example.org:25", "must be an address without a port");
    /// assert_eq!(err.to_string(), "`sender` = ..@example.org:25: must be an address without a port");
    /// ```
    #[must_use]
    pub fn new(field: &'static str, value: impl fmt::Display, rule: impl Into<String>) -> Self {
        let first = ConfigProblem {
            field,
            value: shown(&details::display(value)),
            rule: rule.into(),
        };
        Self {
            first,
            others: Vec::new(),
        }
    }

    /// Joins the problems that a validation found into one error, if there are any.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::ConfigError;
    ///
    /// let (size, age) = (0, 10);
    /// let problems = [
    ///     (size == 0).then(|| ConfigError::new("size", size, "must be at least 1")),
    ///     (age == 0).then(|| ConfigError::new("age", age, "must be at least 1")),
    /// ];
    /// let err = ConfigError::join(problems.into_iter().flatten()).unwrap();
    /// assert_eq!((err.field(), err.problems().count()), ("size", 1));
    /// ```
    #[must_use]
    pub fn join(problems: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut problems = problems.into_iter();
        let mut joined = problems.next()?;
        for more in problems {
            joined.others.push(more.first);
            joined.others.extend(more.others);
        }
        Some(joined)
    }

    /// Returns the name of the first problem's setter or key.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ConfigError, breaker::CircuitBreaker};
    ///
    /// let err: ConfigError = CircuitBreaker::builder("field-example").half_open_max_calls(0).build().unwrap_err();
    /// assert_eq!(err.field(), "half_open_max_calls");
    /// ```
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.first.field
    }

    /// Returns the value that the first problem is about.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ConfigError, breaker::CircuitBreaker};
    ///
    /// let err: ConfigError = CircuitBreaker::builder("value-example").failure_threshold(0).build().unwrap_err();
    /// assert_eq!((err.field(), err.value()), ("failure_threshold", "0"));
    /// ```
    #[must_use]
    pub fn value(&self) -> &str {
        &self.first.value
    }

    /// Returns the rule that the first problem breaks.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ConfigError, breaker::CircuitBreaker};
    ///
    /// let err: ConfigError = CircuitBreaker::builder("rule-example").failure_threshold(0).build().unwrap_err();
    /// assert!(err.rule().starts_with("must be "), "{}", err.rule());
    /// ```
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.first.rule
    }

    /// Iterates over all problems, in the order in which they were found.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let builder = CircuitBreaker::builder("problems-example").failure_threshold(0).success_threshold(0);
    /// let err = builder.build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["failure_threshold", "success_threshold"]);
    /// assert!(err.problems().all(|problem| err.to_string().contains(&problem.to_string())));
    /// ```
    pub fn problems(&self) -> impl Iterator<Item = &ConfigProblem> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Returns a value as an error shows it, which goes into logs.
fn shown(value: &str) -> String {
    let value = redact::name(value);
    let (mut shown, mut rest) = (String::with_capacity(value.len()), &*value);
    while let Some(at) = rest.find('@') {
        let is_local = |c: char| c.is_alphanumeric() || "._%+-'!#$&*/=?^`{|}~".contains(c);
        let name = rest[..at].trim_end_matches(is_local).len();
        let is_address = name < at && rest[at + 1..].starts_with(char::is_alphanumeric);
        shown.push_str(if is_address {
            &rest[..name]
        } else {
            &rest[..at]
        });
        shown.push_str(if is_address { "..@" } else { "@" });
        rest = &rest[at + 1..];
    }
    shown + rest
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl From<ConfigProblem> for ConfigError {
    fn from(problem: ConfigProblem) -> Self {
        Self {
            first: problem,
            others: Vec::new(),
        }
    }
}

impl Error for ConfigError {}
