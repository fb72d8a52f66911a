//! Custom bodies of requests: JSON with placeholders.

use crate::{
    alerts::notification::{Notification, NotificationKind, cut},
    error::ConfigError,
};
use serde_json::{Map, Number, Value};

/// A custom body, parsed.
#[derive(Clone, PartialEq)]
pub(super) struct Template(Node);

/// JSON whose strings are parsed.
#[derive(Clone, PartialEq)]
enum Node {
    /// A value without a placeholder.
    Fixed(Value),
    /// A string that is one placeholder and nothing else: it has the type of its value, and is left
    /// out where there is none.
    Whole(Field),
    Text(Vec<Part>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

#[derive(Clone, PartialEq)]
enum Part {
    Fixed(String),
    Placeholder { field: Field, max: Option<usize> },
}

macro_rules! fields {
    ($($name:literal => $field:ident),* $(,)?) => {
        /// The field of a notification that a placeholder stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Field { $($field),* }

        impl Field {
            const NAMES: &[&str] = &[$($name),*];

            fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$field),)* _ => None }
            }
        }
    };
}

fields! {
    "title" => Title,
    "text" => Text,
    "level" => Level,
    "kind" => Kind,
    "status" => Status,
    "action" => Action,
    "rule" => Rule,
    "source" => Source,
    "id" => Id,
    "fingerprint" => Fingerprint,
    "timestamp" => Timestamp,
    "ended_at" => EndedAt,
    "suppressed" => Suppressed,
    "escalated" => Escalated,
    "duration" => Duration,
    "occurrences" => Occurrences,
    "code" => Code,
    "message" => Message,
    "operation" => Operation,
    "location" => Location,
    "error_id" => ErrorId,
    "notification" => Notification,
}

/// The longest text that a placeholder can ask for.
const MAX_LENGTH: usize = 100_000;
/// The longest template.
const MAX_TEMPLATE: usize = 65_536;

impl Template {
    /// Parses a template. Its text is in no error, since it may hold a key of the service.
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.len() > MAX_TEMPLATE {
            return Err(problem(
                &format!("({} bytes)", text.len()),
                "must have at most 65,536 bytes",
            ));
        }
        let json: Value = serde_json::from_str(text)
            .map_err(|err| problem("(hidden)", &format!("must be JSON: {err}")))?;
        node(json).map(Self)
    }

    /// Fills in a notification.
    pub(super) fn body(&self, notification: &Notification) -> String {
        fill(&self.0, notification).unwrap_or_default().to_string()
    }
}

fn problem(value: &str, rule: &str) -> ConfigError {
    ConfigError::new("template", value, rule)
}

fn node(json: Value) -> Result<Node, ConfigError> {
    match json {
        Value::String(text) => text_node(text),
        Value::Array(items) => items
            .into_iter()
            .map(node)
            .collect::<Result<_, _>>()
            .map(Node::List),
        Value::Object(members) => {
            let members = members
                .into_iter()
                .map(|(key, value)| match key.contains("{{") {
                    true => Err(problem("(a key)", "must have placeholders in values alone")),
                    false => Ok((key, node(value)?)),
                });
            members.collect::<Result<_, _>>().map(Node::Map)
        }
        other => Ok(Node::Fixed(other)),
    }
}

fn text_node(text: String) -> Result<Node, ConfigError> {
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once("{{") {
        let (inside, behind) = behind
            .split_once("}}")
            .ok_or_else(|| problem("{{", "must close each `{{` with `}}`"))?;
        if !before.is_empty() {
            parts.push(Part::Fixed(before.to_owned()));
        }
        parts.push(placeholder(inside)?);
        rest = behind;
    }
    match parts[..] {
        [] => return Ok(Node::Fixed(Value::String(text))),
        [Part::Placeholder { field, max: None }] if rest.is_empty() => {
            return Ok(Node::Whole(field));
        }
        _ => {}
    }
    if !rest.is_empty() {
        parts.push(Part::Fixed(rest.to_owned()));
    }
    Ok(Node::Text(parts))
}

fn placeholder(inside: &str) -> Result<Part, ConfigError> {
    let shown = || format!("{{{{{}}}}}", cut(&inside.escape_debug().to_string(), 60));
    let (name, length) = match inside.split_once(':') {
        Some((name, length)) => (name, Some(length)),
        None => (inside, None),
    };
    let field = Field::from_name(name.trim()).ok_or_else(|| {
        problem(
            &shown(),
            &format!("must name one of {}", Field::NAMES.join(", ")),
        )
    })?;
    let max = length.map(|length| {
        let legal = length
            .trim()
            .parse()
            .ok()
            .filter(|max| (1..=MAX_LENGTH).contains(max));
        legal.ok_or_else(|| {
            problem(
                &shown(),
                "must have a length from 1 to 100,000 characters behind the colon",
            )
        })
    });
    Ok(Part::Placeholder {
        field,
        max: max.transpose()?,
    })
}

/// Returns the JSON of a node; `None` for a placeholder without a value.
fn fill(node: &Node, notification: &Notification) -> Option<Value> {
    Some(match node {
        Node::Fixed(value) => value.clone(),
        Node::Whole(field) => return value_of(*field, notification),
        Node::Text(parts) => Value::String(
            parts
                .iter()
                .map(|part| part_text(part, notification))
                .collect(),
        ),
        Node::List(items) => items
            .iter()
            .map(|item| fill(item, notification).unwrap_or_default())
            .collect(),
        Node::Map(members) => {
            let filled = members
                .iter()
                .filter_map(|(key, node)| Some((key.clone(), fill(node, notification)?)));
            Value::Object(filled.collect::<Map<_, _>>())
        }
    })
}

fn part_text(part: &Part, notification: &Notification) -> String {
    let (field, max) = match part {
        Part::Fixed(text) => return text.clone(),
        Part::Placeholder { field, max } => (*field, *max),
    };
    let text = match value_of(field, notification) {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    max.map_or_else(|| text.clone(), |max| cut(&text, max))
}

fn value_of(field: Field, notification: &Notification) -> Option<Value> {
    let is_over = notification.kind == NotificationKind::Recovery;
    let error = notification.error.as_ref();
    Some(match field {
        Field::Title => notification.title.clone().into(),
        Field::Text => notification.to_text().into(),
        Field::Level => notification.level.name().into(),
        Field::Kind => notification.kind.name().into(),
        Field::Status => if is_over { "resolved" } else { "firing" }.into(),
        Field::Action => if is_over { "resolve" } else { "trigger" }.into(),
        Field::Rule => notification.rule.clone().into(),
        Field::Source => notification.shown_source().into(),
        Field::Id => notification.id.to_string().into(),
        Field::Fingerprint => notification.fingerprint.to_string().into(),
        Field::Timestamp => notification.timestamp.to_string().into(),
        Field::EndedAt => is_over.then(|| notification.timestamp.to_string())?.into(),
        Field::Suppressed => notification.suppressed.into(),
        Field::Escalated => notification.escalated.into(),
        Field::Duration => Value::Number(Number::from_f64(notification.duration?.as_secs_f64())?),
        Field::Occurrences => notification.occurrences?.into(),
        Field::Code => error?.error_code.clone().into(),
        Field::Message => error?.message.clone().into(),
        Field::Operation => error?.operation.clone().into(),
        Field::Location => error?.location.clone()?.into(),
        Field::ErrorId => error?.id.to_string().into(),
        Field::Notification => serde_json::to_value(notification).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Severity;

    fn notification(title: &str) -> Notification {
        let mut notification =
            Notification::new(NotificationKind::Breaker, Severity::Error, "circuits", "x");
        title.clone_into(&mut notification.title);
        notification.suppressed = 7;
        notification
    }

    fn filled(template: &str, notification: &Notification) -> Value {
        serde_json::from_str(&Template::parse(template).unwrap().body(notification)).unwrap()
    }

    #[test]
    fn value_of_a_placeholder_cannot_leave_its_string() {
        for odd in [
            "\"}],\"x\":[{\"",
            "a\\",
            "\u{0}\u{1f}\n\t\r",
            "{{title}} {{",
            "</script>",
            "😀\u{2028}",
        ] {
            let json = filled(
                r#"{"a": "<{{title}}>", "b": ["{{title}}"]}"#,
                &notification(odd),
            );
            assert_eq!(
                json,
                serde_json::json!({"a": format!("<{odd}>"), "b": [odd]}),
                "{odd:?}"
            );
        }
    }

    #[test]
    fn length_is_in_characters_and_includes_the_mark() {
        let json = filled(
            r#"{"a": "{{title:5}}", "b": "[{{title:4}}]", "c": "{{title:9}}"}"#,
            &notification("漢字漢字漢字"),
        );
        assert_eq!(
            json,
            serde_json::json!({"a": "漢字漢字…", "b": "[漢字漢…]", "c": "漢字漢字漢字"})
        );
    }

    #[test]
    fn whole_placeholder_keeps_the_type_of_its_value_and_is_left_out_without_one() {
        let template = r#"{"n": "{{suppressed}}", "t": "{{suppressed}} more", "e": "{{ended_at}}", "l": ["{{code}}"],
            "b": "{{ escalated }}", "all": "{{notification}}", "fixed": [1, null, "x"]}"#;
        let mut notification = notification("x");
        let json = filled(template, &notification);
        assert_eq!(
            (&json["n"], &json["t"], &json["b"]),
            (&7.into(), &"7 more".into(), &false.into())
        );
        assert_eq!(
            (json.get("e"), &json["l"]),
            (None, &serde_json::json!([null]))
        );
        assert_eq!(
            (&json["all"]["rule"], &json["fixed"]),
            (&"circuits".into(), &serde_json::json!([1, null, "x"]))
        );
        notification.kind = NotificationKind::Recovery;
        assert_eq!(
            filled(template, &notification)["e"],
            notification.timestamp.to_string()
        );
        assert_eq!(
            filled(r#"["{{status}}", "{{action}}"]"#, &notification),
            serde_json::json!(["resolved", "resolve"])
        );
    }

    #[test]
    fn invalid_template_is_an_error_with_value_and_rule() {
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(MAX_TEMPLATE));
        for (template, value, rule) in [
            (
                r#"{"a": "{{titel}}"}"#,
                "{{titel}}",
                "must name one of title, text, ",
            ),
            (r#"{"a": "{{}}"}"#, "{{}}", "must name one of"),
            (r#"{"a": ["x {{title"]}"#, "{{", "must close each"),
            (
                r#"{"a": "{{title:0}}"}"#,
                "{{title:0}}",
                "must have a length from 1 to 100,000",
            ),
            (
                r#"{"a": "{{title:100001}}"}"#,
                "{{title:100001}}",
                "must have a length",
            ),
            (
                r#"{"a": "{{title:x}}"}"#,
                "{{title:x}}",
                "must have a length",
            ),
            (
                r#"{"{{title}}": 1}"#,
                "(a key)",
                "must have placeholders in values alone",
            ),
            (
                r#"{"routing_key": "hunter2", "a": }"#,
                "(hidden)",
                "must be JSON: expected value at line 1",
            ),
            ("", "(hidden)", "must be JSON"),
            (&long, "(65545 bytes)", "must have at most"),
        ] {
            let err = Template::parse(template).err().unwrap();
            assert_eq!(
                (err.field(), err.value()),
                ("template", value),
                "{template:.60}"
            );
            assert!(
                err.rule().starts_with(rule) && !err.to_string().contains("hunter2"),
                "{err}"
            );
        }
    }
}
