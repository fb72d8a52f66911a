//! Errors without room for a mark, on their way from the frame that reported them to the frame around it.

use crate::{
    error::{ErrorId, ErrorRef, View},
    event::text,
};
use std::error::Error;

/// An error that was reported, as the frame around may recognise it when it leaves that frame as well.
///
/// An [`AppError`](crate::AppError) carries a mark of its own. Any other error is recognised here: in a box by the address
/// of its contents, else by its type and text, or as a source of another error by its text and debug form.
#[derive(Debug)]
pub(crate) struct Reported {
    id: ErrorId,
    form: Form,
}

/// What distinguishes one error from another.
#[derive(Debug)]
struct Form {
    type_name: &'static str,
    /// The address of the contents of a box; zero where there is no box, or nothing in it.
    address: usize,
    text: String,
    /// Empty for an `AppError`, which is known by its identity.
    debug: String,
}

/// How many bytes of a text are compared.
const IDENTIFYING: usize = 1024;
/// The shortest debug form that is looked for in another one.
const TELLING: usize = 3;

impl Reported {
    pub(crate) fn new(id: ErrorId, view: View<'_>) -> Self {
        Self { id, form: Form::of(view) }
    }

    pub(crate) fn id(&self) -> ErrorId {
        self.id
    }

    /// Returns the latest of the reports that was of this error, and removes it: each report is of at most one error that
    /// leaves.
    pub(crate) fn take_from(all: &mut Vec<Self>, view: View<'_>) -> Option<Self> {
        if all.is_empty() {
            return None;
        }
        let leaving = Form::of(view);
        let position = all.iter().rposition(|reported| reported.is_of(view, &leaving))?;
        Some(all.remove(position))
    }

    fn is_of(&self, view: View<'_>, leaving: &Form) -> bool {
        let form = &self.form;
        let mut levels = view.error().head().into_iter().flat_map(text::levels);
        let is_here = |level: &(dyn Error + 'static)| form.address != 0 && address_of(level) == form.address;
        let has_text = |level: &(dyn Error + 'static)| text::bounded(&level, IDENTIFYING) == form.text;
        let is_same_type = form.type_name == leaving.type_name;
        if is_same_type && form.address != 0 && leaving.address != 0 {
            // Of two boxes of one type, the address decides; the text too, since memory is used again.
            return levels.any(|level| is_here(level) && has_text(level));
        }
        if form.text == leaving.text && (is_same_type || is_text(leaving.type_name)) {
            return true;
        }
        levels.any(|level| has_text(level) && (is_here(level) || form.is_debug_of(level))) || self.is_part_of(leaving)
    }

    /// Returns `true` if the debug form of another error shows this one.
    fn is_part_of(&self, leaving: &Form) -> bool {
        let debug = &*self.form.debug;
        let shows_it = debug.len() >= TELLING
            && leaving.debug.match_indices(debug).any(|(at, _)| {
                let before = leaving.debug[..at].chars().next_back();
                let after = leaving.debug[at + debug.len()..].chars().next();
                let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !is_word(before) && !is_word(after)
            });
        shows_it || leaving.debug.contains(&self.id.to_string())
    }
}

impl Form {
    /// Returns `true` if an error with the same text has the debug form of this one.
    fn is_debug_of(&self, level: &(dyn Error + 'static)) -> bool {
        let debug = debug_of(level);
        // What a report of anyhow or eyre becomes in a box prints its text first in its debug form, then its sources.
        !self.debug.is_empty() && (debug == self.debug || is_report(self.type_name) && debug.starts_with(&self.text))
    }

    fn of(view: View<'_>) -> Self {
        let (error, type_name) = (view.error(), view.type_name());
        let text = text::bounded(&error, IDENTIFYING);
        let (address, debug) = match error {
            ErrorRef::App(_) => (0, String::new()),
            ErrorRef::Std(error) if is_box(type_name) => (address_of(error), debug_of(error)),
            ErrorRef::Std(error) => (0, debug_of(error)),
            ErrorRef::Scoped(error) => (0, text::bounded(&format_args!("{error:?}"), IDENTIFYING)),
            ErrorRef::Debug(error) => (0, text::bounded(&format_args!("{error:?}"), IDENTIFYING)),
            // That of the error that a text becomes by `?`.
            ErrorRef::Display(_) if is_text(type_name) => (0, text::bounded(&format_args!("{text:?}"), IDENTIFYING)),
            ErrorRef::Display(_) | ErrorRef::Opaque(_) => (0, String::new()),
        };
        Self { type_name, address, text, debug }
    }
}

fn debug_of(error: &(dyn Error + 'static)) -> String {
    text::bounded(&format_args!("{error:?}"), IDENTIFYING)
}

/// The address of an error; zero where it takes no room, so that many may share one.
fn address_of(error: &(dyn Error + 'static)) -> usize {
    if size_of_val(error) == 0 { 0 } else { std::ptr::from_ref(error).addr() }
}

/// Returns `true` for the types that keep an error at one address while they are moved.
fn is_box(type_name: &str) -> bool {
    type_name.starts_with("alloc::boxed::Box<") || type_name.starts_with("alloc::sync::Arc<") || is_report(type_name)
}

fn is_report(type_name: &str) -> bool {
    matches!(type_name, "anyhow::Error" | "eyre::Report")
}

fn is_text(type_name: &str) -> bool {
    matches!(type_name, "alloc::string::String" | "&str")
}
