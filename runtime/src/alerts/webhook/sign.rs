//! Signatures of requests, by which a receiver verifies sender and time.

use crate::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{error::Error, fmt, time::Duration};

/// The value of the header `X-Gardefou-Signature`:
/// `t=<unix seconds>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`.
pub(super) fn signature(secret: &[u8], at: Timestamp, body: &[u8]) -> String {
    let seconds = at.as_unix_millis().div_euclid(1000);
    let tag: String = tag(secret, seconds, body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={seconds},v1={tag}")
}

/// Verifies the header `X-Gardefou-Signature` of a received notification: its body was signed with this
/// secret, at most `tolerance` before or after `now`. The comparison takes constant time.
///
/// # Errors
///
/// [`InvalidSignature`]: the header has another form, is too old or too new, or the body is not what was signed.
///
/// # Examples
///
/// ```
/// use gardefou::{alerts::verify_signature, time::Timestamp};
/// use std::time::Duration;
///
/// let header = "t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
/// let now = Timestamp::from_unix_millis(1_700_000_030_000);
/// let verify = |body: &[u8], tolerance| verify_signature(b"secret", header, body, now, tolerance);
/// assert!(verify(b"{}", Duration::from_secs(300)).is_ok());
/// assert!(verify(b"{ }", Duration::from_secs(300)).is_err());
/// assert!(verify(b"{}", Duration::from_secs(10)).is_err()); // it is 30 s old
/// ```
pub fn verify_signature(
    secret: &[u8],
    header: &str,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), InvalidSignature> {
    let (time, tag) = header.split_once(",v1=").ok_or(InvalidSignature)?;
    let seconds: i64 = time
        .strip_prefix("t=")
        .and_then(|t| t.parse().ok())
        .ok_or(InvalidSignature)?;
    let distance = now.as_unix_millis().div_euclid(1000).abs_diff(seconds);
    let given = unhex(tag).ok_or(InvalidSignature)?;
    let is_right = mac(secret, seconds, body).verify_slice(&given).is_ok();
    if is_right && distance <= tolerance.as_secs() {
        Ok(())
    } else {
        Err(InvalidSignature)
    }
}

/// The error of a notification that was not signed with this secret, or not within the tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSignature;

impl fmt::Display for InvalidSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature of the notification does not hold")
    }
}

impl Error for InvalidSignature {}

fn tag(secret: &[u8], seconds: i64, body: &[u8]) -> [u8; 32] {
    mac(secret, seconds, body).finalize().into_bytes().into()
}

fn mac(secret: &[u8], seconds: i64, body: &[u8]) -> Hmac<Sha256> {
    // HMAC takes a key of any length.
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret) {
        Ok(mac) => mac,
        Err(_) => Hmac::<Sha256>::new(&Default::default()),
    };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok());
    if rest.is_empty() {
        bytes.collect()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_500;

    #[test]
    fn signature_is_valid_for_its_secret_body_and_time_only() {
        let (now, minute) = (Timestamp::from_unix_millis(NOW), Duration::from_secs(60));
        let header = signature(b"secret", now, b"body");
        assert_eq!(
            verify_signature(b"secret", &header, b"body", now, minute),
            Ok(())
        );
        let late = Timestamp::from_unix_millis(NOW + 60_500);
        for (secret, body, now) in [
            (&b"other"[..], &b"body"[..], now),
            (b"secret", b"bodz", now),
            (b"secret", b"body", late),
        ] {
            assert_eq!(
                verify_signature(secret, &header, body, now, minute),
                Err(InvalidSignature)
            );
        }
        for odd in [
            "",
            "t=1",
            "t=x,v1=00",
            "t=1700000000,v1=0",
            "t=1700000000,v1=zz",
            "t=1700000000,v1=",
        ] {
            assert_eq!(
                verify_signature(b"secret", odd, b"body", now, minute),
                Err(InvalidSignature),
                "{odd}"
            );
        }
    }

    /// Pins the signed text; HMAC-SHA256 itself is tested by its crate.
    #[test]
    fn signed_text_is_the_time_a_dot_and_the_body() {
        let mut plain = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
        plain.update(b"1700000000.{}");
        let hex: String = plain
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            signature(b"secret", Timestamp::from_unix_millis(NOW), b"{}"),
            format!("t=1700000000,v1={hex}")
        );
    }
}
