//! JSON schema of configuration files, for editors.

use super::catalogue::{GUARDS, SYSTEM, is_live};
use crate::overrides::{Kind, SettingInfo};
use serde_json::{Map, Value, json};

/// Returns the JSON schema (draft 7) of configuration files, with the settings that this version
/// knows. Editors that know TOML, for example with taplo, complete and check files by it.
///
/// # Examples
///
/// ```
/// let schema = gardefou::config::json_schema();
/// let breaker = &schema["properties"]["breaker"]["additionalProperties"]["properties"];
/// assert_eq!(breaker["failure_threshold"]["type"], "integer");
/// ```
#[must_use]
pub fn json_schema() -> Value {
    let mut properties = Map::new();
    for guard in GUARDS {
        let doc = format!(
            "Settings of each {} by its name, or by a pattern with `*`.",
            guard.noun
        );
        properties.insert(
            guard.name.to_owned(),
            json!({
                "description": doc,
                "type": "object",
                "additionalProperties": object(&(guard.settings)()),
            }),
        );
    }
    for section in SYSTEM {
        let settings: Vec<_> = section.settings.iter().map(|(_, info)| *info).collect();
        let mut schema = object(&settings);
        for (variable, info) in section.settings {
            if !is_live(variable) {
                let doc = format!("{} Holds from the next start on.", info.doc);
                schema["properties"][info.name]["description"] = doc.into();
            }
        }
        schema["description"] = section.doc.into();
        match section.name.split_once('.') {
            // A section comes before those in it.
            Some((outer, inner)) => properties[outer]["properties"][inner] = schema,
            None => drop(properties.insert(section.name.to_owned(), schema)),
        }
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "gardefou.toml",
        "description": "Settings of guards and of the error system of gardefou.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn object(settings: &[SettingInfo]) -> Value {
    let properties: Map<_, _> = settings
        .iter()
        .map(|info| {
            let mut schema = of_kind(info.kind);
            schema["description"] = info.doc.into();
            (info.name.to_owned(), schema)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Duration => json!({ "anyOf": [
            { "type": "number", "minimum": 0 },
            { "type": "string", "pattern": "^([0-9._]+ *(d|h|min|m|s|ms|us|µs|ns) *)+$" },
        ]}),
        Kind::Count => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Text | Kind::Secret => json!({ "type": "string" }),
        Kind::Rate => json!({ "type": "string", "pattern": "^ *[0-9_]+ */ *.+$" }),
        Kind::Window => json!({ "type": "string" }),
        Kind::Choice(names) => json!({ "type": "string", "enum": names }),
        Kind::Jitter(names) => json!({ "anyOf": [
            { "type": "boolean" },
            { "type": "number" },
            { "type": "string", "enum": names },
        ]}),
        Kind::Size => json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]+ *(KiB|MiB|GiB)?$" },
        ]}),
        Kind::Texts => json!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
        ]}),
    }
}
