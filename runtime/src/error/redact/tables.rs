//! What the rules know: names, words of prose, tokens, phrases, commands. A new secret is a new row here.
//!
//! Names and words are in lower case; those of names also without separators.

use super::names::Weight::{self, Header, Key, Parameter, Strong, Weak};

/// Where a row's text stands in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Anywhere: `password` in `db_password_old`.
    Any,
    /// At its end: `dbpass` in `OLD_DBPASS`.
    End,
    /// As its last word: `pass` in `smtp_pass`, not in `bypass`.
    LastWord,
    /// As the last of several words: `key` in `stripe_key`, not alone.
    LastOfMany,
    /// As the whole name.
    Whole,
}

/// A name that announces a secret, and how much has to be seen of a value before it is one.
pub(super) struct NameRow {
    pub(super) text: &'static str,
    pub(super) at: At,
    pub(super) weight: Weight,
    /// The set of its letters.
    pub(super) letters: u32,
}

const fn row(text: &'static str, at: At, weight: Weight) -> NameRow {
    let (bytes, mut letters, mut i) = (text.as_bytes(), 0, 0);
    while i < bytes.len() {
        letters |= super::names::letter(bytes[i]);
        i += 1;
    }
    NameRow { text, at, weight, letters }
}

/// The first row that fits decides.
pub(super) const NAMES: &[NameRow] = &[
    // Headers, whose value goes to the end of the line.
    row("authorization", At::Any, Header),
    row("cookie", At::Any, Header),
    // Passwords, in the languages of those who write configurations.
    row("password", At::Any, Strong),
    row("passwd", At::Any, Strong),
    row("passphrase", At::Any, Strong),
    row("passcode", At::Any, Strong),
    row("pwd", At::Any, Strong),
    row("passwort", At::Any, Strong),
    row("kennwort", At::Any, Strong),
    row("motdepasse", At::Any, Strong),
    row("contraseña", At::Any, Strong),
    row("contrasena", At::Any, Strong),
    row("wachtwoord", At::Any, Strong),
    row("paroladordine", At::Any, Strong),
    row("palavrapasse", At::Any, Strong),
    row("senha", At::LastWord, Strong),
    row("hasło", At::LastWord, Strong),
    row("heslo", At::LastWord, Strong),
    row("lösenord", At::LastWord, Strong),
    row("losenord", At::LastWord, Strong),
    row("salasana", At::LastWord, Strong),
    row("adgangskode", At::LastWord, Strong),
    row("jelszó", At::LastWord, Strong),
    row("şifre", At::LastWord, Strong),
    row("parola", At::Whole, Strong),
    row("пароль", At::Any, Strong),
    row("Пароль", At::Any, Strong),
    row("ПАРОЛЬ", At::Any, Strong),
    row("секрет", At::Any, Strong),
    row("κωδικός", At::Any, Strong),
    row("密码", At::End, Strong),
    row("密碼", At::End, Strong),
    row("口令", At::End, Strong),
    row("密钥", At::End, Strong),
    row("パスワード", At::End, Strong),
    row("暗証番号", At::End, Strong),
    row("비밀번호", At::End, Strong),
    row("암호", At::End, Strong),
    row("पासवर्ड", At::End, Strong),
    row("סיסמה", At::End, Strong),
    row("المرور", At::End, Strong),
    // Short forms of them, at the end of a name only: `pass` also ends `bypass`.
    row("dbpass", At::End, Strong),
    row("dbpw", At::End, Strong),
    row("sqlpass", At::End, Strong),
    row("userpass", At::End, Strong),
    row("userpw", At::End, Strong),
    row("smtppass", At::End, Strong),
    row("mailpass", At::End, Strong),
    row("ftppass", At::End, Strong),
    row("redispass", At::End, Strong),
    row("ldappass", At::End, Strong),
    row("rootpass", At::End, Strong),
    row("adminpass", At::End, Strong),
    row("loginpass", At::End, Strong),
    row("proxypass", At::End, Strong),
    row("keypass", At::End, Strong),
    row("storepass", At::End, Strong),
    row("requirepass", At::End, Strong),
    row("masterauth", At::End, Strong),
    row("pass", At::LastOfMany, Strong),
    row("pw", At::LastWord, Strong),
    row("pass", At::Whole, Weak),
    // Keys.
    row("apikey", At::Any, Strong),
    row("apitoken", At::Any, Strong),
    row("privatekey", At::Any, Strong),
    row("accesskey", At::Any, Strong),
    row("secretkey", At::Any, Strong),
    row("signingkey", At::Any, Strong),
    row("encryptionkey", At::Any, Strong),
    row("masterkey", At::Any, Strong),
    row("authkey", At::Any, Strong),
    row("accountkey", At::Any, Strong),
    row("subscriptionkey", At::Any, Strong),
    row("functionskey", At::Any, Strong),
    row("sharedkey", At::Any, Strong),
    row("presharedkey", At::Any, Strong),
    row("licensekey", At::Any, Strong),
    row("sslkey", At::Any, Strong),
    row("sshkey", At::Any, Strong),
    row("hmackey", At::Any, Strong),
    row("privateexponent", At::Any, Strong),
    row("clientkey", At::Any, Strong),
    row("xauth", At::Whole, Strong),
    row("recoverycode", At::End, Strong),
    row("recoverycodes", At::End, Strong),
    row("backupcode", At::End, Strong),
    row("backupcodes", At::End, Strong),
    row("psk", At::LastWord, Strong),
    // Numbers and phrases that open something.
    row("otp", At::Whole, Strong),
    row("totp", At::Whole, Strong),
    row("cvv", At::LastWord, Strong),
    row("cvv2", At::LastWord, Strong),
    row("cvc", At::LastWord, Strong),
    row("pin", At::Whole, Strong),
    row("pincode", At::End, Strong),
    row("cardpin", At::End, Strong),
    row("puk", At::Whole, Strong),
    row("pan", At::Whole, Weak),
    row("cardnumber", At::End, Strong),
    row("ssn", At::Whole, Strong),
    row("seedphrase", At::End, Strong),
    row("recoveryphrase", At::End, Strong),
    row("mnemonic", At::LastWord, Weak),
    row("communitystring", At::End, Strong),
    // Words that programs also use of things that are not secret.
    row("geheim", At::Any, Strong),
    row("secrète", At::Any, Weak),
    row("secret", At::Any, Weak),
    row("credential", At::Any, Weak),
    row("connectionstring", At::Any, Weak),
    row("bearer", At::Any, Weak),
    row("token", At::Any, Weak),
    row("dsn", At::End, Weak),
    row("jwt", At::End, Weak),
    row("session", At::End, Weak),
    row("sessions", At::End, Weak),
    row("sessionid", At::End, Weak),
    row("sessionkey", At::End, Weak),
    row("sessid", At::End, Weak),
    row("creds", At::End, Weak),
    row("sid", At::Whole, Weak),
    row("samlresponse", At::Whole, Weak),
    row("samlrequest", At::Whole, Weak),
    // Keys of whatever it may be.
    row("key", At::LastOfMany, Key),
    row("auth", At::LastWord, Key),
    row("salt", At::LastWord, Key),
    row("schlüssel", At::End, Key),
    row("clave", At::LastWord, Key),
    row("chiave", At::LastWord, Key),
    row("clé", At::LastWord, Key),
    row("ключ", At::LastWord, Key),
    row("hash", At::LastOfMany, Key),
    // Parameters of URLs only.
    row("key", At::Whole, Parameter),
    row("sig", At::Whole, Parameter),
    row("signature", At::Whole, Parameter),
    row("hmac", At::Whole, Parameter),
    row("xamzsignature", At::Whole, Parameter),
    row("xgoogsignature", At::Whole, Parameter),
    row("code", At::Whole, Parameter),
    row("assertion", At::Whole, Parameter),
    row("ticket", At::Whole, Parameter),
];

/// The last words of names that people write with blanks: `api key`, `mot de passe`.
pub(super) const LAST_OF_NAME: &[&str] = &[
    "key", "token", "passe", "ordine", "phrase", "number", "code", "codes", "string", "pin", "word",
];

/// Types of which a tuple in quotes holds a user and a password: `Basic("ann", "x")`.
pub(super) const TUPLES: &[&str] = &[
    "basic", "basicauth", "userpass", "userpassword", "usernamepassword", "login", "plainauth",
];

/// Names that programs also give to things of other kinds: as such, words of letters under them are no secrets.
pub(super) const COMMON: &[&str] = &["token", "tokens", "session", "sessions", "credential", "credentials"];

/// Names that contain one of the above and have nothing to do with it.
pub(super) const INNOCENT: &[&str] =
    &["secretar", "secretion", "tokeniz", "tokenis", "passenger", "passage", "cookiecutter", "cookiejar", "notoken"];

/// The last words of names of something about a secret: `private_key_path`, `token_url`, `password_strength`.
pub(super) const ABOUT: &[&str] = &[
    "path", "file", "filename", "dir", "directory", "folder", "url", "uri", "endpoint", "host", "port", "server",
    "name", "names",
    "type", "types", "kind", "class", "store", "domain", "secure", "samesite", "httponly", "provider", "providers",
    "policy",
    "field", "column", "table", "env", "var", "variable", "ref", "refs", "arn", "alg", "algo", "algorithm",
    "strength", "status",
    "state", "hint", "prefix", "expires", "expired", "expiration", "expiry", "at", "in", "version", "format",
    "header", "headers",
    "param", "parameter", "required", "enabled", "disabled", "valid", "invalid", "changed", "rotated", "issuer",
    "audience",
    "scope", "scopes", "fingerprint", "manager", "service", "error", "errors", "exception", "source", "method",
    "mode", "rotation",
    "validation", "validator", "parser", "stream", "filter", "handler", "bucket", "duration", "lifetime", "period",
    "usage",
    "position", "index", "offset", "line", "retries", "attempts", "total", "seconds", "interval", "mount", "volume",
    "backend",
    "engine", "label", "title", "description", "message", "placeholder", "reset", "history", "complexity", "id",
    "ids", "uid", "pair", "spec", "rs", "arity",
];

/// Names that end like those and are secret all the same.
pub(super) const ABOUT_AND_SECRET: &[&str] =
    &["sessionid", "secretid", "accesskeyid", "phpsessid", "jsessionid", "connectsid", "oauthtokensecret"];

/// The first words of names of something about a secret: `has_password`, `use_token`, `public_key`.
pub(super) const ABOUT_BEGIN: &[&str] = &[
    "has", "is", "use", "uses", "no", "need", "needs", "require", "requires", "allow", "skip",
];

/// What a word `key` belongs to that opens nothing.
pub(super) const PLAIN_KEYS: &[&str] = &[
    "public", "primary", "foreign", "partition", "sort", "cache", "object", "row", "routing", "lookup", "index",
    "unique",
    "group", "idempotency", "range", "hot", "shard", "map", "json", "yaml", "dict", "sorted", "duplicate", "unknown",
    "missing",
    "invalid", "the", "a", "this", "that", "of", "for", "no", "s3", "item", "config", "message", "event", "metric",
    "pub", "part",
    "check", "md5", "sha1", "sha256", "commit", "content", "file", "git", "tree", "block", "tx", "transaction",
    "build", "image",
    "package", "blob", "doc", "node", "key", "value", "query", "basic", "request", "registry", "dedup", "join",
    "grouping",
];

/// The first words that make a number an amount rather than a secret: `max_tokens = 100`.
pub(super) const AMOUNTS_BEGIN: &[&str] = &["max", "min", "num"];

/// The last words that do: `password_min_length = 8`, `tokens: 512`.
pub(super) const AMOUNTS_END: &[&str] = &[
    "max", "min", "count", "limit", "len", "length", "size", "ttl", "timeout", "expiry", "age", "used", "usage",
    "remaining",
    "tokens", "sessions", "cookies",
];

/// The ends of types that speak of a secret and hold none: `TokenExpired(5s)`.
pub(super) const FAILURES: &[&str] = &["error", "expired", "missing", "notfound", "invalid"];

/// Ends of file names.
pub(super) const FILES: &[&str] = &[
    "rs", "py", "go", "js", "ts", "tsx", "jsx", "mjs", "cjs", "java", "kt", "scala", "cs", "rb", "php", "c", "h",
    "cc", "cpp",
    "hpp", "swift", "ex", "exs", "txt", "md", "json", "toml", "yaml", "yml", "xml", "html", "css", "log", "pem", "crt",
    "cer", "p12", "pfx", "jks", "csv", "png", "jpg", "pdf", "tar", "gz", "zip", "lock", "cfg", "conf", "ini", "sql",
    "dll", "exe", "jar",
];

/// Keys whose value is the name of what stands under one of [`VALUE_KEYS`].
pub(super) const NAME_KEYS: &[&str] = &[
    "name", "key", "header", "field", "param", "parameter", "option", "variable", "setting", "attribute",
    "parameterkey", "parametername", "envname", "varname", "settingname",
];

/// Keys whose value is what the other one names.
pub(super) const VALUE_KEYS: &[&str] = &[
    "value", "inputvalue", "val", "defaultvalue", "stringvalue", "actualvalue", "parametervalue", "envvalue",
    "varvalue", "settingvalue",
];

/// Keys of an object of the kind `Secret` under which every value is secret.
pub(super) const SECRET_DATA: &[&str] = &["data", "stringdata"];

/// Keys of a JSON web key under which its private parts stand, and the key that every such key has.
pub(super) const WEB_KEY: (&str, &[&str]) = ("kty", &["k", "d", "p", "q", "dp", "dq", "qi"]);

/// Keys of files of private keys that are followed by lines of them, and the key that ends these.
pub(super) const KEY_LINES: (&str, &str) = ("privatelines", "private-mac");

/// What stands in the place of a value, in any case.
pub(super) const NOTHING: &[&str] = &[
    "none", "null", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "n/a", "na", "empty", "unset",
    "redacted",
    "hidden", "masked", "filtered", "omitted", "sensitive",
];

/// Beginnings of a stand-in for a value, or of a reference to one.
pub(super) const REFERENCES: &[&str] = &[
    "${", "$(", "{{", "{%", "%(", "<", "your_", "your-", "my_", "my-", "vault:", "secretref:", "ssm:", "arn:",
    "op://", "env:", "env.",
    "file:", "secrets.", "var.", "vars.", "local.", "data.", "os.environ", "os.getenv", "process.env", "env!",
    "env::", "getenv",
    "std::env", "system.getenv", "@microsoft.keyvault", "***", "•", "…", "self.", "this.", "&",
];

/// Types, as they follow the name of a field or parameter.
pub(super) const TYPES: &[&str] = &[
    "string", "str", "bool", "boolean", "int", "integer", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "f64",
    "float",
    "double", "number", "bytes", "byte", "char", "text", "varchar", "uuid", "blob", "object", "array", "any",
    "unknown", "void",
    "secretstring", "protectedstring", "securestring", "default", "optional", "option", "vec", "list", "map", "dict",
    "timestamp", "date", "enum", "file", "path",
];

/// Words that begin a report about a secret instead of being one: `password: must have 12 characters`.
pub(super) const REPORTS: &[&str] = &[
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
pub(super) const REPORT_ENDINGS: &[&str] = &["ed", "ing", "able", "ible", "less"];

/// Words before `token` and the like in the messages of parsers.
pub(super) const GRAMMAR: &[&str] = &[
    "unexpected", "expected", "expecting", "unknown", "unrecognized", "unrecognised", "illegal", "found", "next",
    "last", "current", "stray", "missing",
    "duplicate", "invalid", "bad", "input", "parse", "parsing", "let", "undeclared", "undefined", "start", "of",
    "each", "syntax", "lexer",
];

/// Schemes of an `Authorization` header.
pub(super) const SCHEMES: &[&str] = &[
    "bearer", "basic", "digest", "token", "negotiate", "ntlm", "apikey", "hawk", "oauth", "aws4-hmac-sha256",
    "sharedkey", "sharedaccesssignature",
    "aws", "key", "hmac", "dpop", "ghost", "splunk", "klaviyo-api-key", "gitlab",
];

/// Words between a name and its value: `password is x`, `secret set to x`, `key -> x`.
pub(super) const CONNECTORS: &[&str] = &[
    "is", "was", "set", "to", "value", "used", "as", "of", "->", "=>", "→", "=", ":", "with", "provided", "the",
    "tried", "given",
];

/// Words before the name of a setting that an error is about: ``string "x", expected u16 for key `password` ``.
pub(super) const SETTINGS: &[&str] = &[
    "key", "field", "property", "parameter", "variable", "option", "setting", "argument", "column", "attribute",
    "flag", "env",
];

/// Words after which a user and a password stand, with a colon or slash between them.
pub(super) const LOGINS: &[&str] = &[
    "login", "logon", "signin", "credentials", "credential", "creds", "account", "auth", "with", "as", "userlist",
    "userinfo",
];

/// Segments of the paths of links after which a one-time token stands.
pub(super) const LINKS: &[&str] = &[
    "reset", "passwordreset", "resetpassword", "verify", "verifyemail", "emailverify", "confirm", "confirmation",
    "confirmemail", "activate",
    "activation", "invite", "invites", "invitation", "invitations", "magic", "magiclink", "unsubscribe", "login",
    "signin", "token", "tokens", "share", "shared", "s", "join", "accept", "recover",
    "recovery", "unlock", "optout", "webhook", "webhooks", "hooks", "auth",
];

/// How many token bytes follow a beginning, and which.
pub(super) struct TokenRow {
    pub(super) prefix: &'static str,
    pub(super) least: usize,
}

const fn token(prefix: &'static str, least: usize) -> TokenRow {
    TokenRow { prefix, least }
}

/// Beginnings of tokens of well-known services. One that ends with a dot goes on after dots.
pub(super) const TOKENS: &[TokenRow] = &[
    token("AKIA", 16), token("ASIA", 16), token("LTAI", 12), token("AIza", 30), token("GOCSPX-", 8),
    token("ya29.", 10), token("1//0", 16), token("4/0A", 10),
    token("ghp_", 16), token("gho_", 16), token("ghu_", 16), token("ghs_", 16), token("ghr_", 16),
    token("github_pat_", 16),
    token("glpat-", 16), token("gldt-", 16), token("glrt-", 16), token("glsa_", 16), token("glcbt-", 16),
    token("glptt-", 16), token("glft-", 16), token("glc_", 16),
    token("xoxb-", 8), token("xoxp-", 8), token("xoxa-", 8), token("xoxs-", 8), token("xoxr-", 8), token("xoxe-", 8),
    token("xoxe.xoxp-", 8), token("xapp-", 8),
    token("sk_live_", 8), token("sk_test_", 8), token("rk_live_", 8), token("rk_test_", 8), token("whsec_", 8),
    token("sk-", 20), token("sq0atp-", 16), token("sq0csp-", 16),
    token("shpat_", 16), token("shpca_", 16), token("shppa_", 16), token("shpss_", 16), token("hf_", 20),
    token("hvs.", 20), token("hvb.", 20), token("s.", 24),
    token("npm_", 30), token("pypi-", 16), token("rubygems_", 16), token("dckr_pat_", 16), token("dop_v1_", 16),
    token("doo_v1_", 16), token("dor_v1_", 16), token("SG.", 16),
    token("dapi", 32), token("key-", 32), token("SK", 32), token("AGE-SECRET-KEY-1", 16), token("lin_api_", 16),
    token("dp.st.", 16), token("dp.pt.", 16), token("dp.sa.", 16),
    token("xkeysib-", 16), token("ATATT3", 16), token("ATBB", 16), token("figd_", 16), token("secret_", 24),
    token("ntn_", 24), token("sbp_", 24), token("pscale_tkn_", 16),
    token("PMAK-", 16), token("gsk_", 24), token("xai-", 24), token("pplx-", 24), token("r8_", 24),
    token("nvapi-", 24), token("NRAK-", 16), token("sntrys_", 24),
    token("nfp_", 24), token("SWMTKN-1-", 16), token("EAAC", 32), token("CFPAT-", 24), token("tskey-", 12),
    token("fo1_", 24), token("tfp_", 24), token("bkua_", 24),
    token("atlasv1.", 24), token("rpa_", 24), token("oy2", 40), token("eyJrIjoi", 24), token("ops_", 40),
    token("AQ.", 24), token("md5", 32),
];

/// Beginnings of hashes of passwords.
pub(super) const HASHES: &[&str] = &[
    "$argon2", "$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$", "$y$", "$7$", "$scrypt$", "$pbkdf2", "$apr1$", "{ssha",
    "{sha", "{md5}", "{crypt}", "scram-sha-",
];

/// Hosts and paths of web hooks, up to where the secret begins.
pub(super) const HOOKS: &[&str] = &[
    "hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/",
    "hooks.zapier.com/hooks/catch/", "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/", "webhook.office.com/webhookb2/", "outlook.office.com/webhook/",
    "api.telegram.org/bot", "api.telegram.org/file/bot",
    "maker.ifttt.com/trigger/", "chat.googleapis.com/v1/spaces/", "events.pagerduty.com/integration/",
    "hooks.teams.microsoft.com/",
];

/// What follows a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
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
pub(super) struct PhraseRow {
    pub(super) words: &'static [&'static str],
    /// Only as it is written here: a command of a protocol.
    pub(super) exact: bool,
    pub(super) take: Take,
}

const fn phrase(words: &'static [&'static str], take: Take) -> PhraseRow {
    PhraseRow { words, exact: false, take }
}

const fn command(words: &'static [&'static str], take: Take) -> PhraseRow {
    PhraseRow { words, exact: true, take }
}

pub(super) const PHRASES: &[PhraseRow] = &[
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

/// How an option of a program holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// In the next argument: `-p secret`.
    Next,
    /// In the same one: `-psecret`.
    Glued,
    /// In the same one or the next.
    Either,
    /// After the first of these bytes in the next argument: `-u user:secret`.
    After(u8),
    /// In the last argument that is no option, if there are as many: `htpasswd -b file user secret`.
    Positional(usize),
}

/// An option of some programs.
pub(super) struct OptionRow {
    pub(super) programs: &'static [&'static str],
    pub(super) option: &'static str,
    pub(super) holds: Holds,
}

const fn option(programs: &'static [&'static str], option: &'static str, holds: Holds) -> OptionRow {
    OptionRow { programs, option, holds }
}

/// Options with short names; long ones as `--password` give themselves away by their names.
pub(super) const OPTIONS: &[OptionRow] = &[
    option(&["curl", "wget"], "-u", Holds::After(b':')),
    option(&["curl"], "--user", Holds::After(b':')),
    option(&["curl"], "-U", Holds::After(b':')),
    option(&["curl"], "--proxy-user", Holds::After(b':')),
    option(&["http", "https", "httpie", "xh"], "-a", Holds::After(b':')),
    option(&["http", "https", "httpie", "xh"], "--auth", Holds::After(b':')),
    option(&["lftp"], "-u", Holds::After(b',')),
    option(&["smbclient", "rpcclient", "smbget", "net", "wmic", "winexe", "pth-winexe"], "-U", Holds::After(b'%')),
    option(
        &[
            "mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mariadb", "mariadb-dump", "mysqlsh",
        ],
        "-p",
        Holds::Glued,
    ),
    option(&["7z", "7za", "7zz"], "-p", Holds::Glued),
    option(&["rar", "unrar"], "-p", Holds::Glued),
    option(&["rar"], "-hp", Holds::Glued),
    option(
        &[
            "sshpass", "docker", "podman", "nerdctl", "helm", "buildah", "skopeo", "oras", "az", "oc", "cf", "mongo",
            "mongosh", "mongodump", "mongorestore", "mongoexport", "cqlsh", "rclone", "svn", "jfrog", "argocd",
            "vncpasswd", "clickhouse-client", "impala-shell", "twurl", "snowsql",
        ],
        "-p",
        Holds::Either,
    ),
    option(&["redis-cli", "keydb-cli", "valkey-cli"], "-a", Holds::Either),
    option(
        &[
            "ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami", "ldappasswd", "ldapcompare",
        ],
        "-w",
        Holds::Either,
    ),
    option(&["ldappasswd"], "-s", Holds::Either),
    option(
        &[
            "snmpget", "snmpwalk", "snmpset", "snmpbulkwalk", "snmptrap", "snmpbulkget", "snmpgetnext", "snmptable",
            "snmpinform",
        ],
        "-c",
        Holds::Either,
    ),
    option(&["snmpget", "snmpwalk", "snmpset", "snmpbulkwalk", "snmptrap", "snmpbulkget"], "-A", Holds::Next),
    option(&["snmpget", "snmpwalk", "snmpset", "snmpbulkwalk", "snmptrap", "snmpbulkget"], "-X", Holds::Next),
    option(
        &[
            "mosquitto_pub", "mosquitto_sub", "mosquitto_rr", "zip", "unzip", "sqlcmd", "bcp", "ipmitool", "isql",
            "tsql", "freetds", "fisql",
        ],
        "-P",
        Holds::Either,
    ),
    option(&["zip", "unzip"], "--password", Holds::Next),
    option(&["plink", "pscp", "psftp", "putty", "winscp"], "-pw", Holds::Next),
    option(&["openssl"], "-passin", Holds::After(b':')),
    option(&["openssl"], "-passout", Holds::After(b':')),
    option(&["openssl"], "-pass", Holds::After(b':')),
    option(&["openssl"], "-k", Holds::Next),
    option(&["openssl"], "-K", Holds::Next),
    option(&["mstsc", "xfreerdp", "wfreerdp", "xfreerdp3", "cmdkey", "psexec"], "/p:", Holds::Glued),
    option(&["cmdkey"], "/pass:", Holds::Glued),
    option(&["psexec", "xfreerdp"], "-p", Holds::Next),
    option(&["net"], "use", Holds::Positional(3)),
    option(&["htpasswd"], "-b", Holds::Positional(3)),
    option(&["htpasswd"], "-bc", Holds::Positional(3)),
    option(&["htpasswd"], "-nb", Holds::Positional(2)),
    option(&["nmcli", "networksetup"], "password", Holds::Next),
    option(&["expect", "kinit", "su"], "--password", Holds::Next),
];
