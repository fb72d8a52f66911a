//! Name of a guard that may be one of several by key.

use std::{
    fmt,
    ops::Deref,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::event::Shown;

/// The name of a guard: `payments`, or `payments[acme]` where it is the one of a key.
///
/// The key is stored as it came, since two keys that are shown alike are two guards. Whatever shows a
/// name redacts, escapes and bounds it.
pub struct KeyedName {
    text: Box<str>,
    /// The length of the name without its key; that of the text where there is no key.
    unkeyed: u32,
    /// Beside the name, where there is room for it.
    instance: InstanceId,
}

/// The identity of one guard: unlike its name, no other guard that lives has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InstanceId(u32);

impl InstanceId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only the number itself matters. Four billion guards later it comes again.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl KeyedName {
    /// Makes the name of the guard of one key.
    pub(crate) fn of_key(name: &str, key: &str) -> Self {
        Self::new(format!("{name}[{key}]"), name.len())
    }

    fn new(text: String, unkeyed: usize) -> Self {
        Self {
            text: text.into(),
            // A name of four gigabytes would pass for one without a key.
            unkeyed: u32::try_from(unkeyed).unwrap_or(u32::MAX),
            instance: InstanceId::next(),
        }
    }

    /// Returns the identity of the guard that has this name.
    pub(crate) fn instance(&self) -> InstanceId {
        self.instance
    }

    /// Returns the length of the name without its key.
    fn unkeyed_len(&self) -> usize {
        self.text.len().min(self.unkeyed as usize)
    }

    /// Returns the name without the key.
    pub(crate) fn unkeyed(&self) -> &str {
        &self.text[..self.unkeyed_len()]
    }

    /// Returns the key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.text
            .get(self.unkeyed_len() + 1..self.text.len().saturating_sub(1))
            .filter(|_| self.unkeyed_len() < self.text.len())
    }
}

impl From<String> for KeyedName {
    fn from(name: String) -> Self {
        let unkeyed = name.len();
        Self::new(name, unkeyed)
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
            assert_eq!((keyed.unkeyed(), keyed.key()), (name, Some(key)));
        }
        for name in ["a", "a[b]", "é"] {
            let plain = KeyedName::from(name.to_owned());
            assert_eq!((&*plain, plain.key()), (name, None));
        }
    }
}
