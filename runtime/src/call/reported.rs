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

/// What tells one error from another.
#[derive(Debug)]
struct Form {
    type_name: &'static str,
    /// The address of the contents of a box; zero where there is no box, or nothing in it.
    address: usize,
    text: String,
    /// Empty for an `AppError`, which is known by its identity.
    debug: String,
}

/// How many bytes of a text tell one error from another.
const IDENTIFYING: usize = 1024;
/// The shortest debug form that tells anything as a part of another one.
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
        if form.type_name == leaving.type_name {
            // Of two boxes of one type, the address decides.
            let same_box = form.address == 0 || leaving.address == 0 || form.address == leaving.address;
            if same_box && form.text == leaving.text {
                return true;
            }
            if !same_box {
                return false;
            }
        }
        let is_level = |level: &(dyn Error + 'static)| {
            form.address != 0 && address_of(level) == form.address
                || !form.debug.is_empty()
                    && text::bounded(&level, IDENTIFYING) == form.text
                    && debug_of(level) == form.debug
        };
        // A text has no type of its own.
        let is_text = is_text(leaving.type_name) && form.text == leaving.text;
        is_text || view.error().head().into_iter().flat_map(text::levels).any(is_level) || self.is_part_of(leaving)
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
    fn of(view: View<'_>) -> Self {
        let (error, type_name) = (view.error(), view.type_name());
        let text = text::bounded(&error, IDENTIFYING);
        let (address, debug) = match error {
            ErrorRef::App(_) => (0, String::new()),
            ErrorRef::Std(error) if is_box(type_name) => (address_of(error), debug_of(error)),
            ErrorRef::Std(error) => (0, debug_of(error)),
            ErrorRef::Scoped(error) => (0, text::bounded(&format_args!("{error:?}"), IDENTIFYING)),
            ErrorRef::Debug(error) => (0, text::bounded(&format_args!("{error:?}"), IDENTIFYING)),
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
    type_name.starts_with("alloc::boxed::Box<")
        || type_name.starts_with("alloc::sync::Arc<")
        || type_name == "anyhow::Error"
}

fn is_text(type_name: &str) -> bool {
    matches!(type_name, "alloc::string::String" | "&str")
}
