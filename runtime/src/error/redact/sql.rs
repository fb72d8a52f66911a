//! Values of an SQL statement that belong to secret columns: `INSERT INTO users (name, password) VALUES ('ann', 'x')`.

use super::{Redactor, looks::Claim, names::Name};
use std::ops::Range;

/// How much of a statement is looked at before and after `VALUES`.
const COLUMNS: usize = 512;
const VALUES: usize = 2048;

/// Adds the values of secret columns that follow the word `VALUES`.
pub(super) fn secrets(bytes: &[u8], word: &Range<usize>, redactor: &Redactor, found: &mut Vec<Range<usize>>) {
    let from = word.start.saturating_sub(COLUMNS);
    let Some(head) = bytes[from..word.start].trim_ascii_end().strip_suffix(b")") else { return };
    let Some(open) = head.iter().rposition(|b| *b == b'(') else { return };
    let claims: Vec<Option<Claim>> = head[open + 1..]
        .split(|b| *b == b',')
        .map(|column| {
            let name = Name::new(column.trim_ascii());
            redactor.weight(&name).map(|weight| Claim::new(weight, name.counts()))
        })
        .collect();
    if claims.iter().all(Option::is_none) {
        return;
    }
    let end = bytes.len().min(word.end + VALUES);
    let mut at = word.start + b"values".len();
    let (mut column, mut depth) = (0, 0_usize);
    while at < end {
        match bytes[at] {
            b'(' => (column, depth) = if depth == 0 { (0, 1) } else { (column, depth + 1) },
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            b',' if depth == 1 => column += 1,
            b',' => {}
            b if b.is_ascii_whitespace() => {}
            _ if depth == 0 => break,
            b @ (b'\'' | b'"') => {
                let len = bytes[at + 1..end].iter().position(|c| *c == b).unwrap_or(end - at - 1);
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
