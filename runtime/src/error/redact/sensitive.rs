//! Values that are secret by their type, and what is printed in their place.

use serde_core::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What stands in place of a secret.
pub(super) const MARK: &str = "[redacted]";
pub(super) const MARK_BYTES: &[u8] = MARK.as_bytes();

/// A value that no sink shows: it prints and serialises as `[redacted]`.
///
/// No scanner knows that a name, an IBAN or a diagnosis must not leave the program. A type does: a
/// field of `Sensitive<String>` stays hidden in `{:?}` of the whole struct, in details of errors,
/// in captured arguments and in JSON. The value itself is reached through [`expose`](Self::expose)
/// alone.
///
/// It is not overwritten when it is dropped, and comparison takes no constant time.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error::Sensitive};
///
/// #[derive(Debug)]
/// struct Account {
///     id: u32,
///     iban: Sensitive<String>,
/// }
///
/// let account = Account { id: 7, iban: Sensitive::new("CH93 0076 2011 6238 5295 7".to_owned()) };
/// assert_eq!(format!("{account:?}"), "Account { id: 7, iban: [redacted] }");
/// assert_eq!(account.iban.expose().len(), 26);
///
/// let err = AppError::new(ErrorCode::DB_QUERY_ERROR, "no such account").with_detail("iban", &account.iban);
/// assert_eq!(err.details()["iban"], "[redacted]");
/// # assert_eq!(account.id, 7);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Hides a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Sensitive;
    ///
    /// const PIN: Sensitive<u16> = Sensitive::new(4921);
    /// assert_eq!(PIN.to_string(), "[redacted]");
    /// ```
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, to use it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Sensitive;
    ///
    /// let name = Sensitive::new("Ann");
    /// assert_eq!(*name.expose(), "Ann");
    /// ```
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Returns the value, to change it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Sensitive;
    ///
    /// let mut name = Sensitive::new(String::from("Ann"));
    /// name.expose_mut().push_str(" Smith");
    /// assert_eq!(name.expose(), "Ann Smith");
    /// ```
    #[must_use]
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// Unwraps the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Sensitive;
    ///
    /// assert_eq!(Sensitive::new(7).into_inner(), 7);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

impl<T> Serialize for Sensitive<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MARK)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sensitive<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_values_are_read_and_compared_and_never_written() {
        let read: Sensitive<String> = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(read, Sensitive::from("hunter2".to_owned()));
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"[redacted]\"");
        assert_eq!(
            format!("{read} {read:?} {read:#?} {:?}", Some(&read)),
            "[redacted] [redacted] [redacted] Some([redacted])"
        );
    }
}
