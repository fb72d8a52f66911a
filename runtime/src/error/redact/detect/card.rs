//! Numbers of payment cards.

use super::cursor::run;
use std::ops::Range;

/// First digits of card numbers, and how many digits they have.
const ISSUERS: &[(&str, usize)] = &[
    ("4", 16),
    ("51", 16),
    ("52", 16),
    ("53", 16),
    ("54", 16),
    ("55", 16),
    ("2221", 16),
    ("23", 16),
    ("24", 16),
    ("25", 16),
    ("26", 16),
    ("271", 16),
    ("2720", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("65", 16),
    ("35", 16),
    ("36", 14),
    ("38", 14),
    ("62", 16),
];

/// Adds each number that an issuer may have given, with a correct check digit. Blanks or dashes may
/// part its groups.
pub(super) fn secrets(bytes: &[u8], found: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(start) = bytes[at..]
        .iter()
        .position(u8::is_ascii_digit)
        .map(|step| at + step)
    {
        let end = number_end(bytes, start);
        at = end;
        let joins = |b: &u8| {
            b.is_ascii_alphanumeric()
                || matches!(b, b'.' | b'_' | b'-' | b'/' | b'+')
                || !b.is_ascii()
        };
        let stands_alone = !start
            .checked_sub(1)
            .is_some_and(|before| joins(&bytes[before]))
            && !bytes
                .get(end)
                .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if stands_alone && is_card(&bytes[start..end]) {
            found.push(start..end);
        }
    }
}

/// Returns the end of digits, in groups of four or more that single blanks or dashes part.
fn number_end(bytes: &[u8], start: usize) -> usize {
    let digits = |at: usize| run(&bytes[at..], u8::is_ascii_digit);
    let mut end = start + digits(start);
    let mut group = end - start;
    while group == 4 || group == 6 {
        let Some(b' ' | b'-') = bytes.get(end) else {
            break;
        };
        group = digits(end + 1);
        if !(3..=6).contains(&group) || end + 1 + group > start + 24 {
            break;
        }
        end += 1 + group;
    }
    end
}

fn is_card(number: &[u8]) -> bool {
    let digits = || number.iter().filter(|b| b.is_ascii_digit());
    let len = digits().count();
    let begins = |prefix: &str| prefix.as_bytes().iter().eq(digits().take(prefix.len()));
    let is_issued = ISSUERS
        .iter()
        .any(|(prefix, digits)| *digits == len && begins(prefix));
    let checked = |(i, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        if i % 2 == 0 {
            digit
        } else {
            digit * 2 % 10 + digit * 2 / 10
        }
    };
    let sum = || digits().rev().enumerate().map(checked).sum::<u32>();
    is_issued && sum().is_multiple_of(10)
}
