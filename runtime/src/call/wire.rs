//! Remaining time of a call in the headers of requests: how a deadline reaches the callee.
//!
//! A caller sends the time that [remains](super::remaining) with the request, and the callee works
//! under the same deadline. A duration and no point in time travels, since the clocks of two
//! machines differ; what the network takes is therefore not counted. Nothing here depends on an
//! HTTP library. The layers of [`integrations`](crate::integrations) for axum, tower and reqwest
//! set and read such a header.

use crate::error::ConfigError;
use std::{borrow::Cow, fmt, time::Duration};

/// A header with the time that remains for a request: its name, and the form of its value.
///
/// A value is rounded down, so that a callee never gets more than what remains.
///
/// # Defaults
///
/// [`ENVOY`](Self::ENVOY).
///
/// # Examples
///
/// ```
/// use gardefou::call::wire::DeadlineHeader;
/// use std::time::Duration;
///
/// let header = DeadlineHeader::default();
/// let value = header.format(Duration::from_micros(2_500_900)).unwrap();
/// assert_eq!((header.name(), value.as_str()), ("x-envoy-expected-rq-timeout-ms", "2500"));
/// assert_eq!(header.parse(value.as_str().as_bytes()), Some(Duration::from_millis(2500)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeadlineHeader {
    name: Cow<'static, str>,
    format: DeadlineFormat,
}

/// The form of the value of a [`DeadlineHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadlineFormat {
    /// Whole milliseconds, at most 10 digits, as the Connect protocol limits them.
    Milliseconds,
    /// At most 8 digits and a unit, for example `250m`: `H`, `M`, `S`, `m`, `u` or `n`, from hours
    /// to nanoseconds; the form of gRPC over HTTP/2.
    Grpc,
}

/// The most digits of a value in milliseconds: <https://connectrpc.com/docs/protocol>.
const MAX_MILLIS_DIGITS: usize = 10;
/// The most digits of a value of gRPC: `TimeoutValue` in `PROTOCOL-HTTP2.md` of gRPC.
const MAX_GRPC_DIGITS: usize = 8;

/// The units of gRPC in nanoseconds, the finest first.
const GRPC_UNITS: [(u8, u128); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];

impl DeadlineHeader {
    /// `x-envoy-expected-rq-timeout-ms`: what Envoy, and the service meshes that are built on it, send
    /// to a service with each request that has a time limit. They set it anew on each hop, and take
    /// it from no client outside of the mesh.
    pub const ENVOY: Self = Self {
        name: Cow::Borrowed("x-envoy-expected-rq-timeout-ms"),
        format: DeadlineFormat::Milliseconds,
    };
    /// `grpc-timeout`, of gRPC over HTTP/2.
    pub const GRPC: Self = Self {
        name: Cow::Borrowed("grpc-timeout"),
        format: DeadlineFormat::Grpc,
    };
    /// `connect-timeout-ms`, of the Connect protocol.
    pub const CONNECT: Self = Self {
        name: Cow::Borrowed("connect-timeout-ms"),
        format: DeadlineFormat::Milliseconds,
    };

    /// Names another header.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] where the name is no name of a header: empty, or with other characters than
    /// ASCII letters, digits and ``!#$%&'*+-.^_`|~``. Letters become lower case, as HTTP/2 demands.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::wire::{DeadlineFormat, DeadlineHeader};
    ///
    /// let header = DeadlineHeader::new("X-Time-Left", DeadlineFormat::Milliseconds)?;
    /// assert_eq!(header.name(), "x-time-left");
    /// let err = DeadlineHeader::new("time left", DeadlineFormat::Grpc).unwrap_err();
    /// assert_eq!((err.field(), err.value()), ("deadline_header", "time left"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        format: DeadlineFormat,
    ) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.is_empty() || !name.bytes().all(is_token) {
            let rule = "must be the name of a header: ASCII letters, digits and !#$%&'*+-.^_`|~";
            return Err(ConfigError::new("deadline_header", name, rule));
        }
        let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name
        };
        Ok(Self { name, format })
    }

    /// Returns the name, in lower case.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::wire::DeadlineHeader;
    ///
    /// assert_eq!(DeadlineHeader::GRPC.name(), "grpc-timeout");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the form of the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::wire::{DeadlineFormat, DeadlineHeader};
    ///
    /// assert_eq!(DeadlineHeader::CONNECT.value_format(), DeadlineFormat::Milliseconds);
    /// ```
    #[must_use]
    pub fn value_format(&self) -> DeadlineFormat {
        self.format
    }

    /// Returns the value for the time that remains: rounded down to the unit, and to the largest
    /// value that the form has. Allocates nothing.
    ///
    /// `None` where less than one unit remains: the request must not be sent then, since the callee
    /// would get more than what remains, or nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::wire::DeadlineHeader;
    /// use std::time::Duration;
    ///
    /// let grpc = |remaining| DeadlineHeader::GRPC.format(remaining).map(|value| value.to_string());
    /// assert_eq!(grpc(Duration::from_millis(250)).as_deref(), Some("250000u"));
    /// assert_eq!(grpc(Duration::MAX).as_deref(), Some("99999999H"));
    /// assert_eq!(grpc(Duration::ZERO), None);
    /// assert_eq!(DeadlineHeader::ENVOY.format(Duration::from_micros(900)), None);
    /// ```
    #[must_use]
    pub fn format(&self, remaining: Duration) -> Option<DeadlineValue> {
        let nanos = remaining.as_nanos();
        match self.format {
            DeadlineFormat::Milliseconds => {
                DeadlineValue::new(nanos / 1_000_000, MAX_MILLIS_DIGITS, None)
            }
            DeadlineFormat::Grpc => {
                let fits = |(_, size): &&(u8, u128)| nanos / size < 10_u128.pow(8);
                let (unit, size) = GRPC_UNITS
                    .iter()
                    .find(fits)
                    .unwrap_or(&GRPC_UNITS[GRPC_UNITS.len() - 1]);
                DeadlineValue::new(nanos / size, MAX_GRPC_DIGITS, Some(*unit))
            }
        }
    }

    /// Returns the time that a value gives; `None` for a value that has not the form, whatever its
    /// bytes are.
    ///
    /// Zero is a time that is over. A value with more digits than the form allows is no value, nor
    /// is one with a sign, a fraction or white space.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::wire::DeadlineHeader;
    /// use std::time::Duration;
    ///
    /// let parse = |value: &str| DeadlineHeader::GRPC.parse(value.as_bytes());
    /// assert_eq!(parse("3S"), Some(Duration::from_secs(3)));
    /// assert_eq!(parse("0n"), Some(Duration::ZERO));
    /// for hostile in ["", "S", "3", "3s", "-3S", "+3S", "3.5S", " 3S", "123456789S", "3S, 9H"] {
    ///     assert_eq!(parse(hostile), None, "{hostile}");
    /// }
    /// ```
    #[must_use]
    pub fn parse(&self, value: &[u8]) -> Option<Duration> {
        match self.format {
            DeadlineFormat::Milliseconds => {
                digits(value, MAX_MILLIS_DIGITS).map(Duration::from_millis)
            }
            DeadlineFormat::Grpc => {
                let (unit, value) = value.split_last()?;
                let (_, size) = GRPC_UNITS.iter().find(|(name, _)| name == unit)?;
                let nanos = u128::from(digits(value, MAX_GRPC_DIGITS)?) * size;
                // At most 99,999,999 hours: the seconds are far from the end of `u64`.
                let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
                let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
                Some(Duration::new(seconds, rest))
            }
        }
    }
}

impl Default for DeadlineHeader {
    fn default() -> Self {
        Self::ENVOY
    }
}

/// Returns `true` for a character of a token of HTTP (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Returns the number that a text of one to `most` digits, and nothing else, gives.
fn digits(value: &[u8], most: usize) -> Option<u64> {
    if value.is_empty() || value.len() > most {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// The value of a [`DeadlineHeader`]: a text of ASCII digits, and of one letter where the form has
/// units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeadlineValue {
    bytes: [u8; Self::ROOM],
    length: u8,
}

impl DeadlineValue {
    const ROOM: usize = MAX_MILLIS_DIGITS + 1;

    /// Writes a number, or the largest one of `most` digits; `None` for zero.
    fn new(number: u128, most: usize, unit: Option<u8>) -> Option<Self> {
        let mut rest = u64::try_from(number)
            .unwrap_or(u64::MAX)
            .min(10_u64.pow(u32::try_from(most).ok()?) - 1);
        if rest == 0 {
            return None;
        }
        // From the last digit to the first one.
        let (mut reversed, mut length) = ([0; Self::ROOM], 0);
        if let Some(byte) = unit {
            reversed[length] = byte;
            length += 1;
        }
        while rest > 0 {
            reversed[length] = b"0123456789"[usize::try_from(rest % 10).ok()?];
            rest /= 10;
            length += 1;
        }
        reversed[..length].reverse();
        Some(Self {
            bytes: reversed,
            length: u8::try_from(length).ok()?,
        })
    }

    /// Returns the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::wire::DeadlineHeader;
    /// use std::time::Duration;
    ///
    /// let value = DeadlineHeader::CONNECT.format(Duration::from_secs(2));
    /// assert_eq!(value.unwrap().as_str(), "2000");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It is all ASCII.
        str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Display for DeadlineValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for DeadlineValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [DeadlineHeader; 3] = [
        DeadlineHeader::ENVOY,
        DeadlineHeader::GRPC,
        DeadlineHeader::CONNECT,
    ];

    #[test]
    fn grpc_takes_the_finest_unit_whose_number_has_eight_digits() {
        let format = |nanos: u64| {
            DeadlineHeader::GRPC
                .format(Duration::from_nanos(nanos))
                .unwrap()
                .to_string()
        };
        assert_eq!(format(1), "1n");
        assert_eq!(format(99_999_999), "99999999n");
        assert_eq!(format(100_000_000), "100000u");
        assert_eq!(format(99_999_999_999), "99999999u");
        assert_eq!(format(100_000_000_000), "100000m");
        assert_eq!(format(99_999_999_999_999), "99999999m");
        assert_eq!(format(100_000_000_000_000), "100000S");
        let seconds = |seconds| {
            DeadlineHeader::GRPC
                .format(Duration::from_secs(seconds))
                .unwrap()
                .to_string()
        };
        assert_eq!(seconds(99_999_999), "99999999S");
        assert_eq!(seconds(100_000_000), "1666666M");
        assert_eq!(seconds(60 * 100_000_000), "1666666H");
        assert_eq!(seconds(u64::MAX), "99999999H");
    }

    #[test]
    fn milliseconds_end_at_ten_digits() {
        let format = |remaining| {
            DeadlineHeader::ENVOY
                .format(remaining)
                .map(|value| value.to_string())
        };
        assert_eq!(format(Duration::from_nanos(999_999)), None);
        assert_eq!(
            format(Duration::from_nanos(1_999_999)).as_deref(),
            Some("1")
        );
        assert_eq!(format(Duration::MAX).as_deref(), Some("9999999999"));
        assert_eq!(
            DeadlineHeader::ENVOY.parse(b"9999999999"),
            Some(Duration::from_millis(9_999_999_999))
        );
        for hostile in [
            "",
            "-1",
            "+1",
            "1.5",
            "1e3",
            " 1",
            "1 ",
            "10000000000",
            "0x10",
            "1,1",
            "\u{661}",
            "infinity",
        ] {
            assert_eq!(
                DeadlineHeader::ENVOY.parse(hostile.as_bytes()),
                None,
                "{hostile}"
            );
        }
        assert_eq!(DeadlineHeader::ENVOY.parse(b"\xff1"), None);
    }

    proptest! {
        #[test]
        fn callee_gets_at_most_what_remains_and_loses_less_than_a_unit(seconds in 0..u64::MAX, nanos in 0..1_000_000_000_u32, shift in 0..64) {
            let remaining = Duration::new(seconds >> shift, nanos);
            for header in &ALL {
                let Some(value) = header.format(remaining) else {
                    prop_assert!(remaining < Duration::from_millis(1), "{remaining:?}");
                    continue;
                };
                let received = header.parse(value.as_str().as_bytes());
                prop_assert!(received.is_some_and(|received| received <= remaining && !received.is_zero()), "{remaining:?} {value}");
                // One part in a hundred thousand, or a millisecond.
                let lost = remaining - received.unwrap_or_default();
                let is_longest = matches!(value.as_str(), "9999999999" | "99999999H");
                prop_assert!(is_longest || lost <= Duration::from_millis(1).max(remaining / 100_000), "{remaining:?} {value}");
            }
        }

        #[test]
        fn no_bytes_are_parsed_into_more_than_the_form_allows(value in proptest::collection::vec(any::<u8>(), 0..20)) {
            for header in &ALL {
                let most = match header.value_format() {
                    DeadlineFormat::Milliseconds => Duration::from_millis(9_999_999_999),
                    DeadlineFormat::Grpc => Duration::from_secs(3600 * 99_999_999),
                };
                prop_assert!(header.parse(&value).is_none_or(|received| received <= most));
            }
        }

        #[test]
        fn digits_of_any_length_are_a_value_up_to_the_limit(text in "[0-9]{1,14}[HMSmun]?") {
            let is_grpc = !text.ends_with(|last: char| last.is_ascii_digit());
            let count = text.bytes().filter(u8::is_ascii_digit).count();
            prop_assert_eq!(DeadlineHeader::GRPC.parse(text.as_bytes()).is_some(), is_grpc && count <= 8);
            prop_assert_eq!(DeadlineHeader::CONNECT.parse(text.as_bytes()).is_some(), !is_grpc && count <= 10);
        }
    }
}
