//! Registry of breakers by name.

mod keyed;

use super::{
    builder::BreakerBuilder,
    config::BreakerConfig,
    event_queue::{QueuedEvent, QueuedKind},
    handle::CircuitBreaker,
    snapshot::BreakerSnapshot,
};
use crate::{
    error::ConfigError,
    event::CircuitState,
    keyed::Keyed,
    scope,
    sync::{Mutex, RwLock},
    time::{SharedClock, Tick},
};
use foldhash::fast::RandomState;
use once_cell::sync::Lazy;
use std::{
    collections::{BinaryHeap, HashMap, HashSet},
    fmt,
    panic::Location,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Returns the process-wide registry, in which the attributes' breakers live; inside of a test
/// scope, that of the scope.
///
/// # Examples
///
/// ```
/// use gardefou::circuit_breakers;
///
/// let breaker = circuit_breakers().get_or_create("registry-example", |b| b.failure_threshold(3))?;
/// assert!(circuit_breakers().get("registry-example").is_some());
/// assert!(circuit_breakers().snapshots().iter().any(|s| s.name == breaker.name()));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use]
pub fn circuit_breakers() -> &'static BreakerRegistry {
    static REGISTRY: Lazy<BreakerRegistry> = Lazy::new(BreakerRegistry::new);
    match scope::part(OfScope::new) {
        Some(registry) => registry.0,
        None => &REGISTRY,
    }
}

/// The registry of a test scope. It is handed out for as long as the program runs, so that its few
/// bytes stay when the scope ends, but not the breakers in it.
pub(crate) struct OfScope(pub(crate) &'static BreakerRegistry);

impl OfScope {
    pub(crate) fn new(_: &scope::ScopeState) -> Self {
        Self(Box::leak(Box::new(BreakerRegistry {
            clock: SharedClock::current(),
            ..BreakerRegistry::default()
        })))
    }
}

impl Drop for OfScope {
    fn drop(&mut self) {
        let breakers = std::mem::take(&mut *self.0.breakers.write());
        drop(breakers);
        let keyed = std::mem::take(&mut *self.0.keyed.write());
        drop(keyed);
    }
}

/// Breakers by name: two places that name one breaker share it.
///
/// Names may come from data, for example one per customer: beyond 10,000 breakers, the idle ones
/// are dropped as by [`drop_idle`](Self::drop_idle) whenever their number has grown by half.
#[derive(Default)]
pub struct BreakerRegistry {
    breakers: RwLock<HashMap<Box<str>, RegisteredBreaker, RandomState>>,
    /// The breakers by key, by the name that those of all keys have in common.
    keyed: RwLock<HashMap<Box<str>, Keyed<CircuitBreaker>>>,
    /// The pairs of places that a warning has named; bounded by the places in the source.
    clashes: Mutex<HashSet<(Place, Place)>>,
    /// The clock of breakers whose builder has none.
    clock: SharedClock,
    /// How many breakers there may be before idle ones are dropped. Relaxed: where two threads pass
    /// it at once, both drop.
    drops_idle_at: Threshold,
}

impl fmt::Debug for BreakerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names may come from data.
        f.debug_struct("BreakerRegistry")
            .field("breakers", &self.len())
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Threshold(AtomicUsize);

impl Default for Threshold {
    fn default() -> Self {
        Self(AtomicUsize::new(MANY))
    }
}

/// The place where a breaker was declared.
type Place = &'static Location<'static>;

/// Few programs have as many breakers by design.
const MANY: usize = 10_000;

#[derive(Debug)]
struct RegisteredBreaker {
    breaker: CircuitBreaker,
    /// The idle time as the last search for idle breakers found it; `None` before the first.
    idle: Option<Idle>,
}

/// A time without calls.
#[derive(Clone, Copy, Debug)]
struct Idle {
    /// The number of calls before it.
    calls: u64,
    /// When it was first found, on the breaker's clock.
    since: Tick,
}

impl BreakerRegistry {
    /// Makes an empty registry, separate from the process-wide one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::BreakerRegistry, circuit_breakers};
    ///
    /// let registry = BreakerRegistry::new();
    /// registry.get_or_create("registry-new-example", |b| b)?;
    /// assert!(circuit_breakers().get("registry-new-example").is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the breaker of that name; `payments[acme]` is the one of a key, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{BreakerRegistry, CircuitState};
    ///
    /// let registry = BreakerRegistry::new();
    /// assert!(registry.get("db").is_none());
    /// registry.get_or_create("db", |b| b)?.force_open();
    /// assert_eq!(registry.get("db").unwrap().state(), CircuitState::ForcedOpen);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<CircuitBreaker> {
        let breakers = self.breakers.read();
        let breaker = breakers.get(name).map(|entry| entry.breaker.clone());
        drop(breakers);
        breaker.or_else(|| self.of_key(name))
    }

    /// Returns the breaker of that name, which is made if there is none.
    ///
    /// `configure` gets a builder of that name. A breaker that exists already stays as it is; if
    /// its configuration differs, one warning names both places.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the configuration breaks; nothing is registered then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::BreakerRegistry;
    ///
    /// let registry = BreakerRegistry::new();
    /// let first = registry.get_or_create("db", |b| b.failure_threshold(3))?;
    /// let second = registry.get_or_create("db", |b| b.failure_threshold(4))?;
    /// assert_eq!(second.config(), first.config(), "the first one holds");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn get_or_create(
        &self,
        name: &str,
        configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder,
    ) -> Result<CircuitBreaker, ConfigError> {
        self.get_or_build(configure(CircuitBreaker::builder(name)))
    }

    /// Returns the breaker of the builder's name, which is built if there is none.
    pub(crate) fn get_or_build(
        &self,
        builder: BreakerBuilder,
    ) -> Result<CircuitBreaker, ConfigError> {
        let builder = builder.clock_or(&self.clock);
        #[cfg(feature = "config")]
        let (builder, configured) = builder.configured();
        let config = builder.resolve_single()?;
        let place = builder.place();
        let breaker = match self.get(builder.name()) {
            Some(breaker) => breaker,
            None => {
                let (breaker, _is_new) = self.insert(builder, config.clone());
                #[cfg(feature = "config")]
                if _is_new {
                    configured.remember(&breaker);
                }
                breaker
            }
        };
        if breaker.config() != config {
            self.warn_of_clash(&breaker, place);
        }
        Ok(breaker)
    }

    /// Registers a new breaker, unless another thread has just done so; returns whether it did.
    fn insert(&self, builder: BreakerBuilder, config: BreakerConfig) -> (CircuitBreaker, bool) {
        let name = builder.name().into();
        // Not under the lock: a control can open the new breaker, and observers are the user's code.
        let built = builder.build_resolved(config);
        let mut breakers = self.breakers.write();
        let entry = breakers.entry(name);
        let mut is_new = false;
        let registered = entry.or_insert_with(|| {
            is_new = true;
            RegisteredBreaker {
                breaker: built.clone(),
                idle: None,
            }
        });
        let (breaker, len) = (registered.breaker.clone(), breakers.len());
        drop(breakers);
        if len > self.drops_idle_at.0.load(Ordering::Relaxed) {
            self.make_room(len);
        }
        (breaker, is_new)
    }

    /// Drops the idle breakers; their number may grow by half before the next time.
    #[cold]
    fn make_room(&self, len: usize) {
        // Not twice at the same time.
        self.drops_idle_at.0.store(usize::MAX, Ordering::Relaxed);
        let left = len.saturating_sub(self.drop_idle());
        self.drops_idle_at
            .0
            .store((left + left / 2).max(MANY), Ordering::Relaxed);
    }

    #[cold]
    fn warn_of_clash(&self, breaker: &CircuitBreaker, second: Place) {
        let shell = breaker.shell();
        let first = shell.place;
        if self.clashes.lock().insert((first, second)) {
            let shown = |place: Place| format!("{}:{}", place.file(), place.line());
            shell.emit(|locked| QueuedEvent {
                generation: locked.machine.generation(),
                opening: None,
                kind: QueuedKind::ConfigClash {
                    first: shown(first),
                    second: shown(second),
                },
            });
        }
    }

    /// Resets every breaker, those of keys included: see [`CircuitBreaker::reset`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{BreakerRegistry, CircuitState};
    ///
    /// let registry = BreakerRegistry::new();
    /// let (db, search) = (registry.get_or_create("db", |b| b)?, registry.get_or_create("search", |b| b)?);
    /// db.force_open();
    /// search.disable();
    /// registry.reset_all();
    /// assert_eq!((db.state(), search.state()), (CircuitState::Closed, CircuitState::Closed));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn reset_all(&self) {
        self.all().iter().for_each(CircuitBreaker::reset);
    }

    /// Returns a snapshot of each breaker, sorted by name; those of keys are named `payments[acme]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::BreakerRegistry;
    ///
    /// let registry = BreakerRegistry::new();
    /// for name in ["search", "db"] {
    ///     registry.get_or_create(name, |b| b)?;
    /// }
    /// let names: Vec<_> = registry.snapshots().into_iter().map(|snapshot| snapshot.name).collect();
    /// assert_eq!(names, ["db", "search"]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn snapshots(&self) -> Vec<BreakerSnapshot> {
        let all = self.all();
        let mut snapshots: Vec<_> = all.iter().map(CircuitBreaker::snapshot).collect();
        snapshots.sort_by(|a, b| a.name.cmp(&b.name));
        snapshots
    }

    /// Returns the breakers without keys of the lowest ranks, at most `most`, by rank and name. `rank` takes the
    /// name, and whether the breaker may reject calls, or may have done so until just now.
    ///
    /// Each breaker costs one load, and only those that are returned are copied.
    pub(crate) fn first_by(
        &self,
        most: usize,
        rank: impl Fn(&str, bool) -> u8,
    ) -> Vec<CircuitBreaker> {
        let breakers = self.breakers.read();
        let mut first = BinaryHeap::with_capacity(most);
        for (name, RegisteredBreaker { breaker, .. }) in &*breakers {
            let ranked = (rank(name, breaker.shell().may_reject()), &**name);
            if first.len() < most {
                first.push(ranked);
            } else if let Some(mut last) = first.peek_mut()
                && ranked < *last
            {
                *last = ranked;
            }
        }
        let first = first.into_sorted_vec().into_iter();
        first
            .filter_map(|(_, name)| breakers.get(name))
            .map(|entry| entry.breaker.clone())
            .collect()
    }

    /// Returns how many breakers there are, those of keys included.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::BreakerRegistry;
    ///
    /// let registry = BreakerRegistry::new();
    /// registry.get_or_create("db", |b| b)?;
    /// registry.get_or_create("db", |b| b)?;
    /// assert_eq!(registry.len(), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.breakers.read().len() + self.keyed_len()
    }

    /// Returns `true` if there is no breaker.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::BreakerRegistry;
    ///
    /// let registry = BreakerRegistry::new();
    /// assert!(registry.is_empty());
    /// registry.get_or_create("db", |b| b)?;
    /// assert!(!registry.is_empty());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the breaker of that name from the registry. Its handles stay valid; the next request
    /// for the name makes a new breaker.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{BreakerRegistry, CircuitState};
    ///
    /// let registry = BreakerRegistry::new();
    /// let old = registry.get_or_create("db", |b| b)?;
    /// old.force_open();
    /// assert!(registry.remove("db").is_some());
    /// assert_eq!(registry.get_or_create("db", |b| b)?.state(), CircuitState::Closed);
    /// assert_eq!(old.state(), CircuitState::ForcedOpen);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn remove(&self, name: &str) -> Option<CircuitBreaker> {
        let removed = self.breakers.write().remove(name);
        match removed {
            Some(entry) => Some(entry.breaker),
            None => self.remove_key(name),
        }
    }

    /// Drops the idle breakers, and returns how many: those without another handle, without a call
    /// since the last time this was called, and without a failure that still counts. Call it now
    /// and then where names come from data, for example one per customer.
    ///
    /// The failures of an open breaker count until its open time is over. Those of a closed one, in
    /// a row or in its window, and its slow calls, count until it has been idle for as long as it
    /// would have been open for them (`recovery_timeout`); so no name stays for ever. Breakers that
    /// were opened or disabled by hand are kept. Those of keys follow rules of their own: see
    /// [`Keyed`](Keyed::evict_idle).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::BreakerRegistry;
    ///
    /// let registry = BreakerRegistry::new();
    /// registry.get_or_create("customer-1", |b| b)?;
    /// let held = registry.get_or_create("customer-2", |b| b)?;
    /// assert_eq!((registry.drop_idle(), registry.drop_idle()), (0, 1));
    /// assert_eq!(registry.len(), 1);
    /// # drop(held);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn drop_idle(&self) -> usize {
        let mut breakers = self.breakers.write();
        let idle = breakers.extract_if(|_, entry| {
            let snapshot = entry.breaker.snapshot();
            let (calls, now) = (snapshot.counts.total(), entry.breaker.shell().clock.now());
            let idle = entry.idle.filter(|idle| idle.calls == calls);
            let is_idle = idle.is_some();
            let since = entry
                .idle
                .insert(idle.unwrap_or(Idle { calls, since: now }))
                .since;
            let is_harmless = match snapshot.state {
                CircuitState::Closed => {
                    let holds_nothing =
                        snapshot.consecutive_failures == 0 && entry.breaker.is_window_clean_at(now);
                    holds_nothing || now.since(since) >= snapshot.config.recovery_timeout
                }
                CircuitState::HalfOpen => snapshot.remaining == Some(Duration::ZERO),
                _ => false,
            };
            // The write lock keeps other threads from taking a handle meanwhile.
            is_idle && is_harmless && entry.breaker.handles() == 1
        });
        let idle: Vec<_> = idle.collect();
        drop(breakers);
        // Dropped after the lock is released: their observers are user code, whose `Drop` may use
        // the registry.
        idle.len() + self.evict_idle_keys()
    }

    /// Returns handles of all breakers, so that they are used after the lock is released.
    pub(super) fn all(&self) -> Vec<CircuitBreaker> {
        let breakers = self.breakers.read();
        let mut all: Vec<_> = breakers
            .values()
            .map(|entry| entry.breaker.clone())
            .collect();
        drop(breakers);
        all.extend(self.all_keyed().iter().flat_map(Keyed::guards));
        all
    }
}
