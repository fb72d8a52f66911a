//! Values of a file, as their settings take them.

use super::suggest::nearest;
use crate::{
    breaker::parse_window,
    error::ConfigError,
    name,
    overrides::{Kind, Value},
    rate_limit::Rate,
    time::parse_duration,
};
use std::time::Duration;
use toml::de::{DeInteger, DeValue};

/// Why a value is none for its setting.
#[derive(Debug, PartialEq)]
pub(super) struct WrongValue {
    pub(super) rule: String,
    pub(super) suggestion: Option<String>,
}

impl WrongValue {
    fn new(rule: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            suggestion: None,
        }
    }

    fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }
}

const DURATION: &str =
    "must be a number of seconds, or a text such as \"250ms\", \"2s\" or \"1m30s\"";
const WINDOW: &str = "must be a text such as \"100 calls\" or \"60s\"";

/// Reads the value of a setting of guards, or of the system.
pub(super) fn read(kind: Kind, value: &DeValue<'_>) -> Result<Value, WrongValue> {
    let text = value.as_str();
    match kind {
        Kind::Duration => read_duration(value).map(Value::Duration),
        Kind::Count => read_count(value).map(Value::Count),
        Kind::Number => {
            let number = value
                .as_float()
                .map(|float| float.as_str().replace('_', ""));
            let number = number.or_else(|| value.as_integer().map(digits));
            let number = number.and_then(|number| number.parse().ok());
            let wrong = || WrongValue::new("must be a number").suggest(unquoted::<f64>(text));
            number.map(Value::Number).ok_or_else(wrong)
        }
        Kind::Flag => {
            let wrong = || WrongValue::new("must be true or false").suggest(unquoted::<bool>(text));
            value.as_bool().map(Value::Flag).ok_or_else(wrong)
        }
        Kind::Text | Kind::Secret => {
            let wrong = || WrongValue::new("must be a text in quotes");
            text.map(|text| Value::Text(text.to_owned()))
                .ok_or_else(wrong)
        }
        Kind::Rate => read_rate(text),
        Kind::Window => match text {
            Some(text) if parse_window(text).is_some() => Ok(Value::Text(text.to_owned())),
            Some(text) => {
                let calls = text.trim().parse::<u32>().ok();
                let calls = calls.map(|calls| format!("\"{calls} calls\""));
                Err(WrongValue::new(WINDOW).suggest(calls))
            }
            None => {
                let calls = value
                    .as_integer()
                    .map(|calls| format!("\"{} calls\"", calls.as_str()));
                Err(WrongValue::new(WINDOW).suggest(calls))
            }
        },
        Kind::Choice(names) => read_choice(names, text, ""),
        Kind::Jitter(names) => match (value.as_bool(), read(Kind::Number, value)) {
            (Some(on), _) => Ok(Value::Flag(on)),
            (None, Ok(fraction)) => Ok(fraction),
            (None, Err(_)) => read_choice(names, text, "true, false, a fraction, "),
        },
        Kind::Size => match (text, value.as_integer()) {
            (Some(text), _) => Ok(Value::Text(text.to_owned())),
            (None, Some(bytes)) => Ok(Value::Text(digits(bytes))),
            (None, None) => {
                let rule = "must be a number of bytes, or a text such as \"64MiB\"";
                Err(WrongValue::new(rule))
            }
        },
        Kind::Texts => {
            let wrong = || WrongValue::new("must be a text in quotes, or a list of such texts");
            let Some(list) = value.as_array() else {
                return text
                    .map(|text| Value::Text(text.to_owned()))
                    .ok_or_else(wrong);
            };
            let texts: Option<Vec<_>> = list.iter().map(|text| text.get_ref().as_str()).collect();
            texts
                .map(|texts| Value::Text(texts.join("; ")))
                .ok_or_else(wrong)
        }
    }
}

/// Returns what stands in quotes though it is a value of this type without them.
fn unquoted<T: std::str::FromStr>(text: Option<&str>) -> Option<String> {
    let text = text?.trim();
    text.parse::<T>().ok().map(|_| text.to_owned())
}

/// Returns an integer in decimal digits.
fn digits(integer: &DeInteger<'_>) -> String {
    let parsed = i128::from_str_radix(integer.as_str(), integer.radix());
    parsed.map_or_else(|_| integer.to_string(), |number| number.to_string())
}

fn read_duration(value: &DeValue<'_>) -> Result<Duration, WrongValue> {
    let wrong = || WrongValue::new(DURATION);
    if let Some(text) = value.as_str() {
        let with_unit = || {
            let number: f64 = text.trim().parse().ok()?;
            (number >= 0.0).then(|| format!("\"{}s\"", text.trim()))
        };
        return parse_duration(text).ok_or_else(|| wrong().suggest(with_unit()));
    }
    let seconds = match (value.as_integer(), value.as_float()) {
        (Some(integer), _) => {
            let seconds = digits(integer).parse().ok();
            return seconds.map(Duration::from_secs).ok_or_else(wrong);
        }
        (None, Some(float)) => float.as_str().replace('_', "").parse().ok(),
        (None, None) => None,
    };
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(wrong)
}

fn read_count(value: &DeValue<'_>) -> Result<u32, WrongValue> {
    let count = value
        .as_integer()
        .and_then(|count| digits(count).parse().ok());
    count.ok_or_else(|| {
        let rule = format!("must be a whole number from 0 to {}", u32::MAX);
        WrongValue::new(rule).suggest(unquoted::<u32>(value.as_str()))
    })
}

fn read_rate(text: Option<&str>) -> Result<Value, WrongValue> {
    let Some(text) = text else {
        return Err(WrongValue::new("must be a text such as \"100/s\""));
    };
    match text.parse::<Rate>() {
        Ok(_) => Ok(Value::Text(text.to_owned())),
        Err(err) => {
            // Such as `100 per second`.
            let count = text
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .filter(|count| !count.is_empty());
            let unit = ["second", "minute", "hour", "day"]
                .into_iter()
                .find(|unit| text.contains(unit));
            let meant = count
                .zip(unit)
                .map(|(count, unit)| format!("\"{count}/{}\"", &unit[..1]));
            Err(WrongValue::new(ConfigError::rule(&err)).suggest(meant))
        }
    }
}

fn read_choice(
    names: &'static [&'static str],
    text: Option<&str>,
    others: &str,
) -> Result<Value, WrongValue> {
    if let Some(text) = text.filter(|text| names.contains(text)) {
        return Ok(Value::Text(text.to_owned()));
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let rule = match &*quoted {
        [one] => format!("must be {others}{one}"),
        [others_of_it @ .., last] => {
            format!("must be {others}{} or {last}", others_of_it.join(", "))
        }
        [] => "must not be set".to_owned(),
    };
    let meant = text.and_then(|text| nearest(text, names.iter().copied()));
    Err(WrongValue::new(rule).suggest(meant.map(|name| format!("\"{name}\""))))
}

/// Returns a value as a problem shows it.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => name::shown(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Returns a value as the text of an environment variable.
pub(super) fn as_variable(value: &Value) -> String {
    match value {
        Value::Duration(time) => format!("{}.{:09}", time.as_secs(), time.subsec_nanos()),
        Value::Count(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Flag(on) => on.to_string(),
        Value::Text(text) => text.clone(),
    }
}
