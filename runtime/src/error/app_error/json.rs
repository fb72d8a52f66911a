//! The JSON form of an error: written and read.

use super::{
    error::AppError,
    inner::{Inner, Occurrence},
};
use crate::error::{ErrorCode, Rejection, chain, details, redact, view};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};
use std::{error::Error, fmt, sync::Arc, time::Duration};

/// How many bytes of a text the JSON form holds.
const MAX_TEXT: usize = 64 * 1024;

impl AppError {
    /// Returns the error as JSON for operators, with secrets redacted.
    ///
    /// Keys: `error` (true), `code`, `code_name`, `message`, `id`, and where present `details` and
    /// `original_error` (the text of the source; not of a rejection, which is no error of the
    /// function's). Texts are cut at 64 KiB. What a client may see is another form:
    /// [`to_problem`](AppError::to_problem).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let json = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route").with_detail("password", "x").to_json();
    /// assert_eq!((&json["code"], &json["code_name"]), (&300.into(), &"DB_CONNECTION_ERROR".into()));
    /// assert_eq!(json["details"]["password"], "[redacted]");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("error".into(), true.into());
        json.insert("code".into(), self.code().number().into());
        json.insert("code_name".into(), self.code().name().into());
        json.insert("message".into(), text(self.message()));
        if !self.details().is_empty() {
            let details = redact::object(self.details().clone());
            json.insert("details".into(), details);
        }
        if let Some(source) = self.0.source.as_ref().filter(|_| !self.is_rejection()) {
            json.insert("original_error".into(), text(&details::display(source)));
        }
        json.insert("id".into(), self.id().to_string().into());
        Value::Object(json)
    }

    /// Restores an error from its JSON form: that of [`to_json`](Self::to_json), or the fuller one
    /// of its `Serialize`.
    ///
    /// Identity, message, details and code come back, the latter by name (or by number where there
    /// is no name) among the [registered codes](crate::error::registered_codes). The sources come
    /// back as errors that have only a text. An error whose code this program does not know is
    /// uncoded, and the detail `unregistered_code` names it. The location is that of this call.
    ///
    /// # Errors
    ///
    /// [`InvalidErrorJson`] if the value is no object, or one of its members has another type than
    /// the form's.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "not stored").with_source(std::io::Error::other("disk full"));
    /// let sent = serde_json::to_string(&err)?;
    ///
    /// let received = AppError::from_json(&serde_json::from_str(&sent)?)?;
    /// assert_eq!((received.code(), received.id()), (ErrorCode::DB_WRITE_ERROR, err.id()));
    /// assert_eq!(format!("{received:#}"), "not stored: disk full");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn from_json(json: &Value) -> Result<Self, InvalidErrorJson> {
        let json = json.as_object().ok_or(InvalidErrorJson {
            member: "error",
            expected: "an object",
        })?;
        let form = Form { json };
        let message = form.text("message")?.ok_or(InvalidErrorJson {
            member: "message",
            expected: "a string",
        })?;
        let (code, coded) = form.code()?;
        let occurrence = match form.text("id")? {
            Some(id) => {
                let id = id.parse().map_err(|_| InvalidErrorJson {
                    member: "id",
                    expected: "an error id",
                })?;
                Occurrence::with_id(id)
            }
            None => Occurrence::new(),
        };
        let mut inner = Inner::new(code.unwrap_or(ErrorCode::UNKNOWN_ERROR), coded, occurrence);
        inner.message = Some(message.into());
        inner.public_message = form.text("public_message")?.map(Into::into);
        inner.extension_members = form.map("extension_members")?;
        inner.retry_after = form.number("retry_after_ms")?.map(Duration::from_millis);
        inner.source = form.sources()?.map(|source| Arc::new(*source) as _);
        inner.set_details(form.map("details")?);
        if code.is_none()
            && let Some(name) = form.unregistered()
        {
            inner
                .details_mut()
                .insert("unregistered_code".into(), name.into());
        }
        Ok(Self(Arc::new(inner)))
    }
}

impl AppError {
    /// Returns `true` for an error that is only a rejection, whose text is its message.
    fn is_rejection(&self) -> bool {
        self.0.message.is_none()
            && self
                .0
                .source
                .as_ref()
                .is_some_and(|source| source.is::<Rejection>())
    }
}

fn text(text: &str) -> Value {
    redact::bounded_text(text, MAX_TEXT).into()
}

/// Serialises as [`AppError::to_json`] with more that a reader can make use of: `sources` (the
/// texts of all sources, outermost first), `location`, `coded`, and where present `public_message`,
/// `extension_members` and `retry_after_ms`. Secrets are redacted.
impl Serialize for AppError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = self.to_json();
        let above = if self.is_rejection() { 2 } else { 1 };
        let sources: Vec<Value> = chain(&*self.0)
            .skip(above)
            .map(|level| text(&details::display(level)))
            .collect();
        json["sources"] = sources.into();
        if !view::is_in_std(self.location()) {
            json["location"] = self.location().to_string().into();
        }
        json["coded"] = self.is_coded().into();
        if let Some(public) = self.public_message() {
            json["public_message"] = text(public);
        }
        let members = self.extension_members();
        if !members.is_empty() {
            json["extension_members"] = redact::object(members);
        }
        if let Some(wait) = self.retry_after() {
            json["retry_after_ms"] = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).into();
        }
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AppError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Self::from_json(&json).map_err(D::Error::custom)
    }
}

/// A JSON value is not the form of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidErrorJson {
    /// The member that is missing or of another type.
    pub member: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl fmt::Display for InvalidErrorJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { member, expected } = self;
        write!(
            f,
            "not the JSON form of an error: `{member}` must be {expected}"
        )
    }
}

impl Error for InvalidErrorJson {}

struct Form<'a> {
    json: &'a Map<String, Value>,
}

impl<'a> Form<'a> {
    fn member<T>(
        &self,
        member: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, InvalidErrorJson> {
        match self.json.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value)
                .map(Some)
                .ok_or(InvalidErrorJson { member, expected }),
        }
    }

    fn text(&self, member: &'static str) -> Result<Option<&'a str>, InvalidErrorJson> {
        self.member(member, "a string", Value::as_str)
    }

    fn number(&self, member: &'static str) -> Result<Option<u64>, InvalidErrorJson> {
        self.member(member, "a whole number", Value::as_u64)
    }

    /// Returns the code, if it is registered, and whether it was set.
    fn code(&self) -> Result<(Option<ErrorCode>, bool), InvalidErrorJson> {
        let (name, number) = (self.text("code_name")?, self.number("code")?);
        let code = match name {
            Some(name) => ErrorCode::by_name(name),
            None => number.and_then(|number| ErrorCode::by_number(u32::try_from(number).ok()?)),
        };
        let chosen = self.member("coded", "a boolean", Value::as_bool)?;
        let known = code.is_some_and(|code| chosen.unwrap_or(code != ErrorCode::UNKNOWN_ERROR));
        Ok((code, known))
    }

    fn unregistered(&self) -> Option<String> {
        let name = self.json.get("code_name").and_then(Value::as_str);
        let number = self.json.get("code").and_then(Value::as_u64);
        match (name, number) {
            (Some(name), Some(number)) => Some(format!("{name}({number})")),
            (Some(name), None) => Some(name.to_owned()),
            (None, number) => number.map(|number| number.to_string()),
        }
    }

    fn map(&self, member: &'static str) -> Result<Map<String, Value>, InvalidErrorJson> {
        let given = self.member(member, "an object", Value::as_object)?;
        let mut own = given
            .into_iter()
            .flatten()
            .map(|(key, value)| (details::key(key.clone()), details::to_value(value)));
        Ok(details::object_from(&mut own))
    }

    fn sources(&self) -> Result<Option<Box<Restored>>, InvalidErrorJson> {
        let texts = |value: &'a Value| value.as_array()?.iter().map(Value::as_str).collect();
        let texts = match self.member("sources", "a list of strings", texts)? {
            Some(texts) => texts,
            None => Vec::from_iter(self.text("original_error")?),
        };
        let inwards = texts.into_iter().take(64).rev();
        Ok(inwards.fold(None, |source, text| {
            Some(Box::new(Restored {
                text: text.into(),
                source,
            }))
        }))
    }
}

/// A source of which only the text is left.
#[derive(Debug)]
struct Restored {
    text: Box<str>,
    source: Option<Box<Restored>>,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Restored {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
