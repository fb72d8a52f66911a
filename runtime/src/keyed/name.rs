//! Name of a guard that may be one of several by key.

use std::{fmt, ops::Deref};

use crate::event::Shown;

/// The name of a guard: `payments`, or `payments[acme]` where it is the one of a key.
///
/// The key is stored as it came, since two keys that are shown alike are two guards. Whatever shows a
/// name redacts, escapes and bounds it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyedName {
    text: Box<str>,
    /// The length of the name without its key; that of the text where there is no key.
    unkeyed: usize,
}

impl KeyedName {
    /// Makes the name of the guard of one key.
    pub(crate) fn of_key(name: &str, key: &str) -> Self {
        Self {
            text: format!("{name}[{key}]").into(),
            unkeyed: name.len(),
        }
    }

    /// Returns the key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.text
            .get(self.unkeyed + 1..self.text.len().saturating_sub(1))
            .filter(|_| self.unkeyed < self.text.len())
    }
}

impl From<String> for KeyedName {
    fn from(name: String) -> Self {
        Self {
            unkeyed: name.len(),
            text: name.into(),
        }
    }
}

impl From<&str> for KeyedName {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

impl Deref for KeyedName {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for KeyedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_key_are_separated_whatever_brackets_they_have() {
        for (name, key) in [("a", "b"), ("a[b]", "c]["), ("é", ""), ("a", "é\n")] {
            let keyed = KeyedName::of_key(name, key);
            assert_eq!(&*keyed, format!("{name}[{key}]"));
            assert_eq!((keyed.unkeyed, keyed.key()), (name.len(), Some(key)));
        }
        for name in ["a", "a[b]", "é"] {
            let plain = KeyedName::from(name.to_owned());
            assert_eq!((&*plain, plain.key()), (name, None));
        }
    }
}
