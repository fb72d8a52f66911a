//! Text of a key, on the stack while it is short.

use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
};

/// Keys up to this length are looked up without an allocation.
const ON_STACK: usize = 128;

/// The text of a key, as its `Display` form writes it.
pub(crate) struct Key {
    len: usize,
    bytes: [u8; ON_STACK],
    /// The whole text, once it is longer than the buffer.
    long: Vec<u8>,
}

impl Key {
    /// Writes the text of a key. One whose `Display` form fails has the text up to there.
    #[inline]
    pub(crate) fn new(key: &(impl fmt::Display + ?Sized)) -> Self {
        let mut text = Self {
            len: 0,
            bytes: [0; ON_STACK],
            long: Vec::new(),
        };
        let _ = fmt::write(&mut text, format_args!("{key}"));
        text
    }

    /// Returns the text: as bytes, since proof that they are UTF-8 would cost as much as the lookup.
    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() {
            &self.bytes[..self.len]
        } else {
            &self.long
        }
    }

    pub(super) fn to_text(&self) -> String {
        String::from_utf8_lossy(self.as_bytes()).into_owned()
    }

    #[cold]
    fn push_long(&mut self, text: &[u8]) {
        if self.long.is_empty() {
            self.long.extend_from_slice(&self.bytes[..self.len]);
        }
        self.long.extend_from_slice(text);
    }
}

impl fmt::Write for Key {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let text = text.as_bytes();
        let end = self.len + text.len();
        match self.bytes.get_mut(self.len..end) {
            Some(free) if self.long.is_empty() => {
                free.copy_from_slice(text);
                self.len = end;
            }
            _ => self.push_long(text),
        }
        Ok(())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

/// The text of a key in the map, which is looked up by bytes.
///
/// A short one stands in the map itself: among 10,000 keys each pointer that a lookup follows is
/// likely to leave the processor's nearest caches.
pub(super) enum StoredKey {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

/// With its length and the variant, three words.
const SHORT: usize = 22;

impl From<&Key> for StoredKey {
    fn from(key: &Key) -> Self {
        let text = key.as_bytes();
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..text.len()) {
            Some(free) => {
                free.copy_from_slice(text);
                let len = text.len() as u8;
                Self::Short { len, bytes }
            }
            None => Self::Long(text.into()),
        }
    }
}

impl Borrow<[u8]> for StoredKey {
    #[inline]
    fn borrow(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => &bytes[..usize::from(*len)],
            Self::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for StoredKey {
    fn eq(&self, other: &Self) -> bool {
        Borrow::<[u8]>::borrow(self) == Borrow::<[u8]>::borrow(other)
    }
}

impl Eq for StoredKey {}

impl Hash for StoredKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As the borrowed form does.
        Borrow::<[u8]>::borrow(self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_that_of_display_whatever_its_length_and_its_pieces() {
        struct Pieces(usize, usize);
        impl fmt::Display for Pieces {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (0..self.1).try_for_each(|_| f.write_str(&"é".repeat(self.0)))
            }
        }
        for len in 0..=70 {
            for pieces in [1, 2, 3] {
                let key = Pieces(len, pieces);
                assert_eq!(Key::new(&key).to_text(), key.to_string(), "{len} {pieces}");
            }
        }
        assert_eq!(Key::new("").as_bytes(), b"");
        assert_eq!(Key::new(&7_u8).as_bytes(), Key::new("7").as_bytes());
    }

    #[test]
    fn stored_key_has_the_bytes_of_the_text_and_three_words() {
        for len in [0, 1, SHORT - 1, SHORT, SHORT + 1, 200] {
            let text = "k".repeat(len);
            let stored = StoredKey::from(&Key::new(&text));
            assert_eq!(Borrow::<[u8]>::borrow(&stored), text.as_bytes());
            assert_eq!(matches!(stored, StoredKey::Short { .. }), len <= SHORT);
        }
        assert_eq!(size_of::<StoredKey>(), 3 * size_of::<usize>());
    }

    #[test]
    fn only_a_text_beyond_the_buffer_is_on_the_heap() {
        assert_eq!(Key::new(&"k".repeat(ON_STACK)).long.capacity(), 0);
        assert_ne!(Key::new(&"k".repeat(ON_STACK + 1)).long.capacity(), 0);
    }

    #[test]
    fn failing_display_gives_the_text_up_to_the_failure() {
        struct Fails;
        impl fmt::Display for Fails {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("part")?;
                Err(fmt::Error)
            }
        }
        assert_eq!(Key::new(&Fails).to_text(), "part");
    }
}
