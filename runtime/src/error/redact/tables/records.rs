//! Keys of records whose values belong together.

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
