//! Panics of code that is not ours, contained.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt, mem,
    ops::Deref,
    panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Once,
    thread,
};

/// The detail of an error that was a panic, with the panic's place.
pub(crate) const PLACE_DETAIL: &str = "place";

/// Runs a function; its panic is handed out.
#[inline]
pub(crate) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, Payload> {
    let outcome = {
        let _depth = Depth::enter();
        catch_unwind(AssertUnwindSafe(run))
    };
    outcome.map_err(|payload| Payload {
        payload: Some(payload),
        note: take_note(),
    })
}

/// Notes the places of contained panics from now on, in front of the panic hook that is in place.
///
/// A caught panic carries no place: only a hook is given it. Each guard that makes an error of a
/// panic calls this first, which is one load after the first time.
#[inline]
pub(crate) fn watch() {
    static WATCH: Once = Once::new();
    if !WATCH.is_completed() {
        install(&WATCH);
    }
}

#[cold]
fn install(once: &Once) {
    // Hooks cannot be changed by a thread that panics.
    if thread::panicking() {
        return;
    }
    once.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            before(panic);
            if are_contained() {
                panic
                    .location()
                    .into_iter()
                    .for_each(|place| note_place(place.to_string()));
            }
        }));
    });
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// What is known of the latest panic of this thread that is handed out.
    static NOTE: RefCell<Note> = const { RefCell::new(Note { place: None, error: None }) };
}

/// What is known of a panic beside its payload.
#[derive(Default)]
struct Note {
    place: Option<String>,
    /// The error as which a guard further in reported it.
    error: Option<Box<dyn Any + Send>>,
}

/// Notes the place of a panic, from a panic hook.
pub(crate) fn note_place(place: String) {
    note(Note {
        place: Some(place),
        error: None,
    });
}

fn note(note: Note) {
    // What was noted before is dropped after the borrow.
    let before = NOTE.try_with(|last| last.replace(note));
    drop(before);
}

/// Takes what was noted of the panic that is handed out.
#[cold]
fn take_note() -> Note {
    NOTE.try_with(RefCell::take).unwrap_or_default()
}

/// Returns `true` if a panic of this thread would be returned by [`catch`], so that it is reported.
pub(crate) fn are_contained() -> bool {
    // A thread that is ending has no such cell any more, and its panic aborts.
    DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false)
}

/// One more [`catch`] around what this thread runs.
struct Depth;

impl Depth {
    #[inline]
    fn enter() -> Self {
        let _ = DEPTH.try_with(|depth| depth.set(depth.get() + 1));
        Self
    }
}

impl Drop for Depth {
    #[inline]
    fn drop(&mut self) {
        let _ = DEPTH.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

/// What a panic carried, and its place. It can be dropped without harm, although its own `Drop` is
/// foreign code as well.
pub struct Payload {
    payload: Option<Box<dyn Any + Send>>,
    note: Note,
}

impl Payload {
    /// Lets the panic go on, which was reported as an error: a guard further out is not to report
    /// it again.
    pub(crate) fn resume(mut self, error: impl Any + Send) -> ! {
        if are_contained() {
            note(Note {
                error: Some(Box::new(error)),
                ..mem::take(&mut self.note)
            });
        }
        resume_unwind(self.payload.take().unwrap_or_else(|| Box::new(())))
    }

    /// Returns the place of the panic, for example `src/db.rs:12:5`, where it was noted.
    pub(crate) fn place(&self) -> Option<&str> {
        self.note.place.as_deref()
    }

    /// Returns the error as which a guard further in reported the panic.
    pub(crate) fn error<E: 'static>(&self) -> Option<&E> {
        self.note.error.as_ref()?.downcast_ref()
    }

    /// Returns the text of the panic.
    pub(crate) fn text(&self) -> &str {
        text_of(&**self)
    }
}

/// Returns the text that a panic was called with.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a value, no text)")
}

/// Writes where the panic happened, as far as that is known, and its text.
impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.note.place {
            Some(place) => write!(f, "panicked at {place}: {}", self.text()),
            None => write!(f, "panicked: {}", self.text()),
        }
    }
}

impl Deref for Payload {
    type Target = dyn Any + Send;

    fn deref(&self) -> &Self::Target {
        self.payload.as_deref().unwrap_or(&())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload")
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        let payload = self.payload.take();
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // That one might panic too, and so on: it is let go.
            mem::forget(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    #[test]
    fn caught_panic_is_returned_with_its_payload() {
        assert_eq!(catch(|| 7).ok(), Some(7));
        let payload = catch(|| panic_any(7_u8)).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&7_u8));
    }

    #[test]
    fn containment_of_panics_is_known_per_thread() {
        assert!(!are_contained());
        let seen = catch(|| {
            (
                are_contained(),
                catch(|| panic_any(1)).is_err(),
                are_contained(),
            )
        });
        assert_eq!(seen.ok(), Some((true, true, true)));
        assert!(catch(|| panic_any(1)).is_err() && !are_contained());
    }

    #[test]
    fn payload_has_the_place_of_its_own_panic() {
        watch();
        let line = line!() + 1;
        let payload = catch(|| panic!("at {}", 7)).unwrap_err();
        let place = format!("{}:{line}:", file!());
        assert!(
            payload.place().is_some_and(|at| at.starts_with(&place)),
            "{payload}"
        );
        assert!(payload.to_string().ends_with(": at 7"), "{payload}");

        // A panic that is passed on by a guard keeps its place; one that foreign code resumes has
        // none, not an older one.
        let again = catch(|| payload.resume("reported")).unwrap_err();
        assert!(
            again.place().is_some_and(|at| at.starts_with(&place)),
            "{again}"
        );
        assert_eq!(again.error(), Some(&"reported"));
        let foreign = catch(|| resume_unwind(Box::new("elsewhere"))).unwrap_err();
        assert_eq!(
            (foreign.to_string().as_str(), foreign.error::<&str>()),
            ("panicked: elsewhere", None)
        );
    }

    #[test]
    fn payload_that_panics_when_dropped_is_contained() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic_any(Self);
            }
        }
        assert!(catch(|| panic_any(Bomb)).is_err());
    }
}
