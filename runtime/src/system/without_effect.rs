//! Warnings about settings of a file that have no effect on the functions of the program.

use crate::{
    error::redact,
    guarded::guarded_functions,
    overrides::{self, Override, Pattern, SPAN, Value},
};

/// Logs a warning for each setting that no guarded function can follow, once the overrides are in
/// force.
pub(super) fn warn(sections: &[Override]) {
    for section in sections {
        if section
            .assignments
            .iter()
            .any(|one| one.name == "attempt_timeout")
        {
            // Guards that are in use have been looked at, and a function makes its retry when it is
            // called. One that is made now is looked at as well.
            for function in guarded_functions() {
                let _ = function.built_retry();
            }
        }
        let is_on = |value: &Value| matches!(value, Value::Flag(true));
        let mut all = section.assignments.iter();
        if let Some(span) = all.rfind(|one| one.name == SPAN && is_on(&one.value))
            && let Some(why) = why_without_span(section)
        {
            overrides::warn_once(&format!(
                "{}: `span` of [{}.{}] has no effect: {why}",
                span.place,
                section.section,
                redact::name(section.pattern.text())
            ));
        }
    }
}

/// Returns why no function has the span that a section requests; `None` if one can have it.
fn why_without_span(section: &Override) -> Option<String> {
    let is_about =
        |kind: &str, name: &str| kind == section.section && section.pattern.matches(name);
    let mut functions = guarded_functions();
    functions.retain(|function| function.is_about_span(is_about));
    if functions.iter().any(|function| function.has_span()) {
        return None;
    }
    if functions.is_empty() {
        // A pattern may be for other programs that read the same file.
        let is_named = !matches!(section.pattern, Pattern::Glob { .. });
        return is_named.then(|| "no attribute makes a guard of this name".to_owned());
    }
    let places: Vec<String> = functions
        .iter()
        .map(|all| format!("`{}` ({}:{})", all.name(), all.file(), all.line()))
        .collect();
    Some(format!(
        "without the feature `config-spans`, the attribute needs the key `span`, for example `span = false`, on {}",
        places.join(", ")
    ))
}
