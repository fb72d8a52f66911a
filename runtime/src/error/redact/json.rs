//! Secrets in JSON values.

use super::{
    detect::{claim::Claim, lookup::is_listed, names::Name},
    redactor::Redactor,
    sensitive::MARK,
    tables::{self, Weight},
};
use serde_json::{Map, Value};

impl Redactor {
    /// Replaces the secrets in a JSON value: whole values under secret names, and what
    /// [`text`](Self::text) finds in texts and keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// let mut value = serde_json::json!({"user": "ann", "token": "k1x9", "max_tokens": 100});
    /// Redactor::new().value(&mut value);
    /// assert_eq!(value, serde_json::json!({"user": "ann", "token": "[redacted]", "max_tokens": 100}));
    /// ```
    pub fn value(&self, value: &mut Value) {
        redact(value, self);
    }
}

/// Replaces the secrets in a JSON value.
pub(crate) fn value(value: &mut Value) {
    Redactor::current().value(value);
}

/// Returns an object without its secrets.
pub(crate) fn object(fields: Map<String, Value>) -> Value {
    let mut object = Value::Object(fields);
    value(&mut object);
    object
}

/// Walks the value with a list of its own, not by recursion: a value of any depth does.
fn redact(value: &mut Value, redactor: &Redactor) {
    // With each value: whether what it holds may leave without a look at the list of what may.
    let mut open = vec![(value, redactor.allows_all())];
    while let Some((value, is_allowed)) = open.pop() {
        match value {
            Value::String(text) => {
                let clean = if is_allowed {
                    redactor.scanned(text)
                } else {
                    redactor.text(text)
                };
                if clean != *text {
                    *text = clean.into_owned();
                }
            }
            Value::Array(items) => {
                pair_in_list(items, redactor);
                open.extend(items.iter_mut().map(|item| (item, is_allowed)));
            }
            Value::Object(fields) => {
                rename(fields, redactor);
                named_pair(fields, redactor);
                let is_secret = fields.get("kind").is_some_and(|kind| kind == "Secret");
                let is_web_key = fields.contains_key(tables::WEB_KEY.0);
                for (key, value) in fields {
                    let claim = claim(key, redactor);
                    let is_data = is_secret && is_key(key, tables::SECRET_DATA)
                        || is_web_key && is_listed(tables::WEB_KEY.1, key.as_bytes());
                    match claim {
                        Some(claim) if !spares(&claim, value) => *value = MARK.into(),
                        _ if is_data && !value.is_null() => *value = MARK.into(),
                        _ => {
                            let is_allowed =
                                is_allowed || redactor.allows(&Name::new(key.as_bytes()));
                            if !is_allowed && (value.is_number() || value.is_string()) {
                                *value = MARK.into();
                            }
                            open.push((value, is_allowed));
                        }
                    }
                }
            }
            Value::Number(_) if !is_allowed => *value = MARK.into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Returns `true` if a list has a key, in any case and with any separators.
fn is_key(key: &str, list: &[&str]) -> bool {
    is_listed(list, Name::new(key.as_bytes()).bytes())
}

/// Returns what the name of a key claims.
fn claim(key: &str, redactor: &Redactor) -> Option<Claim> {
    let name = Name::new(key.as_bytes());
    // Parameters of URLs are words of everyday language.
    let weight = redactor
        .names
        .weight(&name)
        .filter(|weight| *weight != Weight::Parameter)?;
    Some(Claim::from_name(&name, weight))
}

fn spares(claim: &Claim, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => {
            claim.counts
                || claim.weight == Weight::Key
                || (claim.weight != Weight::Added && number.as_u64().is_some_and(|n| n < 100))
        }
        Value::String(text) => claim.spares_quoted(text.as_bytes()),
        Value::Array(_) | Value::Object(_) => {
            claim.weight != Weight::Added && spares_all(claim, value) || is_empty(value)
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// How many values a list or object of types, reports or amounts has at most.
const MAX_SPARED: usize = 64;

/// Returns `true` if a list or object holds only types, reports and amounts. Numbers alone may be
/// the bytes of a secret.
fn spares_all(claim: &Claim, value: &Value) -> bool {
    let mut open = vec![value];
    let (mut has_text, mut count) = (false, 0);
    while let Some(value) = open.pop() {
        count += 1;
        let spared = match value {
            Value::Array(items) => {
                open.extend(items.iter().take(MAX_SPARED));
                true
            }
            Value::Object(fields) => {
                open.extend(fields.values().take(MAX_SPARED));
                true
            }
            Value::String(text) => {
                has_text = true;
                claim.spares_quoted(text.as_bytes())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        };
        if !spared || count > MAX_SPARED {
            return false;
        }
    }
    has_text
}

/// Hides the value in `["authorization", "value"]`, the form of a list of headers, and
/// `["--password", "value"]`, that of a command.
fn pair_in_list(items: &mut [Value], redactor: &Redactor) {
    if let [Value::String(key), value @ Value::String(_)] = &mut *items
        && let Some(claim) = claim(key, redactor)
        && !spares(&claim, value)
    {
        *value = MARK.into();
    }
    for at in 1..items.len() {
        let option = items[at - 1]
            .as_str()
            .and_then(|option| option.strip_prefix("--"));
        if let Some(claim) = option.and_then(|name| claim(name, redactor))
            && items[at].as_str().is_some_and(|value| {
                !value.starts_with('-') && !claim.spares_quoted(value.as_bytes())
            })
        {
            items[at] = MARK.into();
        }
    }
}

/// Hides the value in `{"name": "authorization", "value": ..}`.
fn named_pair(fields: &mut Map<String, Value>, redactor: &Redactor) {
    let name = fields
        .iter()
        .find(|(key, value)| is_key(key, tables::NAME_KEYS) && value.is_string());
    let claim = name.and_then(|(_, name)| claim(name.as_str()?, redactor));
    if let Some(mut claim) =
        claim.filter(|claim| !matches!(claim.weight, Weight::Key | Weight::Parameter))
    {
        claim.weight = Weight::Strong;
        for (key, value) in fields {
            if is_key(key, tables::VALUE_KEYS) && !spares(&claim, value) {
                *value = MARK.into();
            }
        }
    }
}

/// Replaces secrets in the keys themselves, as in a map from URLs to results.
fn rename(fields: &mut Map<String, Value>, redactor: &Redactor) {
    if fields
        .keys()
        .all(|key| redactor.scanned(key) == key.as_str())
    {
        return;
    }
    for (key, value) in std::mem::take(fields) {
        let bare = redactor.scanned(&key).into_owned();
        let mut name = bare.clone();
        let mut n = 2;
        while fields.contains_key(&name) {
            name = format!("{bare}#{n}");
            n += 1;
        }
        fields.insert(name, value);
    }
}
