//! Names that announce a secret: `password`, `db_password`, `X-Api-Key`, `sslkey`, `accessToken`.

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
    part("sharedkey"),
    part("sslkey"),
    part("sshkey"),
    part("bearer"),
    part("connectionstring"),
];
/// Secret wherever it stands, with exceptions.
const TOKEN: Part = part("token");
/// Secret at the end of a name.
const AT_END: &[&str] = &["token", "tokens", "dsn", "jwt", "session", "sessions", "sessionid", "sessionkey", "sessid"];
/// Whole names only.
const WHOLE: &[&str] = &["pass", "otp", "cvv", "cvc", "sid"];
/// Names of headers, wherever they stand in a name.
const HEADERS: &[Part] = &[part("authorization"), part("cookie")];
/// Parameters of URLs only.
const PARAMETERS: &[&str] = &["key", "sig", "signature", "auth", "hmac", "xamzsignature"];
/// What makes a number an amount rather than a secret: `max_tokens = 100`, `password_min_length = 8`.
const AMOUNTS_BEGIN: &[&str] = &["max", "min", "num"];
const AMOUNTS_END: &[&str] =
    &["s", "count", "limit", "len", "length", "size", "ttl", "timeout", "expiry", "age", "used", "usage", "remaining"];
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
    /// Whether the name ends in `pass` as a word of its own, as `smtp_pass` and `smtpPass` but not `bypass`.
    ends_in_pass: bool,
}

impl Name {
    /// Takes the last [`MAX_NAME`] bytes of a name.
    pub(super) fn of(raw: &[u8]) -> Self {
        let raw = &raw[raw.len().saturating_sub(MAX_NAME)..];
        let (mut bytes, mut len, mut letters) = ([0; MAX_NAME], 0, 0);
        for b in raw.iter().filter(|b| b.is_ascii_alphanumeric() || !b.is_ascii()) {
            bytes[len] = b.to_ascii_lowercase();
            letters |= letter(bytes[len]);
            len += 1;
        }
        let ends_in_pass = match raw {
            [.., before, p, a, s, t] if [*p, *a, *s, *t].eq_ignore_ascii_case(b"pass") => {
                !before.is_ascii_alphanumeric() || (*p == b'P' && before.is_ascii_lowercase())
            }
            _ => false,
        };
        Self { bytes, len, letters, ends_in_pass }
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
        // The shortest listed name has three letters, and most words between separators are short.
        if self.len < 3 {
            return None;
        }
        let has = |part: &Part| part.letters & !self.letters == 0 && self.contains(part.text);
        let listed = |names: &[&str]| names.iter().any(|name| self.bytes() == name.as_bytes());
        if HEADERS.iter().any(has) {
            Some(Kind::Header)
        } else if ANYWHERE.iter().any(has)
            || AT_END.iter().any(|part| self.ends_with(part))
            || (has(&TOKEN) && !["tokeniz", "tokenis", "tokentype", "tokenkind"].iter().any(|part| self.contains(part)))
            || self.ends_in_pass
            || listed(WHOLE)
        {
            Some(Kind::Secret)
        } else if listed(PARAMETERS) {
            Some(Kind::Parameter)
        } else {
            None
        }
    }

    /// Whether a number under this name is an amount.
    pub(super) fn counts(&self) -> bool {
        !self.ends_with("pass")
            && (AMOUNTS_BEGIN.iter().any(|part| self.bytes().starts_with(part.as_bytes()))
                || AMOUNTS_END.iter().any(|part| self.ends_with(part)))
    }

    /// Whether the name is one of a password, which texts also put before a quoted word without a separator.
    pub(super) fn is_password(&self) -> bool {
        ["passw", "passphrase", "pwd", "secret"].iter().any(|part| self.contains(part))
    }
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
