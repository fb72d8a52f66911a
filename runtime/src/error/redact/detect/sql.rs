//! Values in the texts of databases that belong to secret columns:
//! `INSERT INTO users (name, password) VALUES ('ann', 'x')`,
//! `Key (name, token)=(ann, x) already exists`.

use super::{
    claim::Claim,
    cursor::{self, find, until},
    names::{Name, NameRules},
    shape,
};
use crate::error::redact::tables::Weight;
use std::ops::Range;

/// How much of a statement is examined before and after `VALUES`.
const COLUMNS: usize = 512;
const VALUES: usize = 2048;

/// Returns the value of the first secret column in `(name, token)=(ann, x)`, whose `=` stands at
/// `at`.
pub(super) fn detail(bytes: &[u8], at: usize, names: &NameRules) -> Option<Range<usize>> {
    if at == 0 || bytes[at - 1] != b')' || bytes.get(at + 1) != Some(&b'(') {
        return None;
    }
    let head = &bytes[at.saturating_sub(COLUMNS)..at - 1];
    let columns = &head[head.iter().rposition(|b| *b == b'(')? + 1..];
    let is_secret =
        |claim: &Option<Claim>| claim.is_some_and(|claim| claim.weight != Weight::Parameter);
    let (place, claim) = claims(columns, names)
        .enumerate()
        .find(|(_, claim)| is_secret(claim))?;
    let claim = claim?;
    let spares = |value: &[u8]| {
        claim.spares_quoted(value) || (claim.weight == Weight::Weak && shape::is_number(value))
    };
    let rest = &bytes[at + 2..bytes.len().min(at + 2 + COLUMNS)];
    cursor::count(columns.len() + rest.len());
    let end = find(rest, b") ").unwrap_or_else(|| rest.strip_suffix(b")").unwrap_or(rest).len());
    let values = &rest[..end];
    let count = columns.split(|b| *b == b',').count();
    let mut start = 0;
    // Values with commas in them cannot be separated.
    let are_apart = values.windows(2).filter(|two| *two == b", ").count() + 1 == count;
    if !are_apart || count == 1 {
        return (!spares(values)).then_some(at + 2..at + 2 + end);
    }
    for _ in 0..place {
        start += find(&values[start..], b", ")? + 2;
    }
    let len = values[start..]
        .iter()
        .position(|b| *b == b',')
        .unwrap_or(end - start);
    (!spares(&values[start..start + len])).then_some(at + 2 + start..at + 2 + start + len)
}

/// Adds the values of secret columns that follow the word `VALUES`.
pub(super) fn secrets(
    bytes: &[u8],
    word: &Range<usize>,
    names: &NameRules,
    found: &mut Vec<Range<usize>>,
) {
    let from = word.start.saturating_sub(COLUMNS);
    let Some(head) = bytes[from..word.start].trim_ascii_end().strip_suffix(b")") else {
        return;
    };
    let Some(open) = head.iter().rposition(|b| *b == b'(') else {
        return;
    };
    let claims: Vec<_> = claims(&head[open + 1..], names).collect();
    if claims.iter().all(Option::is_none) {
        return;
    }
    let end = bytes.len().min(word.end + VALUES);
    let mut at = word.start + b"values".len();
    let (mut column, mut depth) = (0, 0_usize);
    while at < end {
        match bytes[at] {
            b'(' => {
                (column, depth) = if depth == 0 {
                    (0, 1)
                } else {
                    (column, depth + 1)
                }
            }
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            b',' if depth == 1 => column += 1,
            b',' => {}
            b if b.is_ascii_whitespace() => {}
            _ if depth == 0 => break,
            b @ (b'\'' | b'"') => {
                let len = until(&bytes[at + 1..end], |c| *c == b);
                let value = at + 1..at + 1 + len;
                let claim = claims.get(column).and_then(Option::as_ref);
                if claim.is_some_and(|claim| !claim.spares_quoted(&bytes[value.clone()])) {
                    found.push(value.clone());
                }
                at = value.end;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Returns what the names of columns claim of their values.
fn claims<'a>(columns: &'a [u8], names: &'a NameRules) -> impl Iterator<Item = Option<Claim>> + 'a {
    columns.split(|b| *b == b',').map(|column| {
        let name = Name::new(column.trim_ascii());
        let weight = names.weight(&name)?;
        Some(Claim::new(weight, name.counts()))
    })
}
