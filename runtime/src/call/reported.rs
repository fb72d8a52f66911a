//! Reported errors without room for a mark, on the way to the outer frame.

use crate::{
    error::{ErrorId, ErrorRef, View},
    event::text,
};
use std::{error::Error, fmt};

/// An error that was reported, in the form by which the outer frame recognises it when it leaves
/// that frame as well.
///
/// An [`AppError`](crate::AppError) carries a mark of its own. Any other error is recognised here:
/// in a box by the address of its contents, else by its type and text, or as a source of another
/// error by its text and debug form. In an error that hides its source, as a box of anyhow or
/// `#[error(transparent)]` does, it is recognised by its text and by its debug form or the bare
/// text in the debug form of that.
///
/// Two errors cannot be distinguished: an error that was reported and handled in a frame, and an
/// equal error without a mark that is made after it in the same frame and leaves it. A box whose
/// error was put into another box and back into a box of the first type is not recognised.
#[derive(Debug)]
pub(crate) struct Reported {
    id: ErrorId,
    form: Form,
    mark: Marked,
}

/// Whether an error that was reported, or one inside of it, carries a mark of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marked {
    No,
    Yes,
    /// It does, but rejections share the identity of what opened their circuit.
    Rejection,
}

/// The properties that distinguish one error from another.
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
const SHORTEST_PART: usize = 3;

impl Reported {
    pub(crate) fn new(id: ErrorId, view: View<'_>, mark: Marked) -> Self {
        Self {
            id,
            form: Form::of(view),
            mark,
        }
    }

    pub(crate) fn id(&self) -> ErrorId {
        self.id
    }

    /// Returns the identity of an error, if one of the reports was of it; of several, that of the
    /// latest.
    pub(crate) fn identity_in(all: &[Self], view: View<'_>) -> Option<ErrorId> {
        if all.is_empty() {
            return None;
        }
        let leaving = Form::of(view);
        all.iter()
            .rev()
            .find(|reported| reported.is_of(view, &leaving))
            .map(Self::id)
    }

    fn is_of(&self, view: View<'_>, leaving: &Form) -> bool {
        let form = &self.form;
        let may_name_it =
            self.mark != Marked::Rejection || matches!(view.error(), ErrorRef::Debug(_));
        let names_it = || may_name_it && leaving.debug.contains(&self.id.to_string());
        if self.mark != Marked::No {
            // Recognised by its mark, unless only a text is left of it.
            return is_text(leaving.type_name) && form.text == leaving.text || names_it();
        }
        // An error that carries a mark, or hides one, is recognised by that; `?` makes an
        // `AppError` of an error without a mark.
        let is_foreign = |(_, level): &(usize, &(dyn Error + 'static))| {
            View::from_ref(ErrorRef::Std(*level)).id().is_none()
        };
        let mut levels = view
            .error()
            .head()
            .into_iter()
            .flat_map(text::levels)
            .enumerate()
            .filter(is_foreign);
        let is_ours = matches!(view.error(), ErrorRef::App(_));
        let is_here =
            |level: &(dyn Error + 'static)| form.address != 0 && address_of(level) == form.address;
        let has_text =
            |level: &(dyn Error + 'static)| text::bounded(&level, IDENTIFYING) == form.text;
        let is_same_type = form.type_name == leaving.type_name;
        if is_same_type && form.address != 0 && leaving.address != 0 {
            // Of two boxes of one type, the address decides; the text too, since memory is used
            // again. One that is in an error of another type by now is hidden there.
            let is_inside =
                |depth, debug: &str| (depth != 0 || debug != form.debug) && form.is_shown_by(debug);
            return levels.any(|(depth, level)| {
                has_text(level) && (is_here(level) || is_inside(depth, &debug_of(level)))
            });
        }
        if form.text == leaving.text && !is_ours && (is_same_type || is_text(leaving.type_name)) {
            return true;
        }
        let is_inside = || form.text == leaving.text && form.is_shown_by(&leaving.debug);
        levels.any(|(_, level)| {
            has_text(level) && (is_here(level) || form.is_shown_by(&debug_of(level)))
        }) || !is_ours && is_inside()
            || shows_debug(&leaving.debug, &form.debug)
            || names_it()
    }
}

/// Returns `true` if one text has another one as a part, at whose ends no word goes on.
fn shows(whole: &str, part: &str, is_end: impl Fn(char) -> bool) -> bool {
    part.len() >= SHORTEST_PART
        && whole.match_indices(part).any(|(at, _)| {
            let before = whole[..at].chars().next_back();
            let after = whole[at + part.len()..].chars().next();
            before.is_none_or(&is_end) && after.is_none_or(&is_end)
        })
}

/// Returns `true` if one debug form shows another one.
fn shows_debug(whole: &str, part: &str) -> bool {
    shows(whole, part, |c| !c.is_alphanumeric() && c != '_')
}

impl Form {
    /// Returns `true` if an error with the same text and this debug form may be this one in a box.
    fn is_shown_by(&self, debug: &str) -> bool {
        // The boxes of anyhow and eyre hide the type of their contents, and print the text in their
        // debug form; where it is but the text of another error, it is in quotes.
        let is_bare = |c: char| !c.is_alphanumeric() && c != '_' && c != '"';
        !self.debug.is_empty()
            && (shows_debug(debug, &self.debug) || shows(debug, &self.text, is_bare))
    }

    fn of(view: View<'_>) -> Self {
        let (error, type_name) = (view.error(), view.type_name());
        let text = text::bounded(&error, IDENTIFYING);
        let (address, debug) = match error {
            ErrorRef::App(_) => (0, String::new()),
            ErrorRef::Std(error) if is_box(type_name) => (address_of(error), debug_of(error)),
            ErrorRef::Std(error) => (0, debug_of(error)),
            ErrorRef::Scoped(error) => (0, debug_of(error)),
            ErrorRef::Debug(error) => (0, debug_of(error)),
            // That of the error that a text becomes by `?`.
            ErrorRef::Display(_) if is_text(type_name) => (0, debug_of(&text)),
            ErrorRef::Display(_) | ErrorRef::Opaque(_) => (0, String::new()),
        };
        Self {
            type_name,
            address,
            text,
            debug,
        }
    }
}

fn debug_of(error: &(impl fmt::Debug + ?Sized)) -> String {
    text::bounded(&format_args!("{error:?}"), IDENTIFYING)
}

/// The address of an error; zero where it takes no room, so that many may share one.
fn address_of(error: &(dyn Error + 'static)) -> usize {
    if size_of_val(error) == 0 {
        0
    } else {
        std::ptr::from_ref(error).addr()
    }
}

/// Returns `true` for the types that keep an error at one address while they are moved.
fn is_box(type_name: &str) -> bool {
    type_name.starts_with("alloc::boxed::Box<")
        || type_name.starts_with("alloc::sync::Arc<")
        || is_report(type_name)
}

fn is_report(type_name: &str) -> bool {
    matches!(type_name, "anyhow::Error" | "eyre::Report")
}

fn is_text(type_name: &str) -> bool {
    matches!(type_name, "alloc::string::String" | "&str")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn form_is_matched_as_whole_words() {
        for (whole, is_shown) in [
            ("timed out", true),
            ("Outer(timed out)", true),
            ("untimed out", false),
            ("timed outside", false),
            ("untimed outside, but timed out", true),
        ] {
            assert_eq!(shows_debug(whole, "timed out"), is_shown, "{whole}");
        }
        assert!(!shows_debug("a b", "b"), "too short to identify anything");
    }

    #[test]
    fn only_boxed_errors_have_an_address() {
        let plain = std::io::Error::other("no route");
        assert_eq!(Form::of(View::from_std(&plain)).address, 0);
        let boxed: Box<dyn Error + Send + Sync> = Box::new(std::io::Error::other("no route"));
        assert_ne!(Form::of(View::from_any(&boxed)).address, 0);
        for name in [
            "alloc::boxed::Box<dyn core::error::Error>",
            "alloc::sync::Arc<x>",
            "anyhow::Error",
            "eyre::Report",
        ] {
            assert!(is_box(name), "{name}");
        }
        for name in [
            "std::io::error::Error",
            "app::Box<x>",
            "app::anyhow::Error",
            "",
        ] {
            assert!(!is_box(name), "{name}");
        }
    }

    /// Only a text becomes an error that shows it in quotes.
    #[test]
    fn text_has_the_debug_form_of_a_text() {
        let text = String::from("no route");
        assert_eq!(Form::of(View::from_any(&text)).debug, "\"no route\"");
        assert_eq!(
            Form::of(View::from_ref(ErrorRef::Display(&text))).debug,
            "",
            "its type is not known"
        );
    }

    /// Rejections share the identity of the opening of their circuit: printing it does not identify
    /// one of them.
    #[test]
    fn error_that_prints_an_identity_is_recognised_unless_rejections_share_it() {
        let id = ErrorId::new();
        let reported = std::io::Error::other("no route");
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(String);
        let outer = Outer(format!("no route (id {id})"));
        for (mark, by_error, by_debug) in [
            (Marked::Yes, true, true),
            (Marked::No, true, true),
            (Marked::Rejection, false, true),
        ] {
            let all = [Reported::new(id, View::from_std(&reported), mark)];
            let found = |view| Reported::identity_in(&all, view) == Some(id);
            assert_eq!(found(View::from_std(&outer)), by_error, "{mark:?}");
            assert_eq!(
                found(View::from_ref(ErrorRef::Debug(&outer))),
                by_debug,
                "{mark:?}"
            );
        }
    }
}
