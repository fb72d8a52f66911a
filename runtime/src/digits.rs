//! Digits of numbers in texts of a fixed length, without the machinery of `format!`.

/// Fills `places` with the last digits of a number, lower-case hexadecimal, zeros in front.
pub(crate) fn hexadecimal(mut number: u64, places: &mut [u8]) {
    for place in places.iter_mut().rev() {
        *place = b"0123456789abcdef"[(number & 0xF) as usize];
        number >>= 4;
    }
}

/// Fills `places` with the last digits of a number, decimal, zeros in front.
pub(crate) fn decimal(mut number: u32, places: &mut [u8]) {
    for place in places.iter_mut().rev() {
        *place = b"0123456789"[(number % 10) as usize];
        number /= 10;
    }
}

/// Returns bytes that are ASCII as a text.
pub(crate) fn as_text(bytes: &[u8]) -> &str {
    debug_assert!(bytes.is_ascii(), "{bytes:?}");
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_those_of_format(number: u64, small: u32) {
            let (mut hex, mut decimals) = ([b'x'; 16], [b'x'; 10]);
            hexadecimal(number, &mut hex);
            decimal(small, &mut decimals);
            prop_assert_eq!(as_text(&hex), format!("{number:016x}"));
            prop_assert_eq!(as_text(&decimals), format!("{small:010}"));
            hexadecimal(number, &mut hex[..3]);
            decimal(small, &mut decimals[..3]);
            prop_assert_eq!(as_text(&hex[..3]), format!("{:03x}", number & 0xFFF));
            prop_assert_eq!(as_text(&decimals[..3]), format!("{:03}", small % 1000));
        }
    }
}
