//! The test scope that a thread has entered, and the parts that each layer stores in it.
//!
//! A test scope replaces what the whole process shares otherwise: registries, observers, the
//! monitor and the clock. The module is at the bottom, so that every layer can look up its own
//! part; parts are found by their type, and the scope itself knows none of them. Without the
//! feature `test-util` there are no scopes: each function here is a constant.

#[cfg(feature = "test-util")]
pub(crate) use on::{
    Captured, Entered, ScopeState, WeaklyCaptured, enter, is_entered, part, stored,
};

#[cfg(not(feature = "test-util"))]
pub(crate) use off::{Captured, Entered, ScopeState, WeaklyCaptured, is_entered, part, stored};

#[cfg(feature = "test-util")]
mod on {
    use crate::sync::global::Mutex;
    use std::{
        any::{Any, TypeId},
        cell::{Cell, RefCell},
        collections::HashMap,
        fmt,
        marker::PhantomData,
        sync::{Arc, Weak},
    };

    type Parts = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

    /// A scope: one part of each type.
    #[derive(Default)]
    pub(crate) struct ScopeState {
        parts: Mutex<Parts>,
    }

    impl ScopeState {
        /// Returns the part of type `T`, if it was made.
        pub(crate) fn stored<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
            let part = self.parts.lock().get(&TypeId::of::<T>()).cloned();
            part?.downcast().ok()
        }

        /// Stores a part, unless there is one already; returns the stored one.
        pub(crate) fn store<T: Send + Sync + 'static>(&self, part: &Arc<T>) -> Arc<T> {
            let mut parts = self.parts.lock();
            let stored = parts
                .entry(TypeId::of::<T>())
                .or_insert_with(|| Arc::clone(part) as _);
            Arc::clone(stored)
                .downcast()
                .unwrap_or_else(|_| Arc::clone(part))
        }

        /// Returns the part of type `T`, and makes it if there is none.
        pub(crate) fn part<T: Send + Sync + 'static>(
            &self,
            make: impl FnOnce(&Self) -> T,
        ) -> Arc<T> {
            // Not made under the lock: making a part may look up another one.
            self.stored()
                .unwrap_or_else(|| self.store(&Arc::new(make(self))))
        }
    }

    impl fmt::Debug for ScopeState {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("ScopeState").finish_non_exhaustive()
        }
    }

    /// The token of a guard, and the scope that it entered; `None` where it left every scope.
    type TokenAndScope = (u64, Option<Arc<ScopeState>>);

    thread_local! {
        /// Whether the innermost guard entered a scope. Separate from the stack, so that a call
        /// outside of scopes reads one byte that has no destructor.
        static IS_ENTERED: Cell<bool> = const { Cell::new(false) };
        /// The guards of this thread, innermost last. They may be dropped in any order.
        static STACK: RefCell<Vec<TokenAndScope>> = const { RefCell::new(Vec::new()) };
        static NEXT_TOKEN: Cell<u64> = const { Cell::new(0) };
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
        // A thread that is ending has dropped its stack.
        STACK
            .try_with(|stack| stack.borrow().last()?.1.clone())
            .ok()
            .flatten()
    }

    /// Returns the part of type `T` of the scope that this thread is in, and makes it if there is
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

    /// Enters a scope on this thread, or leaves every scope (`None`), until the guard is dropped.
    pub(crate) fn enter(scope: Option<Arc<ScopeState>>) -> Entered {
        let token = NEXT_TOKEN.with(|next| next.replace(next.get() + 1));
        let is_scope = scope.is_some();
        let is_pushed = STACK
            .try_with(|stack| stack.borrow_mut().push((token, scope)))
            .is_ok();
        IS_ENTERED.with(|is_entered| is_entered.set(is_scope && is_pushed));
        Entered {
            token: Some(token),
            not_send: PhantomData,
        }
    }

    /// Guard of an entered scope, which is left when the guard is dropped.
    #[derive(Debug)]
    #[must_use = "a scope is left when its guard is dropped"]
    pub(crate) struct Entered {
        token: Option<u64>,
        not_send: PhantomData<*const ()>,
    }

    impl Drop for Entered {
        fn drop(&mut self) {
            let Some(token) = self.token else { return };
            // This may be the last handle of the scope: it is dropped after the borrow.
            let removed = STACK.try_with(|stack| {
                let mut stack = stack.borrow_mut();
                let at = stack.iter().rposition(|(known, _)| *known == token)?;
                let removed = stack.remove(at);
                IS_ENTERED.with(|is_entered| {
                    is_entered.set(stack.last().is_some_and(|(_, scope)| scope.is_some()));
                });
                Some(removed)
            });
            drop(removed);
        }
    }

    /// Weak reference to the scope that a thread was in.
    #[derive(Debug)]
    pub(crate) struct WeaklyCaptured(Option<Weak<ScopeState>>);

    impl WeaklyCaptured {
        /// Enters the scope. Leaves every scope, until the guard is dropped, if the scope has ended
        /// or this was captured outside of scopes.
        pub(crate) fn enter(&self) -> Entered {
            match self.0.as_ref().and_then(Weak::upgrade) {
                Some(scope) => enter(Some(scope)),
                None => Captured::outside(),
            }
        }
    }

    /// Reference to the scope that a thread was in, to be entered where its work goes on.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Captured(Option<Arc<ScopeState>>);

    impl Captured {
        pub(crate) fn current() -> Self {
            Self(current())
        }

        /// Enters the scope; does nothing if this was captured outside of scopes.
        pub(crate) fn enter(&self) -> Entered {
            match &self.0 {
                Some(scope) => enter(Some(Arc::clone(scope))),
                None => Entered {
                    token: None,
                    not_send: PhantomData,
                },
            }
        }

        /// Returns a reference that does not keep the scope alive.
        pub(crate) fn downgrade(&self) -> WeaklyCaptured {
            WeaklyCaptured(self.0.as_ref().map(Arc::downgrade))
        }

        /// Leaves every scope until the guard is dropped.
        pub(crate) fn outside() -> Entered {
            if is_entered() {
                enter(None)
            } else {
                Self(None).enter()
            }
        }

        /// Returns `true` if this thread is in the captured scope, or outside of scopes as the
        /// capturing thread was.
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
    use std::sync::Arc;

    /// There are no scopes.
    pub(crate) enum ScopeState {}

    #[inline(always)]
    pub(crate) const fn is_entered() -> bool {
        false
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
