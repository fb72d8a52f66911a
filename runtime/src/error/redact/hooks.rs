//! Addresses of web hooks whose path is the secret.

use super::shapes::MARK_BYTES;
use std::ops::Range;

/// Host and path up to where the secret begins.
const HOOKS: &[&[u8]] = &[
    b"hooks.slack.com/services/",
    b"hooks.slack.com/workflows/",
    b"hooks.slack.com/triggers/",
    b"hooks.zapier.com/hooks/catch/",
    b"discord.com/api/webhooks/",
    b"discordapp.com/api/webhooks/",
    b"webhook.office.com/webhookb2/",
    b"outlook.office.com/webhook/",
    b"api.telegram.org/bot",
    b"api.telegram.org/file/bot",
];

/// The secret path of a hook whose host begins at `start`, up to the end of the URL.
pub(super) fn path(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..];
    let is_here = |hook: &&&[u8]| rest.get(..hook.len()).is_some_and(|head| head.eq_ignore_ascii_case(hook));
    let from = start + HOOKS.iter().find(is_here)?.len();
    // Asked before the end is looked for: what is not hidden would be searched again.
    if bytes[from..].starts_with(MARK_BYTES) {
        return None;
    }
    let is_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b')');
    let len = bytes[from..].iter().position(is_end).unwrap_or(bytes.len() - from);
    let secret = &bytes[from..from + len];
    let len = secret.iter().rposition(|b| !matches!(b, b'.' | b',' | b';' | b':')).map_or(0, |last| last + 1);
    (len > 0).then_some(from..from + len)
}
