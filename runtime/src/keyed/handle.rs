//! Handle of the guards by key.

use super::{guard::Evictable, key::Key, map::GuardMap, name::KeyedName};
#[cfg(feature = "config")]
use crate::time::Tick;
use crate::{
    error::{ConfigError, redact},
    event::{Shown, names::TARGET_KEYED},
    revised::Revised,
    time::SharedClock,
};
#[cfg(feature = "config")]
use std::sync::Weak;
use std::{
    fmt,
    ops::RangeInclusive,
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// One guard for each key: for each host, tenant or customer. Cheap to clone; all clones share the
/// guards.
///
/// The key of a call is any value with a `Display` form. Keys with the same text have the same guard,
/// whatever their types are; guards are listed under `payments[acme]`. The name and the key are shown
/// redacted, on one line and bounded.
///
/// # Bounds
///
/// There are at most `max_keys` guards (10,000 unless set; 1 to 1,000,000), and one more that is shared.
/// When a lookup of a new key finds as many, guards are evicted that
///
/// - were not looked up for 10 minutes by the clock of the builder, and
/// - behave as new ones would: a circuit breaker is closed and has no failure in its window, a retry
///   budget is full, and
/// - have no handle, permit or call in flight. So there are never two guards of one key.
///
/// If there is no such guard, the lookup returns the one named [`OTHER`], which all further keys share
/// until there is room again; a line at warning is logged once. So do keys longer than 1,024 bytes.
///
/// A map with more than 64 guards is not searched for each lookup that finds it full. It is when the
/// time has come at which a guard may have become idle, once a second at most, and after each 64th part
/// of so many lookups as it has guards. Without an injected clock, a key that was looked up more than
/// 16 times since the last search counts as used until the next one. So no guard is evicted before its
/// key was idle for 10 minutes, but it may be later than that.
///
/// # Cost
///
/// A known key is looked up without an allocation if its text is at most 128 bytes long.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::{CircuitBreaker, CircuitState};
///
/// let breakers = CircuitBreaker::builder("payments").failure_threshold(1).build_keyed()?;
/// breakers.get("acme").try_acquire()?.failure();
/// assert_eq!(breakers.get("acme").state(), CircuitState::Open);
/// assert_eq!(breakers.get("globex").state(), CircuitState::Closed);
/// assert_eq!(breakers.get("acme").name(), "payments[acme]");
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone)]
pub struct Keyed<G: Evictable>(Arc<KeyedInner<G>>);

/// The key under which the guard is listed that keys share for which there is no room. A key with
/// this text gets the same guard.
///
/// # Examples
///
/// ```
/// use gardefou::{breaker::CircuitBreaker, keyed::OTHER};
///
/// let breakers = CircuitBreaker::builder("payments").max_keys(1).build_keyed()?;
/// let _acme = breakers.get("acme");
/// assert_eq!(breakers.get("globex").name(), format!("payments[{OTHER}]"));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
pub const OTHER: &str = "_OTHER";

/// Default of `max_keys`.
pub(crate) const MAX_KEYS: u32 = 10_000;

const LEGAL_MAX_KEYS: RangeInclusive<u32> = 1..=1_000_000;

/// Keys come from outside: one long key must not take as much memory as thousands.
const LONGEST_KEY: usize = 1024;

/// Returns what is wrong with a bound on the number of keys, if something is.
pub(crate) fn check_max_keys(max_keys: u32) -> Option<ConfigError> {
    let rule = "must be from 1 to 1000000";
    (!LEGAL_MAX_KEYS.contains(&max_keys)).then(|| ConfigError::new("max_keys", max_keys, rule))
}

/// Returns the configuration of a guard without keys, for which there must be no bound on their number.
pub(crate) fn without_keys<T>(
    max_keys: Option<u32>,
    resolved: Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let Some(max_keys) = max_keys else {
        return resolved;
    };
    let rule = "must come with keys: `build_keyed`, or `key = expr` of the attribute";
    let problem = ConfigError::new("max_keys", max_keys, rule);
    let problems = resolved.err().into_iter().chain([problem.clone()]);
    Err(ConfigError::join(problems).unwrap_or(problem))
}

/// Contents of the handle.
struct KeyedInner<G: Evictable> {
    name: Box<str>,
    /// What guards are made from. Replaced during a change of the map, so that each guard in it is of
    /// the latest one.
    recipe: Revised<G::Recipe>,
    clock: SharedClock,
    map: GuardMap<G>,
    other: OnceLock<G>,
    /// The counts and the flag are statistics: Relaxed.
    evicted: AtomicU64,
    shared_other: AtomicU64,
    has_warned: AtomicBool,
}

impl<G: Evictable> Keyed<G> {
    /// Makes an empty map. `max_keys` and the recipe were checked.
    pub(crate) fn new(name: &str, recipe: G::Recipe, clock: SharedClock, max_keys: u32) -> Self {
        Self(Arc::new(KeyedInner {
            name: name.into(),
            recipe: Revised::new(recipe),
            clock,
            map: GuardMap::new(max_keys as usize),
            other: OnceLock::new(),
            evicted: AtomicU64::new(0),
            shared_other: AtomicU64::new(0),
            has_warned: AtomicBool::new(false),
        }))
    }

    /// Returns the guard of a key, and makes it if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").build_keyed()?;
    /// breakers.get(&7).force_open();
    /// assert_eq!(breakers.get("7").state(), breakers.get(&7_u64).state(), "the texts are equal");
    /// assert_eq!(breakers.len(), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self, key: &(impl fmt::Display + ?Sized)) -> G {
        self.of_key(Key::new().write(key))
    }

    /// As [`get`](Self::get), by the text of the key.
    #[inline]
    pub(crate) fn of_key(&self, key: &Key) -> G {
        let now = (!self.0.clock.is_system()).then(|| self.0.clock.now());
        match self.0.map.look_up(key, now) {
            Some(guard) => guard,
            None => self.0.find_or_make(key),
        }
    }

    /// Returns the guard of a key if it has one of its own. Unlike [`get`](Self::get) this makes none,
    /// and does not count as a use of the key.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").build_keyed()?;
    /// assert!(breakers.peek("acme").is_none());
    /// let _acme = breakers.get("acme");
    /// assert!(breakers.peek("acme").is_some());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn peek(&self, key: &(impl fmt::Display + ?Sized)) -> Option<G> {
        self.0.map.peek(Key::new().write(key))
    }

    /// Removes the guard of a key, for example of a customer who is gone, and returns it. Handles stay
    /// valid; the next lookup of the key makes a new guard.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breakers = CircuitBreaker::builder("tenants").build_keyed()?;
    /// breakers.get("acme").force_open();
    /// assert!(breakers.remove("acme").is_some());
    /// assert!(breakers.is_empty() && breakers.remove("acme").is_none());
    /// assert_eq!(breakers.get("acme").state(), CircuitState::Closed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn remove(&self, key: &(impl fmt::Display + ?Sized)) -> Option<G> {
        // Before the change: the `Display` form is user code.
        let mut text = Key::new();
        let key = text.write(key);
        self.0.map.change().remove(key)
    }

    /// Returns the name, without a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").build_keyed()?;
    /// assert_eq!(breakers.name(), "tenants");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns how many keys may have a guard of their own.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// assert_eq!(CircuitBreaker::builder("tenants").build_keyed()?.max_keys(), 10_000);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn max_keys(&self) -> usize {
        self.0.map.max()
    }

    /// Returns how many keys have a guard of their own.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").max_keys(2).build_keyed()?;
    /// let guards: Vec<_> = ["acme", "globex", "initech"].map(|key| breakers.get(key)).into();
    /// assert_eq!(breakers.len(), 2);
    /// # drop(guards);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.map.len()
    }

    /// Returns `true` if no key has a guard of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").build_keyed()?;
    /// assert!(breakers.is_empty());
    /// let _acme = breakers.get("acme");
    /// assert!(!breakers.is_empty());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the keys that have a guard of their own, sorted. They are as they came: redact them
    /// before you show them. Keys that other threads add or that are evicted meanwhile may be among
    /// them or not.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").build_keyed()?;
    /// let _guards = ["globex", "acme"].map(|key| breakers.get(key));
    /// assert_eq!(breakers.keys(), ["acme", "globex"]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::with_capacity(self.len());
        self.0
            .map
            .for_each(|guard| keys.extend(guard.keyed_name().key().map(str::to_owned)));
        keys.sort_unstable();
        keys
    }

    /// Returns the guards, sorted by key, and last the one that further keys share, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").build_keyed()?;
    /// let _acme = breakers.get("acme");
    /// breakers.guards().iter().for_each(CircuitBreaker::force_open);
    /// assert!(breakers.get("acme").try_acquire().is_err());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn guards(&self) -> Vec<G> {
        let mut guards = Vec::with_capacity(self.len() + 1);
        self.0.map.for_each(|guard| guards.push(guard.clone()));
        guards.sort_unstable_by(|a, b| a.keyed_name().key().cmp(&b.keyed_name().key()));
        guards.extend(self.0.other.get().cloned());
        guards
    }

    /// Returns a snapshot of each guard, in the order of [`guards`](Self::guards).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").max_keys(1).build_keyed()?;
    /// let _guards = ["acme", "globex"].map(|key| breakers.get(key));
    /// let names: Vec<_> = breakers.snapshots().into_iter().map(|snapshot| snapshot.name).collect();
    /// assert_eq!(names, ["tenants[acme]", "tenants[_OTHER]"]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn snapshots(&self) -> Vec<G::Snapshot> {
        self.guards().iter().map(G::snapshot_of).collect()
    }

    /// Returns the guard that keys share for which there was no room, if there were such keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").max_keys(1).build_keyed()?;
    /// let _acme = breakers.get("acme");
    /// assert!(breakers.other().is_none());
    /// let _globex = breakers.get("globex");
    /// assert_eq!(breakers.other().unwrap().name(), "tenants[_OTHER]");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn other(&self) -> Option<G> {
        self.0.other.get().cloned()
    }

    /// Returns how many guards were evicted so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let breakers = CircuitBreaker::builder("tenants").max_keys(1).clock(clock.clone()).build_keyed()?;
    /// let _ = breakers.get("acme");
    /// clock.advance(Duration::from_secs(600));
    /// let _ = breakers.get("globex");
    /// assert_eq!((breakers.evicted(), breakers.keys()), (1, vec!["globex".to_owned()]));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.0.evicted.load(Ordering::Relaxed)
    }

    /// Returns how many lookups got the guard that keys share.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").max_keys(1).build_keyed()?;
    /// let _guards = ["acme", "globex", "globex"].map(|key| breakers.get(key));
    /// assert_eq!(breakers.shared_other(), 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn shared_other(&self) -> u64 {
        self.0.shared_other.load(Ordering::Relaxed)
    }

    /// Evicts now what a lookup of a new key would evict if there were no room, and returns how many
    /// guards that were.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let breakers = CircuitBreaker::builder("tenants").clock(clock.clone()).build_keyed()?;
    /// let _ = (breakers.get("acme"), breakers.get("globex").try_acquire()?.failure());
    /// clock.advance(Duration::from_secs(600));
    /// assert_eq!((breakers.evict_idle(), breakers.keys()), (1, vec!["globex".to_owned()]));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn evict_idle(&self) -> usize {
        // Before the change: the clock may be user code.
        let now = self.0.clock.now();
        let mut changes = self.0.map.change();
        // Read during the change.
        let evicted = changes.evict_at(self.0.recipe.get(), now);
        drop(changes);
        self.0.evicted.fetch_add(evicted, Ordering::Relaxed);
        evicted as usize
    }

    pub(crate) fn recipe(&self) -> &G::Recipe {
        self.0.recipe.get()
    }

    /// Returns the time by the clock of the guards.
    #[cfg(feature = "config")]
    pub(crate) fn now(&self) -> Tick {
        self.0.clock.now()
    }

    /// Makes guards from another recipe from now on, and returns those that there are.
    #[cfg(feature = "config")]
    pub(crate) fn replace_recipe(&self, recipe: G::Recipe) -> Vec<G> {
        let mut guards = Vec::with_capacity(self.len() + 1);
        let changes = self.0.map.change();
        self.0.recipe.replace(recipe);
        changes.for_each(|guard| guards.push(guard.clone()));
        guards.extend(self.0.other.get().cloned());
        guards
    }

    /// Returns a reference that does not keep the guards in use.
    #[cfg(feature = "config")]
    pub(crate) fn downgrade(&self) -> WeakKeyed<G> {
        WeakKeyed(Arc::downgrade(&self.0))
    }

    /// Returns `true` if both are handles of the same guards.
    #[cfg(feature = "config")]
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Calls a function of this crate for each guard, the shared one included.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&G)) {
        self.0.map.for_each(&mut f);
        self.0.other.get().into_iter().for_each(f);
    }
}

impl<G: Evictable> KeyedInner<G> {
    #[cold]
    fn find_or_make(&self, key: &Key) -> G {
        let bytes = key.as_bytes();
        if bytes.len() > LONGEST_KEY || bytes == OTHER.as_bytes() {
            return self.share_other();
        }
        let now = self.clock.now();
        loop {
            let mut changes = self.map.change();
            if let Some(known) = self.map.look_up(key, Some(now)) {
                return known;
            }
            if changes.is_full() && changes.is_search_due_at(now) {
                let evicted = changes.evict_at(self.recipe.get(), now);
                self.evicted.fetch_add(evicted, Ordering::Relaxed);
            }
            let is_full = changes.is_full();
            drop(changes);
            if is_full {
                return self.share_other();
            }
            let name = KeyedName::of_key(&self.name, &key.to_text());
            // Not made during a change, nor dropped: a hook of the user may run.
            let recipe = self.recipe.get();
            let made = G::make(recipe, name);
            let mut changes = self.map.change();
            if let Some(known) = self.map.look_up(key, Some(now)) {
                drop(changes);
                return known;
            }
            // Another thread may have taken the last place, or replaced the recipe.
            if !changes.is_full() && self.is_latest(recipe) {
                changes.insert_at(now, key, made.clone());
                return made;
            }
            drop(changes);
        }
    }

    fn share_other(&self) -> G {
        self.shared_other.fetch_add(1, Ordering::Relaxed);
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: TARGET_KEYED,
                guard = &*redact::name(&self.name),
                max_keys = self.map.max(),
                "there is no room for another key; further keys share one guard"
            );
        }
        if let Some(other) = self.other.get() {
            return other.clone();
        }
        loop {
            // Not inside of the cell: a hook of the user may run, and look up a key.
            let recipe = self.recipe.get();
            let made = G::make(recipe, KeyedName::of_key(&self.name, OTHER));
            let changes = self.map.change();
            if self.is_latest(recipe) {
                let other = self.other.get_or_init(|| made.clone()).clone();
                drop(changes);
                return other;
            }
        }
    }

    /// Returns `true` if the recipe was not replaced. During a change of the map.
    fn is_latest(&self, recipe: &G::Recipe) -> bool {
        ptr::eq(recipe, self.recipe.get())
    }
}

/// As [`Keyed`], without keeping the guards in use.
#[cfg(feature = "config")]
pub(crate) struct WeakKeyed<G: Evictable>(Weak<KeyedInner<G>>);

#[cfg(feature = "config")]
impl<G: Evictable> WeakKeyed<G> {
    pub(crate) fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }

    pub(crate) fn upgrade(&self) -> Option<Keyed<G>> {
        self.0.upgrade().map(Keyed)
    }
}

impl<G: Evictable> fmt::Debug for Keyed<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("name", &Shown(self.name()))
            .field("guards", &self.0.map)
            .field("evicted", &self.evicted())
            .field("shared_other", &self.shared_other())
            .finish()
    }
}
