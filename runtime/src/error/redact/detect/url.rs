//! Passwords in addresses.

use super::{
    cursor::{self, after_last, is_quote, run, run_within},
    ends,
    scan::{Match, Scan},
    shape, tokens,
};
use crate::error::redact::sensitive::MARK_BYTES;
use std::ops::Range;

/// What is longer and stands alone before a host may be a token.
const MAX_USER: usize = 10;
/// Schemes whose `host:8080/path@x` is more likely than a password of digits and a slash.
const WEB: [&[u8]; 4] = [b"http", b"https", b"ws", b"wss"];
/// The form of an address of the drivers of Go: `user:password@tcp(host:port)/db`.
const NETWORKS: [&[u8]; 6] = [b"tcp", b"tcp4", b"tcp6", b"udp", b"unix", b"cloudsql"];
/// The form of those of Oracle: `jdbc:oracle:thin:user/password@host`.
const ORACLE: [&[u8]; 3] = [b"oracle:thin", b"oracle:oci", b"oracle:oci8"];

impl Scan<'_> {
    /// Finds the secret in `scheme://userinfo@host`: the whole userinfo, for tokens stand in the
    /// place of the user as well.
    pub(super) fn userinfo(&mut self, start: usize) -> Match {
        let bytes = self.bytes;
        let len = url_part(bytes, start, |b| matches!(b, b'/' | b'?' | b'#'));
        let authority = &bytes[start..start + len];
        if let Some(mut len) = authority.iter().rposition(|b| *b == b'@') {
            // A password may hold an `@` and a slash behind it.
            if !is_web(bytes, start - 3) {
                if self.last_host.0 <= start {
                    let end = start + url_part(bytes, start, |b| matches!(b, b'?' | b'#'));
                    let last = bytes[start..end]
                        .iter()
                        .rposition(|b| *b == b'@')
                        .map(|last| start + last);
                    self.last_host = (end, last.filter(|last| is_authority(&bytes[last + 1..end])));
                }
                len = self
                    .last_host
                    .1
                    .map_or(len, |last| len.max(last.saturating_sub(start)));
            }
            let user = &bytes[start..start + len];
            let is_user = user.len() <= MAX_USER && shape::is_plain(user) && !user.contains(&b':');
            let secret = !(is_user || matches!(user, b"" | MARK_BYTES));
            return if secret {
                Match::Secret(start..start + len)
            } else {
                Match::Skip(start + len)
            };
        }
        if let Some(secret) = tokens::web_hook(bytes, start) {
            return Match::Secret(secret);
        }
        let Some(colon) = authority.iter().rposition(|b| *b == b':') else {
            return Match::Skip(start);
        };
        // No port is made of anything but digits: this is a password with a slash in it, or a text
        // that was cut.
        let is_port = authority[colon + 1..]
            .iter()
            .all(|b| b.is_ascii_digit() || *b == b']');
        if !is_port && start + len == bytes.len() {
            return Match::Secret(start..bytes.len());
        }
        if self.no_at_before > start + colon || (is_port && is_web(bytes, start - 3)) {
            return Match::Skip(start);
        }
        let is_query = |b| is_port && matches!(b, b'?' | b'=' | b'&');
        let len = url_part(bytes, start, is_query);
        let is_userinfo = |at: &usize| {
            !is_port
                || bytes
                    .get(start + at + 1)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'[')
        };
        let last = (0..len)
            .rev()
            .find(|at| bytes[start + at] == b'@')
            .filter(is_userinfo);
        match last {
            Some(len) => Match::Secret(start..start + len),
            None => {
                self.no_at_before = start + len;
                Match::Skip(start)
            }
        }
    }

    /// Returns a password that follows a colon in an address without `//`.
    pub(super) fn after_colon(&mut self, at: usize) -> Match {
        if let Some(token) = tokens::bot_token(self.bytes, at) {
            return Match::Secret(token);
        }
        let ends_in = |name: &&[u8]| {
            at.checked_sub(name.len())
                .is_some_and(|from| self.bytes[from..at].eq_ignore_ascii_case(name))
        };
        if self.no_at_before > at || !ORACLE.iter().any(ends_in) {
            return Match::Nothing;
        }
        let start = at + 1;
        let len = url_part(self.bytes, start, |_| false);
        match self.bytes[start..start + len]
            .iter()
            .rposition(|b| *b == b'@')
        {
            Some(0) => Match::Nothing,
            Some(end) if self.bytes[start..start + end] == *MARK_BYTES => Match::Nothing,
            Some(end) => Match::Secret(start..start + end),
            // Cut off.
            None if len > 0 && start + len == self.bytes.len() => Match::Secret(start..start + len),
            None => {
                self.no_at_before = start + len;
                Match::Nothing
            }
        }
    }

    /// Finds the secret in `user:password@tcp(host)`.
    pub(super) fn before_network(&mut self, at: usize) -> Option<Range<usize>> {
        let rest = &self.bytes[at + 1..];
        let len = run_within(rest, 10, |b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if rest.get(len) != Some(&b'(') || !NETWORKS.contains(&&rest[..len]) {
            return None;
        }
        let from = self.done.max(self.looked_back);
        self.looked_back = at;
        let word = &self.bytes[from..at];
        let word = &word[after_last(word, u8::is_ascii_whitespace)..];
        // A quote before the user opens the text; one after the colon is part of the password.
        let last_colon = word.iter().rposition(|b| *b == b':')?;
        let head = &word[..last_colon];
        let user = after_last(head, |b| is_quote(*b));
        let colon = user + word[user..].iter().position(|b| *b == b':')?;
        let name = after_last(&word[user..colon], |b| matches!(b, b'=' | b'(' | b'['));
        let start = at - word.len() + user + name;
        (colon + 1 < word.len()).then_some(start..at)
    }
}

/// Returns `true` for `host:port` and `host:port/path`.
fn is_authority(text: &[u8]) -> bool {
    let host = run(text, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b',')
    });
    let port = text[host..]
        .strip_prefix(b":")
        .map(|rest| run(rest, u8::is_ascii_digit));
    host > 0
        && matches!(port, None | Some(1..))
        && text
            .get(host + port.map_or(0, |port| port + 1))
            .is_none_or(|b| matches!(b, b'/' | b',' | b':'))
}

fn is_web(bytes: &[u8], end: usize) -> bool {
    let len = bytes[..end]
        .iter()
        .rev()
        .take(8)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    WEB.iter()
        .any(|scheme| bytes[end - len..end].eq_ignore_ascii_case(scheme))
}

/// Returns how much of a URL stands here before it ends or `stops` returns `true`. A quote ends it
/// unless it is part of a password.
fn url_part(bytes: &[u8], start: usize, stops: impl Fn(u8) -> bool) -> usize {
    let ends = |at: usize| match bytes[at] {
        b if b.is_ascii_whitespace() => true,
        b'"' | b'\'' | b'`' | b'>' => ends::closes(bytes, at),
        b'<' => bytes.get(at + 1).is_none_or(|b| *b == b'/'),
        b'\\' => bytes
            .get(at + 1)
            .is_none_or(|b| matches!(b, b'"' | b'\'' | b'\\' | b'n' | b'r' | b't')),
        b => stops(b),
    };
    let len = (start..bytes.len())
        .position(ends)
        .unwrap_or(bytes.len() - start);
    cursor::count(len);
    len
}
