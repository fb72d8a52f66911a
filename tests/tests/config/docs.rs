//! The shipped example and the shipped schema.

use gardefou::{config::json_schema, system::ConfigFile};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::PathBuf};

fn docs(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(name)
}

fn example() -> String {
    fs::read_to_string(docs("gardefou.toml")).unwrap()
}

#[test]
fn shipped_schema_has_the_settings_that_are_known() {
    let known = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    let path = docs("gardefou.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &known).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), known);
}

#[test]
fn example_has_no_problems_and_every_setting() {
    let checked = ConfigFile::parse("gardefou.toml", &example());
    checked.unwrap();
    let document: Value = toml::from_str(&example()).unwrap();
    let schema = json_schema();
    let sections = schema["properties"].as_object().unwrap();
    for (section, schema) in sections {
        let settings = match schema["additionalProperties"].get("properties") {
            Some(of_a_guard) => of_a_guard,
            None => &schema["properties"],
        };
        for (setting, schema) in settings.as_object().unwrap() {
            let found = &document[section];
            let is_there = |found: &Value| found.get(setting).is_some();
            let is_in_one = found.as_object().unwrap().values().any(is_there);
            assert!(is_there(found) || is_in_one, "{section}.{setting}");
            for inner in schema["properties"]
                .as_object()
                .into_iter()
                .flat_map(|all| all.keys())
            {
                assert!(
                    found[setting].get(inner).is_some(),
                    "{section}.{setting}.{inner}"
                );
            }
        }
    }
}

/// The cells of the rows of a table whose first cell begins with a section in brackets.
fn rows_of_sections(page: &str) -> Vec<Vec<String>> {
    let rows = page.lines().filter(|line| line.starts_with("| `["));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn page_tells_which_settings_of_the_system_wait_for_the_next_start() {
    let page = fs::read_to_string(docs("configuration.md")).unwrap();
    let mut of_page = BTreeMap::new();
    for row in rows_of_sections(&page) {
        let [section, at_once, later] = &row[..] else {
            panic!("{row:?}")
        };
        let section = section.trim_matches(['`', '[', ']']);
        for (cell, waits) in [(at_once, false), (later, true)] {
            for name in cell.split(", ").filter(|name| !name.is_empty()) {
                let name = format!("{section}.{}", name.trim_matches('`'));
                assert_eq!(of_page.insert(name, waits), None);
            }
        }
    }
    let known = super::system::settings();
    let known = known
        .into_iter()
        .map(|(name, doc)| (name, doc.ends_with(super::system::WAITS)));
    assert_eq!(of_page, known.collect());
}

#[test]
fn example_marks_the_settings_that_wait_for_the_next_start() {
    let known = super::system::settings();
    let (mut section, mut all_wait) = (String::new(), false);
    let mut seen = 0;
    for line in example().lines() {
        if let Some((header, rest)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            (section, all_wait) = (header.to_owned(), rest.contains("(start)"));
        } else if let Some((name, _)) = line.split_once(" = ")
            && let Some(doc) = known.get(&format!("{section}.{name}"))
        {
            let waits = doc.ends_with(super::system::WAITS);
            assert_eq!(
                all_wait || line.contains("(start)"),
                waits,
                "{section}.{name}"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, known.len());
}

#[test]
fn schema_accepts_the_example_and_refuses_wrong_types_and_names() {
    let valid = |text: &str| check(&json_schema(), &toml::from_str(text).unwrap());
    assert_eq!(valid(&example()), Ok(()));
    for (text, path) in [
        ("[braeker.x]", "/braeker"),
        (
            "[breaker.x]\nfailure_treshold = 3",
            "/breaker/x/failure_treshold",
        ),
        (
            "[breaker.x]\nfailure_threshold = -1",
            "/breaker/x/failure_threshold",
        ),
        (
            "[breaker.x]\nfailure_threshold = \"3\"",
            "/breaker/x/failure_threshold",
        ),
        ("[breaker.x]\nstate = \"open\"", "/breaker/x/state"),
        ("[timeout.x]\nlimit = true", "/timeout/x/limit"),
        ("[alerts.mail]\nto = [1]", "/alerts/mail/to"),
        ("[alerts.post]\nto = \"x\"", "/alerts/post"),
        ("breaker = 1", "/breaker"),
    ] {
        assert_eq!(valid(text), Err(path.to_owned()), "{text}");
    }
}

/// Validates a value by the keywords of JSON schema that ours uses, except `pattern`; returns the
/// path of the first value that is wrong.
fn check(schema: &Value, value: &Value) -> Result<(), String> {
    let known = [
        "$schema",
        "title",
        "description",
        "type",
        "properties",
        "additionalProperties",
        "anyOf",
        "enum",
        "minimum",
        "maximum",
        "items",
        "pattern",
    ];
    let keywords = schema.as_object().unwrap();
    assert!(
        keywords.keys().all(|keyword| known.contains(&&**keyword)),
        "{schema}"
    );
    let wrong = Err(String::new());
    if let Some(kind) = schema.get("type") {
        let is_it = match kind.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("{other}"),
        };
        if !is_it {
            return wrong;
        }
    }
    let number = value.as_f64().unwrap_or_default();
    let is_below = schema
        .get("minimum")
        .is_some_and(|least| number < least.as_f64().unwrap());
    let is_above = schema
        .get("maximum")
        .is_some_and(|most| number > most.as_f64().unwrap());
    let is_other = schema
        .get("enum")
        .is_some_and(|all| !all.as_array().unwrap().contains(value));
    let forms = schema.get("anyOf").map(|all| all.as_array().unwrap());
    let is_none = forms.is_some_and(|forms| forms.iter().all(|form| check(form, value).is_err()));
    if is_below || is_above || is_other || is_none {
        return wrong;
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        let inner = schema["properties"]
            .get(name)
            .or(schema.get("additionalProperties"));
        let checked = match inner {
            Some(Value::Bool(false)) => Err(String::new()),
            Some(inner) => check(inner, value),
            None => Ok(()),
        };
        checked.map_err(|path| format!("/{name}{path}"))?;
    }
    for value in value.as_array().into_iter().flatten() {
        if (schema.get("items")).is_some_and(|items| check(items, value).is_err()) {
            return wrong;
        }
    }
    Ok(())
}
