//! Guards by name: each name stands for one guard in the whole process, or in a test scope.

use crate::{
    keyed::{Evictable, Keyed, OTHER},
    scope,
    sync::global::RwLock,
};
use std::sync::{Arc, OnceLock};

/// Guards of one kind by their names, in the order of the names; bounded by the names in the
/// program. So a sorted vector does, for which little code is compiled for each kind.
#[derive(Debug)]
pub(crate) struct ByName<T>(RwLock<Vec<(Box<str>, T)>>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(RwLock::new(Vec::new()))
    }
}

/// The [`ByName`] of the process.
pub(crate) type OfProcess<T> = OnceLock<Arc<ByName<T>>>;

impl<T: Clone + Send + Sync + 'static> ByName<T> {
    /// Returns the guards of the test scope that this thread is in, or else those of the process.
    pub(crate) fn current(process: &OfProcess<T>) -> Arc<Self> {
        scope::part(|_| Self::default())
            .unwrap_or_else(|| Arc::clone(process.get_or_init(Arc::default)))
    }

    /// Returns the guard with this name.
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        let guards = self.0.read();
        let place = place_of(&guards, name).ok()?;
        Some(guards[place].1.clone())
    }

    /// Returns the guard with this name, and adds `made` under it if there is none.
    ///
    /// The guard is made before the lock is taken: making one can run code of the user's.
    pub(crate) fn get_or_insert(&self, name: &str, made: T) -> T {
        let mut guards = self.0.write();
        match place_of(&guards, name) {
            Ok(place) => guards[place].1.clone(),
            Err(place) => {
                guards.insert(place, (name.into(), made.clone()));
                made
            }
        }
    }

    /// Returns what has this name, and makes it if there is nothing; where that would be one name more
    /// than `most`, what has the name `other`. `make` is called under the lock.
    pub(crate) fn get_or_make(
        &self,
        name: &str,
        most: usize,
        other: &str,
        make: impl FnOnce(&str) -> T,
    ) -> T {
        if let Some(known) = self.get(name) {
            return known;
        }
        let mut guards = self.0.write();
        let name = if guards.len() < most { name } else { other };
        match place_of(&guards, name) {
            Ok(place) => guards[place].1.clone(),
            Err(place) => {
                let made = make(name);
                guards.insert(place, (name.into(), made.clone()));
                made
            }
        }
    }

    /// Returns all guards, in the order of their names.
    pub(crate) fn all(&self) -> Vec<T> {
        let guards = self.0.read();
        let mut all = Vec::with_capacity(guards.len());
        for (_, guard) in guards.iter() {
            all.push(guard.clone());
        }
        all
    }
}

/// Returns where a name stands, or else where it belongs.
fn place_of<T>(guards: &[(Box<str>, T)], name: &str) -> Result<usize, usize> {
    guards.binary_search_by(|(other, _)| (**other).cmp(name))
}

impl<G: Evictable> ByName<Keyed<G>> {
    /// Returns the guard of a key by a name of the form `payments[acme]`.
    pub(crate) fn guard_of_key(&self, name: &str) -> Option<G> {
        let text = name.strip_suffix(']')?;
        // Names and keys may have brackets of their own.
        text.match_indices('[').find_map(|(at, _)| {
            let keyed = self.get(&text[..at])?;
            match &text[at + 1..] {
                OTHER => keyed.other(),
                key => keyed.peek(key),
            }
        })
    }

    /// Returns the guards of all keys, in the order of their names and keys.
    pub(crate) fn guards_of_keys(&self) -> Vec<G> {
        let mut guards = Vec::new();
        for keyed in self.all() {
            guards.append(&mut keyed.guards());
        }
        guards
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn first_guard_of_a_name_stays() {
        let guards = ByName::default();
        assert_eq!(guards.get("b"), None);
        assert_eq!(guards.get_or_insert("b", 1), 1);
        assert_eq!(guards.get_or_insert("b", 2), 1);
        assert_eq!(guards.get_or_insert("a", 3), 3);
        assert_eq!((guards.get("b"), guards.all()), (Some(1), vec![3, 1]));
    }

    #[test]
    fn threads_that_race_for_a_name_get_one_guard() {
        let guards = ByName::default();
        let got: Vec<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|made| {
                    scope.spawn({
                        let guards = &guards;
                        move || guards.get_or_insert("same", made)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(got.iter().all(|guard| *guard == got[0]), "{got:?}");
    }
}
