//! The map from keys to guards: several maps, so that threads that look up different keys at once do
//! not share a lock.

use super::{
    entry::{Entry, IDLE_AFTER},
    guard::Evictable,
    key::{Key, StoredKey},
};
use crate::{
    sync::{AtomicU64, Ordering, RwLock, fence},
    time::Tick,
};
use foldhash::fast::RandomState;
use std::{collections::HashMap, fmt, hash::BuildHasher, time::Duration};

/// The hash is not cryptographic, but its seed is random for each map, so that colliding keys cannot
/// be prepared; and the number of keys is bounded.
type Map<G> = HashMap<StoredKey, Entry<G>, RandomState>;

/// A map on a cache line of its own: the word of its lock is written by each lookup.
#[repr(align(128))]
struct Shard<G>(RwLock<Map<G>>);

/// The guards by key.
pub(super) struct Shards<G> {
    shards: Box<[Shard<G>]>,
    hasher: RandomState,
    /// How many guards there are. Written under the write lock of a shard; Relaxed, since the locks
    /// order what the number is about, and a bound needs no more than the atomic's own order.
    len: AtomicU64,
    max: u64,
}

/// With two threads per shard, few lookups wait; a shard takes 128 bytes.
const MOST_SHARDS: usize = 64;

/// What became of a new guard.
pub(super) enum Inserted<G> {
    /// The guard of the key: the new one, or that of another thread, which made it meanwhile.
    Guard(G),
    /// There is no room, and the guard was dropped.
    Full,
}

/// What a search for idle guards found.
pub(super) struct Searched<G> {
    /// Removed from the map. To be dropped outside of every lock: a guard's observers are the user's.
    pub(super) evicted: Vec<G>,
    /// The longest idle time of those that are not idle.
    pub(super) longest_idle: Duration,
}

impl<G: Evictable> Shards<G> {
    pub(super) fn new(max: usize) -> Self {
        let hasher = RandomState::default();
        let count = max.next_power_of_two().min(MOST_SHARDS);
        let shard = |_| Shard(RwLock::new(Map::with_hasher(hasher.clone())));
        Self {
            shards: (0..count).map(shard).collect(),
            hasher,
            len: AtomicU64::new(0),
            max: max as u64,
        }
    }

    #[inline]
    fn shard(&self, key: &Key) -> &RwLock<Map<G>> {
        // Bits that a map uses neither for the place of an entry nor to tell entries apart, which are
        // the lowest and the highest ones.
        let bits = self.hasher.hash_one(key.as_bytes()) >> 40;
        &self.shards[bits as usize & (self.shards.len() - 1)].0
    }

    /// Returns the guard of a key, and notes that it was looked up.
    #[inline]
    pub(super) fn look_up(&self, key: &Key, now: Option<Tick>) -> Option<G> {
        let shard = self.shard(key).read();
        let entry = shard.get(key.as_bytes())?;
        entry.note_lookup(now);
        Some(entry.guard.clone())
    }

    /// Returns the guard of a key without noting it.
    pub(super) fn peek(&self, key: &Key) -> Option<G> {
        let shard = self.shard(key).read();
        Some(shard.get(key.as_bytes())?.guard.clone())
    }

    pub(super) fn insert_at(&self, now: Tick, key: &Key, guard: G) -> Inserted<G> {
        let mut shard = self.shard(key).write();
        let known = shard.get(key.as_bytes()).map(|entry| entry.guard.clone());
        let inserted = match known {
            Some(known) => {
                // Dropped outside of the lock.
                drop(shard);
                Inserted::Guard(known)
            }
            None if self.take_place() => {
                shard.insert(key.into(), Entry::new_at(now, guard.clone()));
                return Inserted::Guard(guard);
            }
            None => {
                drop(shard);
                Inserted::Full
            }
        };
        drop(guard);
        inserted
    }

    fn take_place(&self) -> bool {
        self.len
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |len| {
                (len < self.max).then_some(len + 1)
            })
            .is_ok()
    }

    pub(super) fn remove(&self, key: &Key) -> Option<G> {
        let removed = self.shard(key).write().remove(key.as_bytes())?;
        self.len.fetch_sub(1, Ordering::Relaxed);
        Some(removed.guard)
    }

    /// Removes the guards that are idle and as new, and that nothing else refers to.
    pub(super) fn evict_at(&self, recipe: &G::Recipe, now: Tick) -> Searched<G> {
        let (mut evicted, mut longest_idle) = (Vec::new(), Duration::ZERO);
        for Shard(shard) in &self.shards {
            let mut shard = shard.write();
            let idle = shard.extract_if(|_, entry| {
                let idle = entry.idle_at(now);
                if idle < IDLE_AFTER {
                    longest_idle = longest_idle.max(idle);
                    return false;
                }
                // The write lock keeps other threads from taking a handle meanwhile. The count is read
                // first: whoever drops a handle after a failure has noted the failure.
                if entry.guard.references() != 1 {
                    return false;
                }
                // With the Release of the handle that was dropped last.
                fence(Ordering::Acquire);
                entry.guard.is_as_new_at(recipe, now, idle)
            });
            let before = evicted.len();
            evicted.extend(idle.map(|(_, entry)| entry.guard));
            self.len
                .fetch_sub((evicted.len() - before) as u64, Ordering::Relaxed);
        }
        Searched {
            evicted,
            longest_idle,
        }
    }

    /// Calls a function of this crate for each guard, under the lock of its shard.
    pub(super) fn for_each(&self, mut f: impl FnMut(&G)) {
        for Shard(shard) in &self.shards {
            shard.read().values().for_each(|entry| f(&entry.guard));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed) as usize
    }

    pub(super) fn is_full(&self) -> bool {
        self.len.load(Ordering::Relaxed) >= self.max
    }

    pub(super) fn max(&self) -> usize {
        self.max as usize
    }
}

impl<G> fmt::Debug for Shards<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may hold secrets.
        f.debug_struct("Shards")
            .field("len", &self.len)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
