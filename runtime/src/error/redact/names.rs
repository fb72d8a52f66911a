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
const ANYWHERE: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "passwort",
    "motdepasse",
    "secret",
    "credential",
    "apikey",
    "privatekey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "authkey",
    "accountkey",
    "sharedkey",
    "sslkey",
    "sshkey",
    "bearer",
    "connectionstring",
];
/// Secret at the end of a name.
const AT_END: &[&str] = &["token", "tokens", "dsn", "jwt", "session", "sessions", "sessionid", "sessionkey", "sessid"];
/// Whole names only.
const WHOLE: &[&str] = &["pass", "otp", "cvv", "cvc", "sid"];
/// Names of headers, wherever they stand in a name.
const HEADERS: &[&str] = &["authorization", "cookie"];
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

/// A name in lower case without separators.
pub(super) struct Name {
    bytes: [u8; MAX_NAME],
    len: usize,
    /// Whether the name ends in `pass` as a word of its own, as `smtp_pass` and `smtpPass` but not `bypass`.
    ends_in_pass: bool,
}

impl Name {
    /// Takes the last [`MAX_NAME`] bytes of a name.
    pub(super) fn of(raw: &[u8]) -> Self {
        let raw = &raw[raw.len().saturating_sub(MAX_NAME)..];
        let (mut bytes, mut len) = ([0; MAX_NAME], 0);
        for b in raw.iter().filter(|b| b.is_ascii_alphanumeric() || !b.is_ascii()) {
            bytes[len] = b.to_ascii_lowercase();
            len += 1;
        }
        let ends_in_pass = match raw {
            [.., before, p, a, s, t] if [*p, *a, *s, *t].eq_ignore_ascii_case(b"pass") => {
                !before.is_ascii_alphanumeric() || (*p == b'P' && before.is_ascii_lowercase())
            }
            _ => false,
        };
        Self { bytes, len, ends_in_pass }
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
        let listed = |names: &[&str]| names.iter().any(|name| self.bytes() == name.as_bytes());
        if HEADERS.iter().any(|part| self.contains(part)) {
            Some(Kind::Header)
        } else if ANYWHERE.iter().any(|part| self.contains(part))
            || AT_END.iter().any(|part| self.ends_with(part))
            || (self.contains("token")
                && !["tokeniz", "tokenis", "tokentype", "tokenkind"].iter().any(|part| self.contains(part)))
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
