//! Words of sentences, protocols and addresses.

/// Words that begin a report about a secret instead of being one: `password: must have 12 characters`.
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

/// Words before the name of a setting that an error is about: ``string "x", expected u16 for key `password` ``.
pub(crate) const SETTINGS: &[&str] = &[
    "key", "field", "property", "parameter", "variable", "option", "setting", "argument", "column", "attribute",
    "flag", "env",
];

/// Words after which a user and a password stand, with a colon or slash between them.
pub(crate) const LOGINS: &[&str] = &[
    "login", "logon", "signin", "credentials", "credential", "creds", "account", "auth", "with", "as", "userlist",
    "userinfo",
];

/// Segments of the paths of links after which a one-time token stands.
pub(crate) const LINKS: &[&str] = &[
    "reset", "passwordreset", "resetpassword", "verify", "verifyemail", "emailverify", "confirm", "confirmation",
    "confirmemail", "activate",
    "activation", "invite", "invites", "invitation", "invitations", "magic", "magiclink", "unsubscribe", "login",
    "signin", "token", "tokens", "share", "shared", "s", "join", "accept", "recover",
    "recovery", "unlock", "optout", "webhook", "webhooks", "hooks", "auth",
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
    /// Words, of which there are at least eight.
    Words,
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
    command(&["AUTH"], Take::Opaque),
    command(&["AUTH", "PLAIN"], Take::Opaque),
    command(&["AUTH", "LOGIN"], Take::Opaque),
    command(&["AUTH", "XOAUTH2"], Take::Opaque),
    command(&["AUTHENTICATE", "PLAIN"], Take::Opaque),
    command(&["PASS"], Take::Opaque),
    command(&["LOGIN"], Take::Opaque),
    phrase(&["rocommunity"], Take::Next),
    phrase(&["rwcommunity"], Take::Next),
    phrase(&["community"], Take::Opaque),
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
