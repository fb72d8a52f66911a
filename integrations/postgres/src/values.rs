//! Values in the binary form of PostgreSQL.

use bytes::BytesMut;
use gardefou::{error::ErrorId, time::Timestamp};
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

type Written = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// A `uuid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uuid(pub(crate) u128);

/// A `date`, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(pub(crate) i32);

/// A `timestamptz` of whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Timestamp);

/// A text of the type `json`.
#[derive(Clone, Debug)]
pub(crate) struct Json(pub(crate) String);

/// From 1970-01-01 to 2000-01-01, which the server counts from.
const DAYS_TO_2000: i32 = 10_957;
const MILLIS_TO_2000: i64 = DAYS_TO_2000 as i64 * 86_400_000;
const MILLIS_OF_DAY: u64 = 86_400_000;

impl From<ErrorId> for Uuid {
    fn from(id: ErrorId) -> Self {
        Self(id.as_u128())
    }
}

impl Uuid {
    /// Returns the UTC day on which a UUID of version 7 was made; `None` for another version.
    pub(crate) fn day(self) -> Option<Day> {
        let is_version_7 = self.0 >> 76 & 0xf == 7;
        // 48 bits of milliseconds are 3.3 million days.
        let days = (self.0 >> 80) as u64 / MILLIS_OF_DAY;
        is_version_7.then(|| Day(i32::try_from(days).unwrap_or(i32::MAX)))
    }
}

impl Day {
    /// Returns the text of the form `2026-12-01`.
    pub(crate) fn text(self) -> String {
        Timestamp::from_unix_millis(i64::from(self.0) * MILLIS_OF_DAY as i64).day()
    }

    /// Returns the end of the names of its tables, of the form `20261201`.
    pub(crate) fn suffix(self) -> String {
        self.text().replace('-', "")
    }
}

impl ToSql for Uuid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        out.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(UUID);
    to_sql_checked!();
}

impl ToSql for Day {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        out.extend_from_slice(&self.0.saturating_sub(DAYS_TO_2000).to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(DATE);
    to_sql_checked!();
}

impl ToSql for Time {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        let micros = (self.0.as_unix_millis() - MILLIS_TO_2000).saturating_mul(1000);
        out.extend_from_slice(&micros.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl ToSql for Json {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    accepts!(JSON);
    to_sql_checked!();
}

type Read<T> = Result<T, Box<dyn Error + Sync + Send>>;

impl<'a> FromSql<'a> for Uuid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Read<Self> {
        Ok(Self(u128::from_be_bytes(raw.try_into()?)))
    }

    accepts!(UUID);
}

impl<'a> FromSql<'a> for Day {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Read<Self> {
        let days = i32::from_be_bytes(raw.try_into()?);
        Ok(Self(days.saturating_add(DAYS_TO_2000)))
    }

    accepts!(DATE);
}

impl<'a> FromSql<'a> for Time {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Read<Self> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        let millis = micros.div_euclid(1000).saturating_add(MILLIS_TO_2000);
        Ok(Self(Timestamp::from_unix_millis(millis)))
    }

    accepts!(TIMESTAMPTZ);
}

/// Returns the text of an identity.
pub(crate) fn id_text(id: Uuid) -> String {
    let digits = format!("{:032x}", id.0);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups.map(|group| &digits[group]).join("-")
}

/// Replaces NUL, which no text of the server can hold, by U+FFFD, and ends a text after so many
/// bytes.
pub(crate) fn clean(text: &str, max_bytes: usize) -> String {
    let mut clean = clipped(text, max_bytes).replace('\0', "\u{fffd}");
    clean.truncate(clipped(&clean, max_bytes).len());
    clean
}

fn clipped(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Replaces the escape of NUL in a JSON text by that of U+FFFD: the server keeps it, and then fails to
/// read a field of the row.
pub(crate) fn clean_json(mut json: String) -> String {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return json;
    }
    let mut at = 0;
    while let Some(found) = json[at..].find('\\') {
        let begin = at + found;
        at = begin + 2;
        if json[begin..].starts_with(NUL) {
            json.replace_range(begin..begin + NUL.len(), "\\ufffd");
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_is_that_of_the_uuid_to_the_millisecond() {
        let id = |millis: u128| Uuid(millis << 80 | 7 << 76 | 2 << 62);
        let midnight = 1_796_083_200_000; // 2026-12-01
        let text = |millis| id(millis).day().map(Day::text);
        assert_eq!(text(midnight - 1).as_deref(), Some("2026-11-30"));
        assert_eq!(text(midnight).as_deref(), Some("2026-12-01"));
        assert_eq!(
            id(midnight).day().map(Day::suffix).as_deref(),
            Some("20261201")
        );
        assert_eq!(text(0).as_deref(), Some("1970-01-01"));
        assert!(id((1 << 48) - 1).day().is_some());
        assert_eq!(Uuid(4 << 76).day(), None, "no time in version 4");
    }

    #[test]
    fn nul_is_replaced_and_what_looks_like_it_is_not() {
        for text in ["a\0b", "\0", "\\u0000", "\\\\u0000 \0", "é\\\0\"\\", ""] {
            let json = serde_json::to_string(text).unwrap();
            let cleaned: String = serde_json::from_str(&clean_json(json)).unwrap();
            assert_eq!(cleaned, text.replace('\0', "\u{fffd}"));
        }
        assert_eq!(clean("aé\0", 2), "a", "not within a character");
        assert_eq!(clean("aé\0", 9), "aé\u{fffd}");
        assert_eq!(clean("a\0\0", 5), "a\u{fffd}");
    }

    #[test]
    fn text_of_an_identity_is_as_the_runtime_writes_it() {
        let id = ErrorId::new();
        assert_eq!(id_text(id.into()), id.to_string());
    }
}
