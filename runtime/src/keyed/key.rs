//! Text of a key, on the stack while it is short, and its hash.

use foldhash::fast::RandomState;
use papaya::Equivalent;
use std::{
    fmt,
    hash::{BuildHasher, Hash, Hasher},
    sync::LazyLock,
};

/// Keys up to this length are looked up without an allocation.
const ON_STACK: usize = 128;

/// The text of a key, as its `Display` form writes it.
pub(crate) struct Key {
    hash: u64,
    /// In how many pieces it was written; most keys have one.
    pieces: usize,
    len: usize,
    bytes: [u8; ON_STACK],
    /// The whole text, once it is longer than the buffer.
    long: Vec<u8>,
}

/// The hash is not cryptographic, but its seed is random for each process, so that colliding keys
/// cannot be prepared; and the number of keys is bounded.
fn hash(text: &[u8]) -> u64 {
    static SEEDED: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    SEEDED.hash_one(text)
}

impl Key {
    /// Makes an empty text, to [`write`](Self::write) to. Apart from that, because a text that is
    /// returned is copied.
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self {
            hash: 0,
            pieces: 0,
            len: 0,
            bytes: [0; ON_STACK],
            long: Vec::new(),
        }
    }

    /// Writes the text of a key. One whose `Display` form fails has the text up to there.
    #[inline(always)]
    pub(crate) fn write(&mut self, key: &(impl fmt::Display + ?Sized)) -> &Self {
        let _ = fmt::write(self, format_args!("{key}"));
        if self.pieces != 1 {
            self.hash = hash(self.as_bytes());
        }
        self
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
        self.pieces += 1;
        if self.pieces == 1 {
            // Hashed where it was: what is read right after it was written in other units makes the
            // processor wait for everything before, such as the memory of the last lookup.
            self.hash = hash(text);
        }
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

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<StoredKey> for Key {
    #[inline]
    fn equivalent(&self, stored: &StoredKey) -> bool {
        stored.hash == self.hash
            && match &stored.text {
                // Of a known size, in line: what follows the text is zero in both.
                StoredText::Short { len, bytes } => {
                    usize::from(*len) == self.len
                        && self.bytes.first_chunk() == Some(bytes)
                        && self.long.is_empty()
                }
                StoredText::Long(bytes) => **bytes == *self.as_bytes(),
            }
    }
}

/// A key in the map.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct StoredKey {
    hash: u64,
    text: StoredText,
}

/// The text of a key in the map.
///
/// A short one stands in the entry itself: among 10,000 keys each pointer that a lookup follows is
/// likely to leave the processor's nearest caches.
#[derive(Clone, PartialEq, Eq)]
enum StoredText {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

/// With its length and the variant, three words.
const SHORT: usize = 22;

impl From<&Key> for StoredKey {
    fn from(key: &Key) -> Self {
        let text = key.as_bytes();
        let mut bytes = [0; SHORT];
        let text = match bytes.get_mut(..text.len()) {
            Some(free) => {
                free.copy_from_slice(text);
                let len = text.len() as u8;
                StoredText::Short { len, bytes }
            }
            None => StoredText::Long(text.into()),
        };
        Self {
            hash: key.hash,
            text,
        }
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may hold secrets.
        f.debug_struct("StoredKey").finish_non_exhaustive()
    }
}

impl Hash for StoredKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// The hash of a key that has one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hashed(u64);

impl BuildHasher for Hashed {
    type Hasher = Self;

    #[inline]
    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Hashed {
    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are hashed already")
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &(impl fmt::Display + ?Sized)) -> Key {
        let mut key = Key::new();
        key.write(text);
        key
    }

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
                assert_eq!(written(&key).to_text(), key.to_string(), "{len} {pieces}");
            }
        }
        assert_eq!(written("").as_bytes(), b"");
        let (whole, pieces) = (written(&"é".repeat(6)), written(&Pieces(2, 3)));
        assert!(pieces.equivalent(&StoredKey::from(&whole)));
        assert!(whole.equivalent(&StoredKey::from(&pieces)));
        assert_eq!(written(&7_u8).as_bytes(), written("7").as_bytes());
    }

    #[test]
    fn stored_key_has_the_bytes_of_the_text_and_three_words() {
        for len in [0, 1, SHORT - 1, SHORT, SHORT + 1, 200] {
            let text = "k".repeat(len);
            let stored = StoredKey::from(&written(&text));
            assert!(written(&text).equivalent(&stored));
            assert!(len == 0 || !written(&text.replacen('k', "l", 1)).equivalent(&stored));
            assert!(!written(&format!("{text}\0")).equivalent(&stored));
            assert_eq!(
                matches!(stored.text, StoredText::Short { .. }),
                len <= SHORT
            );
        }
        assert_eq!(size_of::<StoredText>(), 3 * size_of::<usize>());
    }

    #[test]
    fn only_a_text_beyond_the_buffer_is_on_the_heap() {
        assert_eq!(written(&"k".repeat(ON_STACK)).long.capacity(), 0);
        assert_ne!(written(&"k".repeat(ON_STACK + 1)).long.capacity(), 0);
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
        assert_eq!(written(&Fails).to_text(), "part");
    }
}
