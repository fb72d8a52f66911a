//! The overrides in force and the guards in use: of the process, or of a test scope.

use super::{
    guard::{Configurable, Plan, Subject},
    living::{Living, LivingGuard, Refused},
    overrides::{Override, Overrides},
};
use crate::{
    scope,
    sync::global::{Mutex, RwLock},
};
use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// What guards of one process or scope share.
#[derive(Default)]
struct State {
    overrides: RwLock<Arc<Overrides>>,
    guards: Mutex<Guards>,
}

#[derive(Default)]
struct Guards {
    /// Grows with each change of the overrides. Whoever prepared the change of a guard without the
    /// lock begins again where it grew meanwhile.
    version: u64,
    /// The turn of the overrides in force.
    turn: Turn,
    /// The number of the next guard.
    next: u64,
    all: Vec<(u64, Arc<dyn Living>)>,
}

static OF_PROCESS: LazyLock<State> = LazyLock::new(State::default);

/// Whether there were overrides ever. Relaxed: a guard that does not see it is found among the
/// guards in use, or applies the overrides when it is remembered.
static ANY: AtomicBool = AtomicBool::new(false);

/// How often overrides were replaced, of the process or a scope. Release pairs with Acquire: whoever
/// reads a number sees the overrides that it counts.
static VERSION: AtomicU64 = AtomicU64::new(0);

/// Returns how often overrides were replaced.
pub(super) fn version() -> u64 {
    VERSION.load(Ordering::Acquire)
}

/// Whether overrides ever set a span, so that calls in a program whose files have none look up
/// nothing. Relaxed: a call that does not see it began while the overrides were being replaced.
#[cfg(feature = "config-spans")]
static ANY_SPAN: AtomicBool = AtomicBool::new(false);

/// Returns `true` if overrides, of the process or a scope, have ever set a span.
#[cfg(feature = "config-spans")]
#[inline]
pub(crate) fn have_spans() -> bool {
    ANY_SPAN.load(Ordering::Relaxed)
}

/// When guards that are gone are looked for first.
const MANY: usize = 256;

fn with_current<R>(f: impl FnOnce(&State) -> R) -> R {
    match scope::part(|_| State::default()) {
        Some(of_scope) => f(&of_scope),
        None => f(&OF_PROCESS),
    }
}

/// Returns the sections about a guard that is being made.
pub(super) fn sections_of(section: &str, name: &str) -> Vec<Arc<Override>> {
    if !ANY.load(Ordering::Relaxed) {
        return Vec::new();
    }
    let overrides = with_current(|state| Arc::clone(&state.overrides.read()));
    overrides.matching(section, name)
}

/// Remembers a guard that was made by name, for changes while it is in use.
pub(crate) fn remember<B: Configurable, S: Subject<B>>(guard: LivingGuard<B, S>) {
    let guard: Arc<dyn Living> = Arc::new(guard);
    with_current(|state| state.guards.lock().add(Arc::clone(&guard)));
    // The overrides may have changed since the guard took them.
    bring_up_to_date(&guard);
}

/// Applies the overrides in force to a guard that the change to them may not have found. What does
/// not fit its code stays as it is, as for a guard that is made.
fn bring_up_to_date(guard: &Arc<dyn Living>) {
    let publish = with_current(|state| {
        loop {
            let (version, overrides) = {
                let guards = state.guards.lock();
                (guards.version, Arc::clone(&state.overrides.read()))
            };
            let plan = Arc::clone(guard).prepare(&overrides).ok().flatten()?;
            let mut guards = state.guards.lock();
            if guards.version == version {
                // A change that prepared the guard before has to do so again.
                guards.version += 1;
                return plan.apply();
            }
        }
    });
    if let Some(publish) = publish {
        publish();
    }
}

impl Guards {
    fn add(&mut self, guard: Arc<dyn Living>) {
        // Whenever the list has grown to twice its size, so that it costs little.
        if self.all.len() >= MANY && self.all.len() == self.all.capacity() {
            self.all.retain(|(_, guard)| guard.is_alive());
            let room = self.all.len().max(MANY);
            self.all.reserve_exact(room);
        }
        self.all.push((self.next, guard));
        self.next += 1;
    }
}

/// The place of a change in the order in which changes begin: of two at the same time, the one that
/// began later stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn(u64);

impl Turn {
    /// Begins a change. What it is to change to is read after this.
    pub(crate) fn begin() -> Self {
        static BEGUN: AtomicU64 = AtomicU64::new(0);
        // Whoever reads a file after another thread began has a later turn than that: AcqRel orders
        // the reads of files between turns.
        Self(BEGUN.fetch_add(1, Ordering::AcqRel) + 1)
    }
}

/// What a change of the overrides did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// So many guards in use, or names with guards by key, have other settings now.
    Made { guards: usize },
    /// A change that began later was made already; this one changed nothing.
    Superseded,
}

/// Replaces the overrides, for guards that are made from now on and for those in use. `commit` runs in
/// the same go, under a lock: it calls no code of the user's.
///
/// # Errors
///
/// Returns what is wrong with each guard in use; nothing is changed then.
pub(crate) fn replace(
    turn: Turn,
    overrides: Overrides,
    commit: impl FnOnce(),
) -> Result<Change, Vec<Refused>> {
    let overrides = Arc::new(overrides);
    let mut commit = Some(commit);
    let made = with_current(|state| {
        loop {
            let (version, next, known) = {
                let guards = state.guards.lock();
                (guards.version, guards.next, guards.all.clone())
            };
            // Without the lock: a clock can be the user's code.
            let (mut plans, mut refusals) = (Vec::new(), Vec::new());
            for (_, guard) in &known {
                match Arc::clone(guard).prepare(&overrides) {
                    Ok(plan) => plans.extend(plan),
                    Err(refused) => refusals.push(refused),
                }
            }
            if !refusals.is_empty() {
                return Err(refusals);
            }
            let mut guards = state.guards.lock();
            if guards.turn > turn {
                return Ok(None);
            }
            if guards.version != version {
                continue;
            }
            guards.version += 1;
            guards.turn = turn;
            ANY.store(true, Ordering::Relaxed);
            #[cfg(feature = "config-spans")]
            if overrides.set(super::SPAN) {
                ANY_SPAN.store(true, Ordering::Relaxed);
            }
            *state.overrides.write() = Arc::clone(&overrides);
            VERSION.fetch_add(1, Ordering::Release);
            let publish: Vec<_> = plans.into_iter().filter_map(Plan::apply).collect();
            if let Some(commit) = commit.take() {
                commit();
            }
            // Those that were made since may have taken the former overrides.
            let made = guards.all.iter().filter(|(number, _)| *number >= next);
            let stragglers: Vec<_> = made.map(|(_, guard)| Arc::clone(guard)).collect();
            return Ok(Some((publish, stragglers)));
        }
    })?;
    let Some((publish, stragglers)) = made else {
        return Ok(Change::Superseded);
    };
    let guards = publish.len();
    // Without the lock: observers are the user's code.
    publish.into_iter().for_each(|publish| publish());
    stragglers.iter().for_each(bring_up_to_date);
    Ok(Change::Made { guards })
}

/// Keeps the overrides in force as the change of this turn, unless one that began later was made:
/// then earlier turns change nothing any more. `is_current` runs under a lock, and decides whether
/// they are what the turn would change to; returns `false` where they are not.
pub(crate) fn keep(turn: Turn, is_current: impl FnOnce() -> bool) -> bool {
    with_current(|state| {
        let mut guards = state.guards.lock();
        if guards.turn > turn {
            return true;
        }
        let is_current = is_current();
        if is_current {
            guards.turn = turn;
        }
        is_current
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

    use super::*;
    use crate::testing::Scope;
    use std::{
        collections::VecDeque,
        sync::{OnceLock, Weak},
    };

    /// A guard with one setting, that is brought up to date while it is first prepared.
    struct Guard {
        setting: Arc<Mutex<u32>>,
        /// What each look at the overrides finds.
        found: Mutex<VecDeque<u32>>,
        itself: OnceLock<Weak<dyn Living>>,
    }

    impl Living for Guard {
        fn is_alive(&self) -> bool {
            true
        }

        fn prepare(self: Arc<Self>, _: &Overrides) -> Result<Option<Plan>, Refused> {
            let before = *self.setting.lock();
            let wanted = self.found.lock().pop_front().unwrap();
            if self.found.lock().len() == 2 {
                bring_up_to_date(&self.itself.get().unwrap().upgrade().unwrap());
            }
            let setting = Arc::clone(&self.setting);
            let plan = Plan::new(move || *setting.lock() = wanted, || {});
            Ok((before != wanted).then_some(plan))
        }
    }

    #[test]
    fn guard_that_another_thread_brings_up_to_date_gets_the_settings_in_force() {
        let _entered = Scope::new().enter();
        let setting = Arc::new(Mutex::new(4));
        let guard = Arc::new(Guard {
            setting: Arc::clone(&setting),
            // The change finds 4 again; the other thread has read 5 before.
            found: Mutex::new(VecDeque::from([4, 5, 4])),
            itself: OnceLock::new(),
        });
        let living: Arc<dyn Living> = Arc::clone(&guard) as Arc<dyn Living>;
        guard.itself.set(Arc::downgrade(&living)).unwrap();
        with_current(|state| state.guards.lock().add(living));
        let change = replace(Turn::begin(), Overrides::new(Vec::new()), || {});
        assert_eq!(change.unwrap(), Change::Made { guards: 1 });
        assert_eq!(*setting.lock(), 4);
    }
}
