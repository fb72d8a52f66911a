//! Identifiers of single errors.

use crate::{
    digits::{as_text, hexadecimal},
    rng,
    time::SharedClock,
};
use std::{error::Error, fmt, time::SystemTime};

/// The identity of one error: a version 7 UUID (RFC 9562), whose text sorts by time of creation.
///
/// It stands in every log line, alert, journal row and HTTP response about the error.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error::ErrorId};
///
/// let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
/// let read: ErrorId = err.id().to_string().parse()?;
/// assert_eq!(read, err.id());
/// # Ok::<(), gardefou::error::InvalidErrorId>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorId(u128);

impl ErrorId {
    /// Makes a fresh identifier.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::ErrorId;
    ///
    /// let (first, second) = (ErrorId::new(), ErrorId::new());
    /// assert_ne!(first, second);
    /// assert_eq!(first.to_string().parse(), Ok(first));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let since_epoch = SharedClock::current()
            .wall()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let millis = since_epoch.as_millis() & 0xFFFF_FFFF_FFFF;
        let random = (u128::from(rng::next_u64()) << 64) | u128::from(rng::next_u64());
        let version_and_variant = (0x7 << 76) | (0b10 << 62);
        let free_bits = (0xFFF << 64) | 0x3FFF_FFFF_FFFF_FFFF;
        Self((millis << 80) | version_and_variant | (random & free_bits))
    }

    /// Returns the 128 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::ErrorId;
    ///
    /// let id: ErrorId = "0190163d-8694-739b-aea5-966c26f8ad91".parse()?;
    /// assert_eq!(id.as_u128(), 0x0190163d_8694_739b_aea5_966c26f8ad91);
    /// # Ok::<(), gardefou::error::InvalidErrorId>(())
    /// ```
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// Returns the text, which is ASCII.
    fn to_ascii(self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let (high, low) = ((self.0 >> 64) as u64, self.0 as u64);
        hexadecimal(high >> 32, &mut text[..8]);
        hexadecimal(high >> 16, &mut text[9..13]);
        hexadecimal(high, &mut text[14..18]);
        hexadecimal(low >> 48, &mut text[19..23]);
        hexadecimal(low, &mut text[24..]);
        text
    }
}

impl Default for ErrorId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for ErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(as_text(&self.to_ascii()))
    }
}

impl std::str::FromStr for ErrorId {
    type Err = InvalidErrorId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 36 {
            return Err(InvalidErrorId);
        }
        let mut bits = 0;
        for (i, c) in text.chars().enumerate() {
            match (i, c.to_digit(16)) {
                (8 | 13 | 18 | 23, _) if c == '-' => {}
                (8 | 13 | 18 | 23, _) | (_, None) => return Err(InvalidErrorId),
                (_, Some(digit)) => bits = bits << 4 | u128::from(digit),
            }
        }
        Ok(Self(bits))
    }
}

impl serde_core::Serialize for ErrorId {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(as_text(&self.to_ascii()))
    }
}

impl<'de> serde_core::Deserialize<'de> for ErrorId {
    fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde_core::de::Error::custom)
    }
}

/// A text is not an error id: 32 hexadecimal digits in groups of 8-4-4-4-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidErrorId;

impl fmt::Display for InvalidErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error id is 32 hexadecimal digits in groups of 8-4-4-4-12")
    }
}

impl Error for InvalidErrorId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_a_version_7_uuid_and_reads_back() {
        let id = ErrorId::new();
        let text = id.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "7");
        assert!("89ab".contains(&text[19..20]), "{text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(
            serde_json::from_value::<ErrorId>(serde_json::json!(id)).unwrap(),
            id
        );
        for bad in [
            "not an id",
            "",
            &text[1..],
            &text.replace('-', "+"),
            &"é".repeat(18),
        ] {
            assert_eq!(bad.parse::<ErrorId>(), Err(InvalidErrorId), "{bad}");
        }
    }

    #[test]
    fn text_has_the_digits_of_all_bits() {
        for id in (0..1000)
            .map(|_| ErrorId::new())
            .chain([ErrorId(0), ErrorId(u128::MAX)])
        {
            let digits = id.to_string().replace('-', "");
            assert_eq!(digits, format!("{:032x}", id.as_u128()));
        }
    }

    #[test]
    fn hundred_thousand_ids_are_distinct() {
        let all: std::collections::HashSet<_> = (0..100_000).map(|_| ErrorId::new()).collect();
        assert_eq!(all.len(), 100_000);
    }
}
