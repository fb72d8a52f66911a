//! Panics of code that is not ours, contained.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt, mem,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

/// Runs a function; its panic is handed out.
#[inline]
pub(crate) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, Payload> {
    let outcome = {
        let _depth = Depth::enter();
        catch_unwind(AssertUnwindSafe(run))
    };
    outcome.map_err(|payload| Payload(Some(payload)))
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

thread_local! {
    /// The place of the latest panic of this thread that is handed out, where the process notes it.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes the place of a panic, from a panic hook.
pub(crate) fn note_place(place: String) {
    let _ = PLACE.try_with(|last| last.replace(Some(place)));
}

/// Takes the place of the panic that was handed out, where it was noted.
pub(crate) fn take_place() -> Option<String> {
    PLACE.try_with(RefCell::take).ok().flatten()
}

/// Tells whether a panic of this thread would be handed out by [`catch`], so that somebody hears of it.
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

/// What a panic carried. It can be dropped without harm, although its own `Drop` is foreign code as well.
pub struct Payload(Option<Box<dyn Any + Send>>);

impl Payload {
    /// Lets the panic go on.
    pub(crate) fn resume(mut self) -> ! {
        resume_unwind(self.0.take().unwrap_or_else(|| Box::new(())))
    }
}

impl Deref for Payload {
    type Target = dyn Any + Send;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().unwrap_or(&())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload")
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        let payload = self.0.take();
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
    fn a_panic_is_handed_out_with_what_it_carried() {
        assert_eq!(catch(|| 7).ok(), Some(7));
        let payload = catch(|| panic_any(7_u8)).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&7_u8));
    }

    #[test]
    fn a_thread_knows_whether_its_panics_are_contained() {
        assert!(!are_contained());
        let seen = catch(|| (are_contained(), catch(|| panic_any(1)).is_err(), are_contained()));
        assert_eq!(seen.ok(), Some((true, true, true)));
        assert!(catch(|| panic_any(1)).is_err() && !are_contained());
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic_any(Self);
            }
        }
        assert!(catch(|| panic_any(Bomb)).is_err());
    }
}
