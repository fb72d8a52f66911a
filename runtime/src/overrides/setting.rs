//! Settings that can be given by name: what each takes, and the setter that it calls.

use std::{fmt, sync::Arc, time::Duration};

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A number of seconds, or a text such as `250ms` or `1m30s`.
    Duration,
    /// A whole number of at most 32 bits.
    Count,
    /// A number.
    Number,
    Flag,
    Text,
    /// A number of calls and a time, for example `100/s`.
    Rate,
    /// A number of calls or a time, for example `100 calls` or `60s`.
    Window,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// `true`, `false`, a fraction, or one of these texts.
    Jitter(&'static [&'static str]),
    /// A number of bytes, or a text such as `64MiB`.
    Size,
    /// A text, or a list of texts.
    Texts,
    /// A text that is never shown.
    Secret,
}

/// The value of a setting.
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Duration(Duration),
    Count(u32),
    Number(f64),
    Flag(bool),
    Text(String),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(value) => value.fmt(f),
            Self::Count(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Flag(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

/// Name, kind and description of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SettingInfo {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// One sentence for an editor.
    pub(crate) doc: &'static str,
    /// The feature of this crate that it needs and that is off.
    pub(crate) missing: Option<&'static str>,
}

impl SettingInfo {
    pub(crate) const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            doc,
            missing: None,
        }
    }

    /// Returns the rule that the setting breaks wherever it stands, if it needs a feature that is off.
    pub(crate) fn problem(&self) -> Option<String> {
        let feature = self.missing?;
        Some(format!("needs the feature `{feature}` of gardefou"))
    }
}

/// A setting, and how it is set on a builder of type `B`.
pub(crate) struct Setting<B> {
    pub(crate) info: SettingInfo,
    set: fn(B, &Value) -> B,
}

impl<B> Setting<B> {
    /// `set` gets a value of the kind, and returns the builder as it is for any other.
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        doc: &'static str,
        set: fn(B, &Value) -> B,
    ) -> Self {
        let info = SettingInfo::new(name, kind, doc);
        Self { info, set }
    }

    /// Makes the setting a problem where a feature of this crate is off.
    pub(crate) const fn needing(mut self, feature: &'static str, is_on: bool) -> Self {
        self.info.missing = if is_on { None } else { Some(feature) };
        self
    }

    pub(crate) fn set(&self, builder: B, value: &Value) -> B {
        (self.set)(builder, value)
    }
}

/// The name of the setting of spans.
pub(crate) const SPAN: &str = "span";

/// Makes the setting of spans, which the sites read that call a guard: see
/// [`SiteFlag`](super::SiteFlag).
pub(crate) const fn span_setting<B>() -> Setting<B> {
    Setting::new(
        SPAN,
        Kind::Flag,
        "Whether calls of functions have a span; as in the code. Without the feature config-spans, of functions whose attribute has the key span.",
        |builder, _| builder,
    )
}

/// Makes a [`Setting`] that calls a setter with the value of its kind.
macro_rules! setting {
    ($kind:ident $name:ident: $doc:literal) => {
        $crate::overrides::Setting::new(
            stringify!($name),
            $crate::overrides::Kind::$kind,
            $doc,
            |builder, value| match value {
                $crate::overrides::Value::$kind(value) => builder.$name(*value),
                _ => builder,
            },
        )
    };
}

pub(crate) use setting;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file, at these bytes.
    File {
        file: Arc<str>,
        /// From 1.
        line: u32,
        start: usize,
        end: usize,
    },
    /// In the environment variable of this name.
    Variable(Arc<str>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, .. } => write!(f, "{file}:{line}"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// A setting with its value, and where that stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) place: Place,
}
