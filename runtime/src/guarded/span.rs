//! Spans of guarded functions, as a configuration switches them.

#[cfg(feature = "config")]
use super::GuardedFunction;
#[cfg(feature = "config-spans")]
use crate::overrides::{self, SiteFlag};
use crate::{
    boundary::Operation,
    error::redact,
    span::{ActiveSpan, Function, Subject},
};
#[cfg(feature = "config-spans")]
use std::sync::OnceLock;

/// The texts of a span, as they are shown.
#[derive(Debug)]
pub(crate) struct ShownNames {
    name: Box<str>,
    path: Box<str>,
}

impl ShownNames {
    pub(crate) fn new(operation: &Operation<'_>, guard: &str) -> Self {
        let (function, module) = (operation.name(), operation.component());
        Self {
            name: redact::name(guard).into(),
            path: format!("{module}::{function}").into(),
        }
    }

    /// Begins the span of a call of a guard of this kind.
    pub(crate) fn begin(
        &self,
        operation: &Operation<'static>,
        guard: &'static str,
    ) -> Option<ActiveSpan> {
        ActiveSpan::begin(Subject {
            guard,
            name: &self.name,
            function: Some(Function {
                name: operation.name(),
                path: &self.path,
                file: operation.file(),
                line: operation.line(),
            }),
            attempts_of: match guard {
                "retry" | "retry_with_circuit_breaker" => Some("retry"),
                "hedge" => Some("hedge"),
                _ => None,
            },
        })
    }
}

/// Returns the sections of a configuration that can set the span of a guard of this kind, each with
/// the name of the guard: the first one that does counts. `own` is the name of the guard, if it has
/// one in place of the function's.
#[cfg(feature = "config")]
pub(crate) fn sections<'a>(
    guard: &str,
    own: Option<&'a str>,
    function: &'a str,
) -> [Option<(&'static str, &'a str)>; 2] {
    let named = own.unwrap_or(function);
    match guard {
        "circuit_breaker" => [Some(("breaker", named)), None],
        // The retry of both has the name of the function.
        "retry_with_circuit_breaker" => [Some(("retry", function)), Some(("breaker", named))],
        "retry" => [Some(("retry", named)), None],
        "timeout" => [Some(("timeout", named)), None],
        "hedge" => [Some(("hedge", named)), None],
        // Those that an attribute makes for its function alone are not configured.
        "bulkhead" => [own.map(|name| ("bulkhead", name)), None],
        "rate_limit" => [own.map(|name| ("rate_limit", name)), None],
        _ => [None, None],
    }
}

/// The span of the calls of an attribute without the key `span`.
#[cfg(feature = "config-spans")]
#[derive(Debug)]
pub(super) struct ConfiguredSpan {
    flag: SiteFlag,
    /// Made by the first call that looks up what a configuration sets.
    names: OnceLock<Box<Names>>,
}

#[cfg(feature = "config-spans")]
#[derive(Debug)]
struct Names {
    guard: &'static str,
    /// The name of the guard, if it has one in place of the function's.
    own: Option<Box<str>>,
    shown: ShownNames,
}

#[cfg(feature = "config-spans")]
impl ConfiguredSpan {
    pub(super) const fn new() -> Self {
        Self {
            flag: SiteFlag::new(),
            names: OnceLock::new(),
        }
    }

    fn names(&self, guarded: &GuardedFunction) -> &Names {
        if let Some(names) = self.names.get() {
            return names;
        }
        // Not inside: settings of attributes may be computed by code of the user's.
        let guard = guarded.guard();
        let own = guarded.own_name().map(String::into_boxed_str);
        let shown = ShownNames::new(&guarded.operation, own.as_deref().unwrap_or(guarded.name()));
        let names = Names { guard, own, shown };
        self.names.get_or_init(|| Box::new(names))
    }
}

#[cfg(feature = "config-spans")]
impl GuardedFunction {
    /// Begins the span of a call, if a configuration requests one.
    #[inline]
    pub(crate) fn configured_span(&self) -> Option<ActiveSpan> {
        if overrides::have_spans() {
            self.look_up_span()
        } else {
            None
        }
    }

    #[cold]
    #[inline(never)]
    fn look_up_span(&self) -> Option<ActiveSpan> {
        let names = self.span.names(self);
        let sections = || sections(names.guard, names.own.as_deref(), self.name());
        let is_on = self.span.flag.get(overrides::SPAN, sections);
        if is_on == Some(true) {
            names.shown.begin(&self.operation, names.guard)
        } else {
            None
        }
    }
}

#[cfg(feature = "config")]
impl GuardedFunction {
    /// Returns the name that its guard has in place of the function's; that of a bulkhead or a limiter
    /// if it has that name in the whole process.
    fn own_name(&self) -> Option<String> {
        match self.guard() {
            "circuit_breaker" | "retry_with_circuit_breaker" => {
                Some(self.breaker_builder()?.name().to_owned())
            }
            "retry" => Some(self.built_retry()?.ok()?.name().to_owned()),
            "timeout" => Some(self.timeout?().name_in_use().to_owned()),
            "hedge" => Some(self.hedge?().name_in_use().to_owned()),
            "bulkhead" => self.bulkhead_name(),
            "rate_limit" => self.rate_limiter_name(),
            _ => None,
        }
    }

    /// Returns the kind of its guard.
    const fn guard(&self) -> &'static str {
        match self.attribute.as_bytes() {
            b"with_circuit_breaker" => "circuit_breaker",
            _ => self.attribute,
        }
    }

    /// Returns `true` if a section can switch its span, except that it may have no code for one.
    pub(crate) fn is_about_span(&self, is_about: impl Fn(&str, &str) -> bool) -> bool {
        let own = self.own_name();
        let sections = sections(self.guard(), own.as_deref(), self.name());
        sections
            .into_iter()
            .flatten()
            .any(|(section, name)| is_about(section, name))
    }

    /// Returns `true` if it has code for a span.
    pub(crate) const fn has_span(&self) -> bool {
        cfg!(feature = "config-spans") || self.has_span_key
    }
}
