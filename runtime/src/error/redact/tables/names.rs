//! Names that announce a secret, names that only look like those, and keys of records.

use Weight::{Header, Key, Parameter, Strong, Weak};

/// How much has to be seen of what stands under a name before it is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A user added the name: whatever stands there.
    Added,
    /// Nothing but secrets has such a name: all but a report about it.
    Strong,
    /// Programs have tokens and sessions of other kinds: all but words of prose.
    Weak,
    /// As [`Weak`](Self::Weak), and the value of a header, in a text, goes to the end of the line.
    Header,
    /// Any kind of key: what looks random.
    Key,
    /// A word of everyday language, secret only as a parameter of a URL.
    Parameter,
}

/// Where a row's text stands in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
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
pub(crate) struct NameRow {
    pub(crate) text: &'static str,
    pub(crate) at: At,
    pub(crate) weight: Weight,
    /// The set of its letters.
    pub(crate) letters: u32,
}

/// Returns a set of one letter, or of none. All that is not ASCII counts as one letter.
pub(crate) const fn letter(b: u8) -> u32 {
    match b {
        b'a'..=b'z' => 1 << (b - b'a'),
        0x80.. => 1 << 26,
        _ => 0,
    }
}

const fn row(text: &'static str, at: At, weight: Weight) -> NameRow {
    let (bytes, mut letters, mut i) = (text.as_bytes(), 0, 0);
    while i < bytes.len() {
        letters |= letter(bytes[i]);
        i += 1;
    }
    NameRow { text, at, weight, letters }
}

/// The first row that fits decides.
pub(crate) const NAMES: &[NameRow] = &[
    // Headers, whose value goes to the end of the line.
    row("authorization", At::Any, Header),
    row("cookie", At::Any, Header),
    row("stripesignature", At::Any, Header),
    row("hubsignature", At::Any, Header),
    row("shopifyhmac", At::Any, Header),
    row("slacksignature", At::Any, Header),
    row("twiliosignature", At::Any, Header),
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
    row("lösenord", At::Any, Strong),
    row("losenord", At::Any, Strong),
    row("salasana", At::Any, Strong),
    row("adgangskode", At::Any, Strong),
    row("jelszó", At::LastWord, Strong),
    row("şifre", At::LastWord, Strong),
    row("parola", At::LastWord, Strong),
    row("密码是", At::End, Strong),
    row("密码为", At::End, Strong),
    row("密碼是", At::End, Strong),
    row("口令是", At::End, Strong),
    row("パスワードは", At::End, Strong),
    row("비밀번호는", At::End, Strong),
    row("mậtkhẩu", At::End, Strong),
    row("matkhau", At::End, Strong),
    row("katasandi", At::End, Strong),
    row("passord", At::Any, Strong),
    row("lozinka", At::LastWord, Strong),
    row("geslo", At::LastWord, Strong),
    row("parolă", At::LastWord, Strong),
    row("parool", At::LastWord, Strong),
    row("slaptažodis", At::LastWord, Strong),
    row("lykilorð", At::LastWord, Strong),
    row("contrasenya", At::LastWord, Strong),
    row("katalaluan", At::Any, Strong),
    row("парола", At::LastWord, Strong),
    row("лозинка", At::LastWord, Strong),
    row("πρόσβασης", At::End, Strong),
    row("عبور", At::End, Strong),
    row("รหัสผ่าน", At::End, Strong),
    row("zugangscode", At::Any, Strong),
    row("clavesecreta", At::Any, Strong),
    row("clésecrète", At::Any, Strong),
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
    row("rootpw", At::End, Strong),
    row("bindpw", At::End, Strong),
    row("secretorkey", At::Any, Strong),
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
    row("unsealkey", At::Any, Strong),
    row("pragmakey", At::Any, Strong),
    row("apischlüssel", At::Any, Strong),
    row("zugriffsschlüssel", At::Any, Strong),
    row("geheimschlüssel", At::Any, Strong),
    row("clédapi", At::Any, Strong),
    row("claveapi", At::Any, Strong),
    row("clavedeapi", At::Any, Strong),
    row("chiaveapi", At::Any, Strong),
    row("chaveapi", At::Any, Strong),
    row("chavedeapi", At::Any, Strong),
    row("apisleutel", At::Any, Strong),
    row("kluczapi", At::Any, Strong),
    row("apiキー", At::End, Strong),
    row("recoverykey", At::Any, Strong),
    row("deploykey", At::Any, Strong),
    row("serverkey", At::Any, Strong),
    row("honeycombteam", At::End, Strong),
    row("accesssign", At::End, Strong),
    row("sonarlogin", At::End, Strong),
    row("rememberme", At::Any, Weak),
    row("invitecode", At::End, Strong),
    row("invitationcode", At::End, Strong),
    row("activationcode", At::End, Strong),
    row("recoverycode", At::End, Strong),
    row("recoverycodes", At::End, Strong),
    row("backupcode", At::End, Strong),
    row("backupcodes", At::End, Strong),
    row("psk", At::End, Strong),
    row("codeverifier", At::End, Strong),
    row("psksecret", At::End, Strong),
    row("keymaterial", At::End, Strong),
    row("decryptionkey", At::Any, Strong),
    row("authtok", At::End, Strong),
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
    row("jeton", At::Any, Weak),
    row("devicecode", At::End, Weak),
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
    row("signature", At::LastOfMany, Key),
    row("signatureprovided", At::End, Key),
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
    row("magic", At::Whole, Parameter),
    row("magiclink", At::Whole, Parameter),
    row("otk", At::Whole, Parameter),
    row("appid", At::Whole, Parameter),
];

/// The last words of names that people write with blanks: `api key`, `mot de passe`.
pub(crate) const LAST_OF_NAME: &[&str] = &[
    "key", "token", "passe", "ordine", "phrase", "number", "code", "codes", "string", "pin", "word", "api", "secreta", "secrète",
];

/// Parts of names of passwords, which people choose: a word, perhaps with blanks.
pub(crate) const PASSWORDS: &[&str] = &[
    "passw", "passphrase", "passcode", "pwd", "secret", "kennwort", "motdepasse", "contraseña", "contrasena",
    "wachtwoord", "paroladordine", "palavrapasse", "senha", "hasło", "heslo", "lösenord", "losenord", "salasana",
    "adgangskode", "jelszó", "şifre", "parola", "пароль", "Пароль", "密码", "密碼", "口令", "パスワード", "비밀번호", "passord",
    "keypass", "rootpw", "licensekey", "recoverycode", "backupcode", "clavesecreta", "clésecrète", "storepass",
];

/// Names of pairs of a user and a password: `auth=("ann", "x")`.
pub(crate) const TUPLE_NAMES: &[&str] = &[
    "auth", "basicauth", "httpauth", "proxyauth", "credentials", "userpass", "creds", "login",
];

/// Names whose value may be a user and a password with a colon between them: `login=ann:x`.
pub(crate) const LOGIN_NAMES: &[&str] = &[
    "login", "userpwd", "userpass", "auth", "credentials", "creds", "user", "proxyuser", "proxyuserpwd", "basicauth",
    "users", "account", "basicauthuserinfo", "wsrepsstauth",
];

/// Those of them whose value is nothing else.
pub(crate) const SURE_LOGIN_NAMES: &[&str] = &["userpwd", "proxyuserpwd", "basicauthuserinfo", "wsrepsstauth"];

/// Types of which a tuple in quotes holds a user and a password: `Basic("ann", "x")`.
pub(crate) const TUPLES: &[&str] = &[
    "basic", "basicauth", "userpass", "userpassword", "usernamepassword", "login", "plainauth",
];

/// Names that programs also give to things of other kinds: as such, words of letters under them are
/// no secrets.
pub(crate) const COMMON: &[&str] = &["token", "tokens", "session", "sessions", "credential", "credentials"];

/// Names that contain one of the above and have nothing to do with it.
pub(crate) const INNOCENT: &[&str] =
    &["secretar", "secretion", "secretsmanager", "secretmanager", "secretkeyref", "tokeniz", "tokenis", "passenger", "passage", "cookiecutter", "cookiejar", "notoken", "locktoken"];

/// The last words of names of something about a secret: `private_key_path`, `token_url`,
/// `password_strength`.
pub(crate) const ABOUT: &[&str] = &[
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
    "ids", "uid", "pair", "spec", "rs", "arity", "encryption", "hashing", "encoder",
    "encoding", "hasher", "hashers", "validators", "encoders", "helper", "storage", "driver", "plugin", "request", "requests", "response", "list", "page", "form",
    "input", "prompt", "dialog", "screen", "stdin", "fd",
];

/// Names that end like those and are secret all the same.
pub(crate) const ABOUT_AND_SECRET: &[&str] =
    &["sessionid", "secretid", "accesskeyid", "phpsessid", "jsessionid", "connectsid", "oauthtokensecret", "samlresponse", "samlrequest"];

/// The first words of names of something about a secret: `has_password`, `use_token`, `public_key`.
pub(crate) const ABOUT_BEGIN: &[&str] = &[
    "has", "is", "use", "uses", "no", "need", "needs", "require", "requires", "allow", "skip",
];

/// What a word `key` belongs to that opens nothing.
pub(crate) const PLAIN_KEYS: &[&str] = &[
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
pub(crate) const AMOUNTS_BEGIN: &[&str] = &["max", "min", "num"];

/// The last words that do: `password_min_length = 8`, `tokens: 512`.
pub(crate) const AMOUNTS_END: &[&str] = &[
    "max", "min", "count", "limit", "len", "length", "size", "ttl", "timeout", "expiry", "age", "used", "usage",
    "remaining",
    "tokens", "sessions", "cookies",
];

/// The ends of types that speak of a secret and hold none: `TokenExpired(5s)`.
pub(crate) const FAILURES: &[&str] = &["error", "expired", "missing", "notfound", "invalid"];

/// Keys whose value is the name of what stands under one of [`VALUE_KEYS`].
pub(crate) const NAME_KEYS: &[&str] = &[
    "name", "key", "header", "field", "param", "parameter", "option", "variable", "setting", "attribute",
    "parameterkey", "parametername", "envname", "varname", "settingname", "path", "loc", "property", "fieldname",
];

/// Keys whose value is what the other one names.
pub(crate) const VALUE_KEYS: &[&str] = &[
    "value", "inputvalue", "val", "defaultvalue", "stringvalue", "actualvalue", "parametervalue", "envvalue",
    "varvalue", "settingvalue", "received", "input", "rejectedvalue", "actual",
];

/// Keys of an object of the kind `Secret` under which every value is secret.
pub(crate) const SECRET_DATA: &[&str] = &["data", "stringdata"];

/// Keys of a JSON web key under which its private parts stand, and the key that every such key has.
pub(crate) const WEB_KEY: (&str, &[&str]) = ("kty", &["k", "d", "p", "q", "dp", "dq", "qi"]);

/// Keys of files of private keys that are followed by lines of them, and the key that ends these.
pub(crate) const KEY_LINES: (&str, &str) = ("privatelines", "private-mac");
