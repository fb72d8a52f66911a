//! Options of programs that hold a secret: `mysql -px`, `curl -u ann:x`.

use super::{
    cursor::{after_last, contains, is_quote, until},
    lookup, shape,
    words::REACH,
};
use crate::error::redact::{
    sensitive::MARK_BYTES,
    tables::{self, Holds, OptionRow},
};
use std::ops::Range;

/// Adds what the options of a program hold, if a word is the name of one.
pub(super) fn secrets(bytes: &[u8], word: &Range<usize>, found: &mut Vec<Range<usize>>) {
    let path = &bytes[word.clone()];
    if path.len() > 64 {
        return;
    }
    let program = &path[after_last(path, |b| *b == b'/')..];
    let program = program.strip_suffix(b".exe").unwrap_or(program);
    if matches!(program, b"echo" | b"printf") {
        found.extend(piped(bytes, word.end));
        return;
    }
    if !lookup::PROGRAMS.may_have(program) {
        return;
    }
    let mut rows = tables::OPTIONS
        .iter()
        .filter(|row| row.programs.iter().any(|name| name.as_bytes() == program))
        .peekable();
    if rows.peek().is_none() {
        return;
    }
    let line = &bytes[word.end..bytes.len().min(word.end + REACH * 2)];
    let line = &line[..until(line, |b| matches!(b, b'\n' | b'|'))];
    for row in rows {
        found.extend(held(line, row).map(|range| word.end + range.start..word.end + range.end));
    }
}

/// Returns what `echo` writes into a program that reads a secret.
fn piped(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let line = &bytes[at..bytes.len().min(at + REACH * 2)];
    let line = &line[..until(line, |b| *b == b'\n')];
    let pipe = line.iter().position(|b| *b == b'|')?;
    let mut words = line[pipe + 1..]
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let reader = words.find(|word| !matches!(*word, b"sudo" | b"env"))?;
    let reader = if line[pipe + 1..].trim_ascii_start().starts_with(b"sudo -S") {
        b"sudo"
    } else {
        shape::trim(reader)
    };
    let rest = &line[pipe + 1..];
    let reads = |(name, needs): &&(&str, &str)| {
        name.as_bytes() == reader
            && (needs.is_empty()
                || rest
                    .split(u8::is_ascii_whitespace)
                    .any(|word| shape::trim(word) == needs.as_bytes()))
    };
    tables::READERS.iter().find(reads)?;
    let mut argument = argument(&line[..pipe], 0)?;
    while line[argument.clone()].starts_with(b"-") || line[argument.clone()].starts_with(b"%") {
        argument = self::argument(&line[..pipe], argument.end + 1)?;
    }
    let found = secret(line, argument)?;
    let text = &line[found.clone()];
    let user = if reader == b"chpasswd" {
        text.iter()
            .position(|b| *b == b':')
            .map_or(0, |colon| colon + 1)
    } else {
        0
    };
    Some(at + found.start + user..at + found.end)
}

/// Returns what an option holds, if it is in the line.
fn held(line: &[u8], row: &OptionRow) -> Option<Range<usize>> {
    let option = row.option.as_bytes();
    let mut is_given = option.is_empty();
    let mut plain = 0;
    let mut at = 0;
    while let Some(argument) = argument(line, at) {
        at = argument.end + 1;
        let text = &line[argument.clone()];
        let rest = text.strip_prefix(option);
        let glued = rest.filter(|rest| !rest.is_empty() && *rest != b"=");
        match row.holds {
            Holds::Glued | Holds::Either if glued.is_some() && !text.starts_with(b"--") => {
                let skip = option.len() + usize::from(text.get(option.len()) == Some(&b'='));
                return secret(line, argument.start + skip..argument.end);
            }
            Holds::After(separator) if is_given || glued.is_some() => {
                let Some(split) = text.iter().position(|b| *b == separator) else {
                    if option.is_empty() {
                        continue;
                    }
                    return None;
                };
                let is_elsewhere = matches!(&text[..split], b"env" | b"file" | b"fd" | b"");
                // `user/x@host`
                let host = if separator == b'/' {
                    text.iter().rposition(|b| *b == b'@')
                } else {
                    None
                };
                let end = host
                    .filter(|host| *host > split)
                    .map_or(argument.end, |host| argument.start + host);
                return if is_elsewhere {
                    None
                } else {
                    secret(line, argument.start + split + 1..end)
                };
            }
            Holds::Chosen
                if is_given
                    && !matches!(text.first(), Some(b'/' | b'\\' | b'-'))
                    && shape::is_chosen(text) =>
            {
                return secret(line, argument);
            }
            Holds::Next | Holds::Either if is_given => return secret(line, argument),
            Holds::Positional(place) if is_given && !text.starts_with(b"-") => {
                plain += 1;
                if plain == place {
                    // A word after a word may be one of a sentence.
                    let is_word =
                        !row.option.starts_with('-') && shape::is_plain(shape::trim(text));
                    return if is_word {
                        None
                    } else {
                        secret(line, argument)
                    };
                }
            }
            _ => {}
        }
        is_given |= rest == Some(b"") && row.holds != Holds::Glued;
    }
    None
}

/// Returns the next argument, without quotes around it and commas after it.
fn argument(line: &[u8], at: usize) -> Option<Range<usize>> {
    let is_between = |b: &u8| b.is_ascii_whitespace() || *b == b',';
    let start = at + line.get(at..)?.iter().position(|b| !is_between(b))?;
    let quote = line[start];
    if is_quote(quote) {
        let len = until(&line[start + 1..], |b| *b == quote);
        return Some(start + 1..start + 1 + len);
    }
    let is_end = |b: &u8| b.is_ascii_whitespace() || is_quote(*b);
    let len = until(&line[start..], is_end);
    Some(start..start + len)
}

/// Returns an argument, unless it is an option, a number, as in `-p 80:80`, a path or a stand-in.
fn secret(line: &[u8], argument: Range<usize>) -> Option<Range<usize>> {
    let text = &line[argument.clone()];
    let is_number = text
        .iter()
        .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'/'));
    let is_none = is_number
        || !text.iter().any(u8::is_ascii_alphanumeric)
        || contains(text, b"://")
        || text.starts_with(MARK_BYTES)
        || matches!(text.first(), None | Some(b'-' | b'$' | b'<'))
        || shape::is_path(text);
    (!is_none).then_some(argument)
}
