//! The test scope under way on a thread, and what each layer keeps in it.
//!
//! A test scope replaces what is otherwise shared by the whole process: registries, observers, the
//! monitor and the clock. It stands at the bottom so that every layer can ask for its own part; the
//! part is found by its type, and the scope itself knows none of them. Without the feature
//! `test-util` there are no scopes: each function here is a constant.

#[cfg(feature = "test-util")]
pub(crate) use on::{
    Captured, Entered, ScopeState, WeaklyCaptured, clock, enter, is_entered, part, stored,
};

#[cfg(not(feature = "test-util"))]
pub(crate) use off::{
    Captured, Entered, ScopeState, WeaklyCaptured, clock, is_entered, part, stored,
};

#[cfg(feature = "test-util")]
mod on {
    use crate::time::{ManualClock, SharedClock};
    use std::{
        any::{Any, TypeId},
        cell::{Cell, RefCell},
        collections::HashMap,
        fmt,
        marker::PhantomData,
        sync::{Arc, Mutex, PoisonError, Weak},
    };

    type Parts = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

    /// A scope: its clock, and one part of each type.
    pub(crate) struct ScopeState {
        manual: ManualClock,
        clock: SharedClock,
        parts: Mutex<Parts>,
    }

    impl ScopeState {
        pub(crate) fn new() -> Arc<Self> {
            let manual = ManualClock::new();
            Arc::new(Self {
                clock: SharedClock::new(manual.clone()),
                manual,
                parts: Mutex::default(),
            })
        }

        pub(crate) fn manual_clock(&self) -> &ManualClock {
            &self.manual
        }

        pub(crate) fn clock(&self) -> &SharedClock {
            &self.clock
        }

        /// Returns the part of type `T`, if it was made.
        pub(crate) fn stored<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
            let part = self
                .parts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&TypeId::of::<T>())
                .cloned();
            part?.downcast().ok()
        }

        /// Stores a part, unless there is one already; returns the one that stays.
        pub(crate) fn store<T: Send + Sync + 'static>(&self, part: &Arc<T>) -> Arc<T> {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            let stored = parts
                .entry(TypeId::of::<T>())
                .or_insert_with(|| Arc::clone(part) as _);
            Arc::clone(stored)
                .downcast()
                .unwrap_or_else(|_| Arc::clone(part))
        }

        /// Returns the part of type `T`, which is made if there is none.
        pub(crate) fn part<T: Send + Sync + 'static>(
            &self,
            make: impl FnOnce(&Self) -> T,
        ) -> Arc<T> {
            // Not made under the lock: a part may ask for another one.
            self.stored()
                .unwrap_or_else(|| self.store(&Arc::new(make(self))))
        }
    }

    impl fmt::Debug for ScopeState {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("ScopeState")
                .field("clock", &self.manual)
                .finish_non_exhaustive()
        }
    }

    /// One entry of a scope, or a time outside of every scope.
    type Entry = (u64, Option<Arc<ScopeState>>);

    thread_local! {
        /// Whether the innermost entry is a scope. Apart from the entries, so that a call outside
        /// of scopes reads one byte that has no destructor.
        static IS_ENTERED: Cell<bool> = const { Cell::new(false) };
        /// The entries of this thread, innermost last. Guards may be dropped in any order.
        static ENTRIES: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
        static NEXT: Cell<u64> = const { Cell::new(0) };
    }

    /// Returns `true` if this thread is in a scope.
    #[inline]
    pub(crate) fn is_entered() -> bool {
        IS_ENTERED.with(Cell::get)
    }

    #[inline]
    fn current() -> Option<Arc<ScopeState>> {
        if is_entered() { read() } else { None }
    }

    #[cold]
    fn read() -> Option<Arc<ScopeState>> {
        // A thread that is ending has no such list any more.
        ENTRIES
            .try_with(|entries| entries.borrow().last()?.1.clone())
            .ok()
            .flatten()
    }

    /// Returns the clock of the scope that this thread is in.
    #[inline]
    pub(crate) fn clock() -> Option<SharedClock> {
        Some(current()?.clock.clone())
    }

    /// Returns the part of type `T` of the scope that this thread is in, which is made if there is
    /// none; `None` outside of scopes.
    #[inline]
    pub(crate) fn part<T: Send + Sync + 'static>(
        make: impl FnOnce(&ScopeState) -> T,
    ) -> Option<Arc<T>> {
        Some(current()?.part(make))
    }

    /// Returns the part of type `T` of the scope that this thread is in, if it was made.
    #[inline]
    pub(crate) fn stored<T: Send + Sync + 'static>() -> Option<Arc<T>> {
        current()?.stored()
    }

    /// Enters a scope on this thread, or leaves every scope for a while (`None`), until the guard
    /// is dropped.
    pub(crate) fn enter(scope: Option<Arc<ScopeState>>) -> Entered {
        let token = NEXT.with(|next| next.replace(next.get() + 1));
        let is_scope = scope.is_some();
        let is_kept = ENTRIES
            .try_with(|entries| entries.borrow_mut().push((token, scope)))
            .is_ok();
        IS_ENTERED.with(|is_entered| is_entered.set(is_scope && is_kept));
        Entered {
            token: Some(token),
            not_send: PhantomData,
        }
    }

    /// A scope that is entered on this thread until this is dropped.
    #[derive(Debug)]
    #[must_use = "a scope is left when its guard is dropped"]
    pub(crate) struct Entered {
        token: Option<u64>,
        not_send: PhantomData<*const ()>,
    }

    impl Drop for Entered {
        fn drop(&mut self) {
            let Some(token) = self.token else { return };
            // The scope may be the last handle: what it owns is dropped after the borrow.
            let left = ENTRIES.try_with(|entries| {
                let mut entries = entries.borrow_mut();
                let at = entries.iter().rposition(|(known, _)| *known == token)?;
                let left = entries.remove(at);
                IS_ENTERED.with(|is_entered| {
                    is_entered.set(entries.last().is_some_and(|(_, scope)| scope.is_some()));
                });
                Some(left)
            });
            drop(left);
        }
    }

    /// The scope that a thread was in, unless it ends.
    #[derive(Debug)]
    pub(crate) struct WeaklyCaptured(Option<Weak<ScopeState>>);

    impl WeaklyCaptured {
        /// Enters the scope; leaves every scope for a while where it has ended, or where this was
        /// captured outside.
        pub(crate) fn enter(&self) -> Entered {
            match self.0.as_ref().and_then(Weak::upgrade) {
                Some(scope) => enter(Some(scope)),
                None => Captured::outside(),
            }
        }
    }

    /// The scope that a thread was in, to be entered where its work goes on.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Captured(Option<Arc<ScopeState>>);

    impl Captured {
        pub(crate) fn current() -> Self {
            Self(current())
        }

        /// Enters the scope. What was captured outside of scopes changes nothing.
        pub(crate) fn enter(&self) -> Entered {
            match &self.0 {
                Some(scope) => enter(Some(Arc::clone(scope))),
                None => Entered {
                    token: None,
                    not_send: PhantomData,
                },
            }
        }

        /// Captures the scope without keeping it.
        pub(crate) fn downgrade(&self) -> WeaklyCaptured {
            WeaklyCaptured(self.0.as_ref().map(Arc::downgrade))
        }

        /// Leaves every scope for a while.
        pub(crate) fn outside() -> Entered {
            if is_entered() {
                enter(None)
            } else {
                Self(None).enter()
            }
        }

        /// Returns `true` if this thread is where this was captured: in the same scope, or outside
        /// of scopes as well.
        pub(crate) fn is_current(&self) -> bool {
            match (&self.0, current()) {
                (None, None) => true,
                (Some(captured), Some(current)) => Arc::ptr_eq(captured, &current),
                _ => false,
            }
        }
    }
}

#[cfg(not(feature = "test-util"))]
mod off {
    use crate::time::SharedClock;
    use std::sync::Arc;

    /// There are no scopes.
    pub(crate) enum ScopeState {}

    impl ScopeState {
        pub(crate) fn clock(&self) -> &SharedClock {
            match *self {}
        }
    }

    #[inline(always)]
    pub(crate) const fn is_entered() -> bool {
        false
    }

    #[inline(always)]
    pub(crate) const fn clock() -> Option<SharedClock> {
        None
    }

    #[inline(always)]
    pub(crate) fn part<T>(_: impl FnOnce(&ScopeState) -> T) -> Option<Arc<T>> {
        None
    }

    #[inline(always)]
    pub(crate) const fn stored<T>() -> Option<Arc<T>> {
        None
    }

    /// Nothing to capture.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct Captured;

    pub(crate) type WeaklyCaptured = Captured;

    /// Nothing to leave.
    pub(crate) struct Entered;

    impl Captured {
        #[inline(always)]
        pub(crate) const fn current() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) const fn enter(self) -> Entered {
            Entered
        }

        #[inline(always)]
        pub(crate) const fn downgrade(self) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) const fn outside() -> Entered {
            Entered
        }

        #[inline(always)]
        pub(crate) const fn is_current(self) -> bool {
            true
        }
    }
}
