//! What a guard must know to be one of several by key.

use super::name::KeyedName;
use crate::time::Tick;
use std::{fmt, time::Duration};

/// What a key left behind counts for this long after its last lookup, if nothing else ends it:
/// failures in a row, for example, or tokens that were spent. Names that are never called again would
/// take all the room.
pub(crate) const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Guards that [`Keyed`](super::Keyed) can hold: circuit breakers, and the other guards of this crate.
///
/// The methods are for this crate alone; no other type can implement the trait.
///
/// # Examples
///
/// ```
/// use gardefou::{breaker::CircuitBreaker, keyed::{Evictable, Keyed}};
///
/// fn keys_in_use<G: Evictable>(keyed: &Keyed<G>) -> usize {
///     keyed.len()
/// }
///
/// let keyed = CircuitBreaker::builder("payments").build_keyed()?;
/// assert_eq!(keys_in_use(&keyed), 0);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
pub trait Evictable: Clone + fmt::Debug + Send + Sync + 'static {
    /// What the guard of each key is made from: a builder whose settings were checked.
    #[doc(hidden)]
    type Recipe: Clone + Send + Sync + 'static;

    /// A copy of the guard's state.
    type Snapshot;

    /// Makes the guard of one key. Not called under a lock: a hook of the user may run.
    #[doc(hidden)]
    fn make(recipe: &Self::Recipe, name: KeyedName) -> Self;

    #[doc(hidden)]
    fn keyed_name(&self) -> &KeyedName;

    #[doc(hidden)]
    fn snapshot_of(&self) -> Self::Snapshot;

    /// Returns how many handles, permits and calls in flight refer to the guard, the map included.
    #[doc(hidden)]
    fn references(&self) -> usize;

    /// Returns `true` if nothing is lost where the guard is dropped and made anew: it behaves as one
    /// that was just made. `idle` is how long its key was not looked up.
    #[doc(hidden)]
    fn is_as_new_at(&self, recipe: &Self::Recipe, now: Tick, idle: Duration) -> bool;
}
