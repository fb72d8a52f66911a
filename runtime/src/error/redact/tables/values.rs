//! Values that are no secrets, and words before values that are.

/// Ends of file names.
pub(crate) const FILES: &[&str] = &[
    "rs", "py", "go", "js", "ts", "tsx", "jsx", "mjs", "cjs", "java", "kt", "scala", "cs", "rb", "php", "c", "h",
    "cc", "cpp",
    "hpp", "swift", "ex", "exs", "txt", "md", "json", "toml", "yaml", "yml", "xml", "html", "css", "log", "pem", "crt",
    "cer", "p12", "pfx", "jks", "csv", "png", "jpg", "pdf", "tar", "gz", "zip", "lock", "cfg", "conf", "ini", "sql",
    "dll", "exe", "jar",
];

/// What stands in the place of a value, in any case.
pub(crate) const NOTHING: &[&str] = &[
    "none", "null", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "n/a", "na", "empty", "unset",
    "redacted",
    "hidden", "masked", "filtered", "omitted", "sensitive",
];

/// Beginnings of a stand-in for a value, or of a reference to one.
pub(crate) const REFERENCES: &[&str] = &[
    "${", "$(", "{{", "{%", "%(", "<", "your_", "your-", "my_", "my-", "vault:", "secretref:", "ssm:", "arn:",
    "op://", "env:", "env.",
    "file:", "secrets.", "var.", "vars.", "local.", "data.", "os.environ", "os.getenv", "process.env", "env!",
    "env::", "getenv",
    "std::env", "system.getenv", "@microsoft.keyvault", "***", "•", "…", "self.", "this.", "&",
];

/// Types, as they follow the name of a field or parameter.
pub(crate) const TYPES: &[&str] = &[
    "string", "str", "bool", "boolean", "int", "integer", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "f64",
    "float",
    "double", "number", "bytes", "byte", "char", "text", "varchar", "uuid", "blob", "object", "array", "any",
    "unknown", "void",
    "secretstring", "protectedstring", "securestring", "default", "optional", "option", "vec", "list", "map", "dict",
    "timestamp", "date", "enum", "file", "path",
];

/// Schemes of an `Authorization` header.
pub(crate) const SCHEMES: &[&str] = &[
    "bearer", "basic", "digest", "token", "negotiate", "ntlm", "apikey", "hawk", "oauth", "aws4-hmac-sha256",
    "sharedkey", "sharedaccesssignature",
    "aws", "key", "hmac", "dpop", "ghost", "splunk", "klaviyo-api-key", "gitlab",
];
