//! Counts by the name of a guard, for guards that no registry lists: all of one name share them.
//!
//! A scrape reads them. A guard has those of the process, whatever scope it was built in, because one
//! in a static is used in many test scopes; a call in a scope counts there.

use crate::{
    event::Shown,
    keyed::{InstanceId, OTHER},
    per_thread::{Durations, DurationsReading},
    registry::{ByName, OfProcess},
    scope,
};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// The counts `C` of the guards of one name.
pub(crate) struct NamedCounts<C> {
    instance: InstanceId,
    name: Box<str>,
    counts: C,
}

/// The counts of the process by name.
pub(crate) type CountsOfProcess<C> = OfProcess<Arc<NamedCounts<C>>>;

/// Whether anything reads the counts: otherwise nothing is counted.
const IS_READ: bool = cfg!(feature = "telemetry");

/// How many names have counts of their own; further ones share those of [`OTHER`].
const MOST_NAMES: usize = 1000;

impl<C: Default + Send + Sync + 'static> NamedCounts<C> {
    /// Returns the counts of a name in the process. In a test scope, those of the scope are made too.
    pub(crate) fn register(process: &'static CountsOfProcess<C>, name: &str) -> Arc<Self> {
        if scope::is_entered() {
            Self::named(&ByName::current(process), name);
        }
        Self::named(process.get_or_init(Arc::default), name)
    }

    fn named(all: &ByName<Arc<Self>>, name: &str) -> Arc<Self> {
        all.get_or_make(name, MOST_NAMES, OTHER, |name| {
            Arc::new(Self {
                instance: InstanceId::next(),
                name: name.into(),
                counts: C::default(),
            })
        })
    }

    /// Counts something, in the test scope of the call where it is in one.
    #[inline]
    pub(crate) fn count(&self, process: &'static CountsOfProcess<C>, count: impl FnOnce(&C)) {
        if !IS_READ {
            return;
        }
        if scope::is_entered() {
            self.count_in_scope(process, count);
        } else {
            count(&self.counts);
        }
    }

    #[cold]
    fn count_in_scope(&self, process: &'static CountsOfProcess<C>, count: impl FnOnce(&C)) {
        let all = ByName::current(process);
        count(&Self::named(&all, &self.name).counts);
    }

    /// Reads the counts of each name, in the process or in the test scope.
    pub(crate) fn read_all<V>(
        process: &'static CountsOfProcess<C>,
        read: impl Fn(&C) -> V,
    ) -> Vec<NamedReading<V>> {
        let all = ByName::current(process).all();
        let readings = all.iter().map(|of_name| NamedReading {
            instance: of_name.instance,
            name: of_name.name.clone(),
            values: read(&of_name.counts),
        });
        readings.collect()
    }
}

/// How long calls took through the guards of one name, once they are timed, which a configuration can
/// ask for later. `D` is a type of its own for each kind of guard.
pub(crate) struct NamedDurations<D>(OnceLock<Arc<NamedCounts<D>>>);

impl<D> NamedDurations<D>
where
    D: AsRef<Durations> + Default + Send + Sync + 'static,
{
    pub(crate) fn new(process: &'static CountsOfProcess<D>, name: &str, is_timed: bool) -> Self {
        let this = Self(OnceLock::new());
        if is_timed {
            this.make(process, name);
        }
        this
    }

    /// Makes room for durations.
    pub(crate) fn make(&self, process: &'static CountsOfProcess<D>, name: &str) {
        self.0.get_or_init(|| NamedCounts::register(process, name));
    }

    /// Counts how long a call took.
    pub(crate) fn record(&self, process: &'static CountsOfProcess<D>, nanos: u64) {
        if let Some(of_name) = self.0.get() {
            of_name.count(process, |durations| durations.as_ref().record(nanos));
        }
    }

    /// Reads the durations of each name, without a lock that a call waits for.
    pub(crate) fn read_all(
        process: &'static CountsOfProcess<D>,
    ) -> Vec<NamedReading<DurationsReading>> {
        NamedCounts::read_all(process, |durations| durations.as_ref().read())
    }
}

impl<D> Clone for NamedDurations<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D> fmt::Debug for NamedDurations<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamedDurations")
            .field(&self.0.get())
            .finish()
    }
}

impl<C> fmt::Debug for NamedCounts<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names may come from data.
        f.debug_struct("NamedCounts")
            .field("name", &Shown(&self.name))
            .finish_non_exhaustive()
    }
}

/// What was read of the counts of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedReading<V> {
    pub(crate) instance: InstanceId,
    pub(crate) name: Box<str>,
    pub(crate) values: V,
}

#[cfg(all(test, not(loom), feature = "telemetry"))]
mod tests {
    use super::*;
    use crate::per_thread::Counters;

    #[test]
    fn guards_of_one_name_share_their_counts() {
        static ALL: CountsOfProcess<Counters<2>> = OfProcess::new();
        let [one, same, other] = ["a", "a", "b"].map(|name| NamedCounts::register(&ALL, name));
        one.count(&ALL, |counts| counts.add(0));
        same.count(&ALL, |counts| counts.add(0));
        other.count(&ALL, |counts| counts.add(1));
        let all = NamedCounts::read_all(&ALL, |counts| [counts.sum(0), counts.sum(1)]);
        let all: Vec<_> = all.iter().map(|it| (&*it.name, it.values)).collect();
        assert_eq!(all, [("a", [2, 0]), ("b", [0, 1])]);
    }

    #[test]
    fn names_beyond_the_bound_share_one() {
        static ALL: CountsOfProcess<Counters<1>> = OfProcess::new();
        for i in 0..MOST_NAMES + 20 {
            let counts = NamedCounts::register(&ALL, &format!("{i}"));
            counts.count(&ALL, |counts| counts.add(0));
        }
        let all = NamedCounts::read_all(&ALL, |counts| counts.sum(0));
        assert_eq!(all.len(), MOST_NAMES + 1);
        let other = all.iter().find(|it| &*it.name == OTHER).unwrap();
        assert_eq!(other.values, 20);
    }
}
