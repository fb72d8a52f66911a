//! Words of sentences, protocols and addresses.

/// Words that begin a report about a secret instead of being one:
/// `password: must have 12 characters`.
pub(crate) const REPORTS: &[&str] = &[
    // verbs and what belongs to them
    "is", "are", "was", "were", "be", "been", "has", "have", "had", "must", "should", "shall", "may", "might", "can",
    "can't", "cannot",
    "could", "couldn't", "will", "won't", "would", "do", "does", "doesn't", "did", "didn't", "isn't", "wasn't",
    "needs", "need", "contains", "lacks", "got",
    // others that hold a sentence together
    "not", "no", "the", "a", "an", "this", "that", "your", "it", "its", "of", "for", "from", "to", "in", "on", "at",
    "by", "with", "without", "and",
    "or", "nor", "but", "if", "when", "as", "than", "too", "only", "at", "please", "all", "any", "some", "both",
    "one", "more", "less", "already", "yet", "none", "header",
    "user", "field", "value", "type", "see", "use", "using", "check", "try", "role", "such", "no", "unable", "wrong",
    "bad",
    // states
    "ok", "valid", "invalid", "empty", "blank", "short", "long", "weak", "strong", "unknown", "unset", "null",
    "absent", "present", "active", "inactive",
    "idle", "open", "stale", "ready", "new", "old", "public", "private", "primary", "secondary", "optional",
    "mandatory", "necessary",
    "incorrect", "insufficient", "different", "identical", "illegal", "unsafe", "secure", "insecure", "success",
    "failure", "error", "errors", "warning",
    "timeout", "denied", "forbidden", "unauthorized", "permission", "access", "login", "syntax", "parse", "mismatch",
    "lost", "sent", "set", "read", "write", "reset", "found", "gone",
    "reader", "writer", "admin", "key", "end", "eof", "bearer", "basic", "digest", "mfa", "sso", "jwt", "hs256",
    "rs256", "ident", "comma", "hash", "mail",
    // in other languages
    "muss", "ist", "nicht", "darf", "fehlt", "falsch", "ungültig", "doit", "est", "ne", "pas", "manquant", "invalide",
    "incorrecte", "debe", "es", "no", "falta",
    "incorrecta", "inválida", "inválido", "deve", "non", "é", "è", "não", "mancante", "errata", "onjuist", "moet",
    "musi", "должен", "неверный", "неверно",
];

/// Endings of such words: `expired`, `missing`, `unavailable`.
pub(crate) const REPORT_ENDINGS: &[&str] = &["ed", "ing", "able", "ible", "less"];

/// Words before `token` and the like in the messages of parsers.
pub(crate) const GRAMMAR: &[&str] = &[
    "unexpected", "expected", "expecting", "unknown", "unrecognized", "unrecognised", "illegal", "found", "next",
    "last", "current", "stray", "missing",
    "duplicate", "invalid", "bad", "input", "parse", "parsing", "let", "undeclared", "undefined", "start", "of",
    "each", "syntax", "lexer",
];

/// Words between a name and its value: `password is x`, `secret set to x`, `key -> x`.
pub(crate) const CONNECTORS: &[&str] = &[
    "is", "was", "set", "to", "value", "used", "as", "of", "->", "=>", "→", "=", ":", "with", "provided", "the",
    "tried", "given",
];

/// Words between the name of a password and the password.
pub(crate) const COPULAS: &[&str] = &[
    "is", "is:", "was", "was:", "=", ":", "->", "=>", "→", "lautet", "lautet:", "ist", "ist:", "war", "heißt", "est",
    "est:", "était", "es", "es:", "era", "è", "è:", "é", "é:", "foi", "är", "är:", "er", "jest", "fue", "は",
];

/// Words that make the one before them what a sentence is about.
pub(crate) const VERBS: &[&str] = &[
    "is", "was", "does", "did", "doesn't", "didn't", "isn't", "wasn't", "has", "ist", "war", "existiert", "est", "es", "no",
    "non", "is:", "didn", "could", "cannot", "failed", "rejected", "refused", "not",
];

/// Words in whose sentence a user and a password may stand with a slash between them:
/// `credentials ann / x`.
pub(crate) const PAIRED: &[&str] = &[
    "credentials", "credential", "creds", "login", "logon", "auth", "authentication", "zugangsdaten", "anmeldedaten",
    "identifiants", "credenciales", "credenziali", "inloggegevens", "auth-user-pass", "user", "username", "account",
];

/// Words before the name of a setting that is followed by its value: `npm config set x y`.
pub(crate) const SETTERS: &[&str] = &["set", "put", "setx", "setenv", "config:set", "--name", "-n"];

/// Words that have a number at their end and are no passwords: `sha256`.
pub(crate) const TECHNICAL: &[&str] = &[
    "base", "sha", "md", "utf", "oauth", "argon", "pbkdf", "aes", "rsa", "ntlm", "ntlmv", "bcrypt", "tls", "ssl", "http",
    "rfc", "iso", "ed", "ecdsa", "hs", "rs", "es", "ps", "ripemd", "blake", "des", "rc", "curve", "secp", "win", "ipv",
    "sql", "db", "ec", "log", "node", "python", "java", "web", "step", "line", "port", "slot", "char", "int", "uint",
    "float", "pkcs", "crc", "latin", "cp", "ascii", "id", "chapter", "attempt", "mysql", "server", "version", "release", "profile", "option", "ios", "macos", "postgresql", "mariadb", "x", "v", "h", "s", "p",
];

/// Words before the name of a setting that an error is about: ``string "x", expected u16 for key
/// `password` ``.
pub(crate) const SETTINGS: &[&str] = &[
    "key", "field", "property", "parameter", "variable", "option", "setting", "argument", "column", "attribute",
    "flag", "env",
];

/// Words before a command that a message advises.
pub(crate) const ADVICE: &[&str] = &["run", "running", "try", "use", "using", "execute", "with", "via", "call"];

/// Words after which a user and a password stand, with a colon or slash between them.
pub(crate) const LOGINS: &[&str] = &[
    "login", "logon", "signin", "attempt", "credentials", "credential", "creds", "account", "auth", "digest", "with", "as", "userlist",
    "userinfo", "-u", "--user", "--creds", "--src-creds", "--dest-creds", "--auth", "--proxy-user", "--basic-auth",
    "--userpass", "--proxy-auth", "-a", "--credentials", "--login",
];

/// Those of them after which a word with a number at its end is a password as well.
pub(crate) const SURE_LOGINS: &[&str] = &["auth", "digest", "credentials", "creds", "login", "attempt", "logon"];

/// Segments of the paths of links after which a one-time token stands.
pub(crate) const LINKS: &[&str] = &[
    "reset", "passwordreset", "resetpassword", "verify", "verifyemail", "emailverify", "confirm", "confirmation",
    "confirmemail", "activate",
    "activation", "invite", "invites", "invitation", "invitations", "magic", "magiclink", "unsubscribe", "login",
    "signin", "token", "tokens", "share", "shared", "s", "join", "accept", "recover",
    "recovery", "unlock", "optout", "webhook", "webhooks", "hooks", "auth", "t", "passwordless", "otp", "claim", "redeem", "ical",
];

/// What follows a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// The next word or quoted text.
    Next,
    /// The first of the next two words that looks like no word of prose.
    Opaque,
    /// The first number of the next three words.
    Number,
    /// A number of three or four digits.
    Code,
    /// Words, of which there are at least eight.
    Words,
    /// As [`Opaque`](Self::Opaque), or the second of two words if it may be a password.
    Second,
    /// The first of so many words that may be a password.
    Chosen(usize),
    /// The word at this place, if it is none of prose.
    Field(usize),
    /// What follows this byte in one of the next words.
    Behind(u8),
    /// As [`Opaque`](Self::Opaque), also in the lines below.
    Below,
    /// The next word, unless it begins a report.
    Word,
    /// What stands in brackets, if the name of a secret stands before:
    /// `field 'password': rejected value [x]`.
    Rejected,
}

/// Words after which a secret stands.
pub(crate) struct PhraseRow {
    pub(crate) words: &'static [&'static str],
    /// Only as it is written here: a command of a protocol.
    pub(crate) exact: bool,
    pub(crate) take: Take,
}

const fn phrase(words: &'static [&'static str], take: Take) -> PhraseRow {
    PhraseRow { words, exact: false, take }
}

const fn command(words: &'static [&'static str], take: Take) -> PhraseRow {
    PhraseRow { words, exact: true, take }
}

pub(crate) const PHRASES: &[PhraseRow] = &[
    phrase(&["identified", "by"], Take::Next),
    phrase(&["requirepass"], Take::Next),
    phrase(&["masterauth"], Take::Next),
    command(&["AUTH"], Take::Second),
    command(&["IDENTIFY"], Take::Second),
    phrase(&["use", "code"], Take::Number),
    phrase(&["tan"], Take::Number),
    phrase(&["cvc"], Take::Code),
    phrase(&["cvv"], Take::Code),
    phrase(&["cvv2"], Take::Code),
    phrase(&["csc"], Take::Code),
    phrase(&["enter", "code"], Take::Number),
    command(&["AUTH", "PLAIN"], Take::Opaque),
    command(&["AUTH", "LOGIN"], Take::Opaque),
    command(&["AUTH", "XOAUTH2"], Take::Opaque),
    command(&["AUTHENTICATE", "PLAIN"], Take::Opaque),
    command(&["PASS"], Take::Opaque),
    command(&["LOGIN"], Take::Second),
    command(&["PLAIN"], Take::Opaque),
    // Base64 of `Password:`, as mail servers prompt.
    command(&["UGFzc3dvcmQ6"], Take::Below),
    command(&["SETUSER"], Take::Behind(b'>')),
    phrase(&["user", "", "using"], Take::Chosen(1)),
    phrase(&["psk"], Take::Chosen(1)),
    phrase(&["xauth"], Take::Chosen(1)),
    phrase(&["chap-secrets"], Take::Field(3)),
    phrase(&["pap-secrets"], Take::Field(3)),
    phrase(&["convertto-securestring"], Take::Chosen(2)),
    phrase(&["rocommunity"], Take::Next),
    phrase(&["rwcommunity"], Take::Next),
    phrase(&["community"], Take::Opaque),
    phrase(&["snmp-server", "community"], Take::Next),
    phrase(&["community", "string"], Take::Chosen(1)),
    phrase(&["shared", "secret"], Take::Chosen(1)),
    phrase(&["insecure-password"], Take::Word),
    phrase(&["auth-pass"], Take::Field(2)),
    phrase(&["user", "", "pass"], Take::Next),
    phrase(&["user", "", "password"], Take::Next),
    phrase(&["username", "", "password"], Take::Next),
    phrase(&["login", "", "password"], Take::Next),
    phrase(&["rejected", "value"], Take::Rejected),
    phrase(&["2fa", "code"], Take::Number),
    phrase(&["mfa", "code"], Take::Number),
    phrase(&["sms", "code"], Take::Number),
    phrase(&["totp", "code"], Take::Number),
    phrase(&["verification", "code"], Take::Number),
    phrase(&["security", "code"], Take::Number),
    phrase(&["login", "code"], Take::Number),
    phrase(&["one-time", "code"], Take::Number),
    phrase(&["bestätigungscode"], Take::Number),
    phrase(&["sicherheitscode"], Take::Number),
    phrase(&["de", "vérification"], Take::Number),
    phrase(&["de", "verificación"], Take::Number),
    phrase(&["di", "verifica"], Take::Number),
    phrase(&["access", "code"], Take::Number),
    phrase(&["confirmation", "code"], Take::Number),
    phrase(&["authentication", "code"], Take::Number),
    phrase(&["one-time", "password"], Take::Number),
    phrase(&["otp"], Take::Number),
    phrase(&["pin"], Take::Number),
    phrase(&["mnemonic"], Take::Words),
    phrase(&["phrase"], Take::Words),
    phrase(&["seed"], Take::Words),
];
