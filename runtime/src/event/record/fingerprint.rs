//! Fingerprints: which errors form a group.

use crate::digits::{as_text, hexadecimal};
use std::{error::Error, fmt, str::FromStr};

/// The identity of a group of errors: equal for errors that are the same problem, on every machine
/// and in every run.
///
/// By default it is made of the code, the operation and the component, never of the message:
/// messages hold ids and times, and grouping by them would make each error a group of its own. An
/// error that should be apart carries a text under the detail
/// [`FINGERPRINT_DETAIL`](super::FINGERPRINT_DETAIL), or the monitor is given a function that
/// decides.
///
/// # Examples
///
/// ```
/// use gardefou::event::Fingerprint;
///
/// let tenant = Fingerprint::from_parts(&["DB_QUERY_ERROR", "tenant 7"]);
/// assert_eq!(tenant, Fingerprint::from_parts(&["DB_QUERY_ERROR", "tenant 7"]));
/// assert_ne!(tenant, Fingerprint::from_parts(&["DB_QUERY_ERRORtenant", " 7"]));
/// assert_eq!(tenant.to_string().parse(), Ok(tenant));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of all that found no room in a bounded table.
    pub const OTHER: Self = Self(0);

    /// Makes the fingerprint of a list of texts; their borders count.
    ///
    /// The first KiB of each text counts, and its length. No list of texts makes [`OTHER`](Self::OTHER).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::Fingerprint;
    ///
    /// assert_eq!(Fingerprint::from_parts(&["timeout", "eu"]), Fingerprint::from_parts(&["timeout", "eu"]));
    /// assert_ne!(Fingerprint::from_parts(&["ab", "c"]), Fingerprint::from_parts(&["a", "bc"]));
    /// ```
    #[must_use]
    pub fn from_parts(parts: &[&str]) -> Self {
        Self(
            parts
                .iter()
                .fold(SEED, |state, part| absorb(state, part))
                .max(1),
        )
    }

    pub(crate) const fn from_u64(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the 64 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::Fingerprint;
    ///
    /// let timeouts = Fingerprint::from_parts(&["timeout"]);
    /// assert_eq!(timeouts.to_string(), format!("{:016x}", timeouts.as_u64()));
    /// assert_eq!(Fingerprint::OTHER.as_u64(), 0);
    /// ```
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Returns the text, which is ASCII.
    fn to_ascii(self) -> [u8; 16] {
        let mut text = [0; 16];
        hexadecimal(self.0, &mut text);
        text
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(as_text(&self.to_ascii()))
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `from_str_radix` takes a sign too.
        let is_hex = text.len() == 16 && text.bytes().all(|c| c.is_ascii_hexdigit());
        let bits = u64::from_str_radix(text, 16).ok().filter(|_| is_hex);
        bits.map(Self).ok_or(InvalidFingerprint)
    }
}

impl serde_core::Serialize for Fingerprint {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(as_text(&self.to_ascii()))
    }
}

/// The error for a text that is not a fingerprint: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidFingerprint;

impl fmt::Display for InvalidFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint is 16 hexadecimal digits")
    }
}

impl Error for InvalidFingerprint {}

/// The detail of an [`AppError`](crate::AppError) whose text makes a group of its own: see
/// [`Fingerprint`]. A number or another JSON value stands for its text, `7` for `"7"`; null makes
/// no group.
pub const FINGERPRINT_DETAIL: &str = "fingerprint";

const SEED: u64 = 0x6761_7264_6566_6F75;
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// The key of one text in a bounded table: stable, spread over all bits, never 0.
pub(crate) fn key_of(text: &str) -> u64 {
    absorb(SEED, text).max(1)
}

/// Takes a text into a hash of 64 bits, eight bytes at a time; the length separates neighbours.
///
/// It need not resist attacks: if two texts collide, their groups are counted together, nothing
/// else.
fn absorb(state: u64, text: &str) -> u64 {
    // Of a name of megabytes, head and length are enough.
    let bytes = text.as_bytes();
    let mut state = state ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let bytes = &bytes[..bytes.len().min(1024)];
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let last = match bytes.last_chunk::<8>() {
        // The last bytes, without those that were taken: a copy of unknown length costs more than
        // the rest.
        Some(last) if !rest.is_empty() => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        Some(_) => 0,
        None => rest
            .iter()
            .rev()
            .fold(0, |last, byte| last << 8 | u64::from(*byte)),
    };
    // The last step of SplitMix64 spreads the difference of one bit over all.
    let mut mixed = mix(state, last);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn mix(state: u64, word: u64) -> u64 {
    (state ^ word).wrapping_mul(FACTOR).rotate_left(29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_names_have_distinct_keys() {
        let keys: std::collections::HashSet<u64> = (0..100_000)
            .map(|i| key_of(&format!("operation-{i}")))
            .collect();
        assert_eq!(keys.len(), 100_000);
        // Low and high bits both choose a slot in the table.
        let low: std::collections::HashSet<u64> = keys.iter().map(|key| key & 0xFFFF).collect();
        let high: std::collections::HashSet<u64> = keys.iter().map(|key| key >> 48).collect();
        assert!(
            low.len() > 50_000 && high.len() > 50_000,
            "{} {}",
            low.len(),
            high.len()
        );
    }

    #[test]
    fn fingerprints_are_the_same_in_every_run() {
        let known = Fingerprint::from_parts(&["DB_CONNECTION_ERROR", "load-users", "app::db"]);
        assert_eq!(known.to_string(), "4de9f12b60e2fca2");
        assert_eq!(
            "+000000000000001".parse::<Fingerprint>(),
            Err(InvalidFingerprint)
        );
    }
}
