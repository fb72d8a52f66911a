//! Names that announce a secret: `password`, `db_password`, `X-Api-Key`, `sslkey`, `accessToken`.

use std::ops::Range;

/// How a name's value is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The value is secret.
    Secret,
    /// The value is a header's: in a text it goes to the end of the line.
    Header,
    /// Secret because a user said so: no number under it is an amount.
    Added,
    /// A word of everyday language, secret only as a parameter of a URL.
    Parameter,
}

/// How many bytes of a name are looked at, from its end.
pub(super) const MAX_NAME: usize = 64;

/// Secret wherever they stand in a name.
const ANYWHERE: &[Part] = &[
    part("password"),
    part("passwd"),
    part("passphrase"),
    part("passcode"),
    part("pwd"),
    part("passwort"),
    part("motdepasse"),
    part("secret"),
    part("credential"),
    part("apikey"),
    part("privatekey"),
    part("accesskey"),
    part("signingkey"),
    part("encryptionkey"),
    part("masterkey"),
    part("authkey"),
    part("accountkey"),
    part("subscriptionkey"),
    part("functionskey"),
    part("sharedkey"),
    part("sslkey"),
    part("sshkey"),
    part("bearer"),
    part("connectionstring"),
];
/// Secret wherever it stands, with exceptions.
const TOKEN: Part = part("token");
/// Secret at the end of a name.
const AT_END: &[&str] =
    &["token", "tokens", "dsn", "jwt", "session", "sessions", "sessionid", "sessionkey", "sessid", "creds"];
/// Secret at the end of a name, where people write them without a separator; `pass` alone also ends `bypass`.
const GLUED: &[&str] = &[
    "dbpass",
    "dbpw",
    "sqlpass",
    "userpass",
    "userpw",
    "smtppass",
    "mailpass",
    "ftppass",
    "redispass",
    "ldappass",
    "rootpass",
    "adminpass",
    "loginpass",
    "proxypass",
    "keypass",
    "storepass",
];
/// Secret as the last word of a name, as in `smtp_pass` and `smtpPass`.
const LAST_WORD: &[&[u8]] = &[b"pass", b"pw"];
/// Whole names only.
const WHOLE: &[&str] = &["otp", "cvv", "cvc", "sid"];
/// Names of headers, wherever they stand in a name.
const HEADERS: &[Part] = &[part("authorization"), part("cookie")];
/// Parameters of URLs only.
const PARAMETERS: &[&str] = &["key", "sig", "signature", "auth", "hmac", "xamzsignature", "code", "assertion"];
/// The first words that make a number an amount rather than a secret: `max_tokens = 100`.
const AMOUNTS_BEGIN: &[&[u8]] = &[b"max", b"min", b"num"];
/// The last words that do: `password_min_length = 8`, `tokens: 512`.
const AMOUNTS_END: &[&[u8]] = &[
    b"max",
    b"min",
    b"count",
    b"limit",
    b"len",
    b"length",
    b"size",
    b"ttl",
    b"timeout",
    b"expiry",
    b"age",
    b"used",
    b"usage",
    b"remaining",
    b"tokens",
    b"sessions",
    b"cookies",
];
/// The ends of types that speak of a secret and hold none, as `TokenExpired(5s)`.
const FAILURES: &[&str] = &["error", "expired", "missing", "notfound"];
/// Ends of file names, which stand before a colon and a line number.
const FILES: &[&[u8]] = &[
    b"rs", b"py", b"go", b"js", b"ts", b"java", b"c", b"h", b"cpp", b"txt", b"json", b"toml", b"yaml", b"yml", b"log",
];

/// A part of a name, and the set of its letters.
struct Part {
    text: &'static str,
    letters: u32,
}

const fn part(text: &'static str) -> Part {
    let (bytes, mut letters, mut i) = (text.as_bytes(), 0, 0);
    while i < bytes.len() {
        letters |= letter(bytes[i]);
        i += 1;
    }
    Part { text, letters }
}

/// A set of one letter, or of none.
const fn letter(b: u8) -> u32 {
    if b.is_ascii_lowercase() { 1 << (b - b'a') } else { 0 }
}

/// A name in lower case without separators.
pub(super) struct Name {
    bytes: [u8; MAX_NAME],
    len: usize,
    /// The set of its letters: most names lack one of those that a listed part needs, which is told at once.
    letters: u32,
    /// Where its first word stands, behind the last dot of a path.
    first: Range<usize>,
    /// Where its last word begins.
    last: usize,
}

impl Name {
    /// Takes the last [`MAX_NAME`] bytes of a name.
    pub(super) fn of(raw: &[u8]) -> Self {
        let raw = &raw[raw.len().saturating_sub(MAX_NAME)..];
        let mut name = Self { bytes: [0; MAX_NAME], len: 0, letters: 0, first: 0..MAX_NAME, last: 0 };
        let mut separated = false;
        for (i, b) in raw.iter().enumerate() {
            if b.is_ascii() && !b.is_ascii_alphanumeric() {
                separated = true;
                if *b == b'.' {
                    name.first = name.len..MAX_NAME;
                }
                continue;
            }
            if (separated || (i > 0 && begins_word(raw, i))) && name.len > 0 {
                if name.len > name.first.start {
                    name.first.end = name.first.end.min(name.len);
                }
                name.last = name.len;
            }
            separated = false;
            let lower = b.to_ascii_lowercase();
            name.bytes[name.len] = lower;
            name.letters |= letter(lower);
            name.len += 1;
        }
        name.first.end = name.first.end.min(name.len);
        name
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(super) fn contains(&self, part: &str) -> bool {
        self.bytes().windows(part.len().max(1)).any(|window| window == part.as_bytes())
    }

    fn ends_with(&self, part: &str) -> bool {
        self.bytes().ends_with(part.as_bytes())
    }

    /// What the built-in lists say.
    pub(super) fn kind(&self) -> Option<Kind> {
        // Most words between separators are short.
        if self.len < 3 {
            return (self.bytes() == b"pw").then_some(Kind::Secret);
        }
        let has = |part: &Part| part.letters & !self.letters == 0 && self.contains(part.text);
        let listed = |names: &[&str]| names.iter().any(|name| self.bytes() == name.as_bytes());
        if HEADERS.iter().any(has) {
            Some(Kind::Header)
        } else if ANYWHERE.iter().any(has)
            || AT_END.iter().any(|part| self.ends_with(part))
            || (has(&TOKEN) && !["tokeniz", "tokenis", "tokentype", "tokenkind"].iter().any(|part| self.contains(part)))
            || GLUED.iter().any(|part| self.ends_with(part))
            || LAST_WORD.contains(&self.last_word())
            || listed(WHOLE)
        {
            Some(Kind::Secret)
        } else if listed(PARAMETERS) {
            Some(Kind::Parameter)
        } else {
            None
        }
    }

    fn last_word(&self) -> &[u8] {
        &self.bytes[self.last..self.len]
    }

    /// Whether a number under this name is an amount. Only whole words say so: `minio_password` is no minimum.
    pub(super) fn counts(&self) -> bool {
        AMOUNTS_BEGIN.contains(&&self.bytes[self.first.clone()]) || AMOUNTS_END.contains(&self.last_word())
    }

    /// Whether it is the name of a failure that has to do with a secret.
    pub(super) fn is_failure(&self) -> bool {
        FAILURES.iter().any(|part| self.ends_with(part))
    }

    /// Whether the name is one of a password, which texts also put before a quoted word without a separator.
    pub(super) fn is_password(&self) -> bool {
        ["passw", "passphrase", "passcode", "pwd", "secret"].iter().any(|part| self.contains(part))
    }
}

/// Tells whether a capital begins a word here, as in `smtpPass` and `APIKey`.
fn begins_word(raw: &[u8], i: usize) -> bool {
    let before = raw[i - 1];
    raw[i].is_ascii_uppercase()
        && (before.is_ascii_lowercase()
            || before.is_ascii_digit()
            || (before.is_ascii_uppercase() && raw.get(i + 1).is_some_and(u8::is_ascii_lowercase)))
}

/// Tells whether a name is a file's, as `src/token.rs`.
pub(super) fn is_file(raw: &[u8]) -> bool {
    let dot = raw.iter().rposition(|b| *b == b'.');
    dot.is_some_and(|dot| FILES.contains(&&raw[dot + 1..]))
}

/// Tells whether a byte can stand in a name.
pub(super) fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || !b.is_ascii()
}
