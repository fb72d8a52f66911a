//! Scrapes: readings of all sources, summed by label.

use super::{
    accumulator::Accumulator,
    catalogue::Source,
    sources::{ForeignSources, Reading, Readings},
};
use crate::{event::names::TARGET_TELEMETRY, scope, sync::global::Mutex};
use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use std::time::Duration;

/// Sets how many values the label `name`, or `channel`, `check` or `error.type`, may have in each
/// instrument: 200 unless it is set. Further ones share `_OTHER`, and one warning names the
/// instruments. Guards by key have one value for all keys, and need no limit.
///
/// Who comes first keeps a value of its own, for as long as the guard is there. A lower limit takes
/// none away from those who have one.
///
/// A configuration file takes precedence: see `max_names` of its section `[telemetry]`.
///
/// The SDK of OpenTelemetry has a limit of its own, 2000 series for each instrument unless a view sets
/// another, and five states are five series.
///
/// # Examples
///
/// ```
/// // For a service with a circuit breaker for each of 1,000 hosts.
/// gardefou::telemetry::limit_names(1_000);
/// ```
pub fn limit_names(most: usize) {
    // Relaxed: a scrape under way may use either.
    MOST_NAMES.store(most, Ordering::Relaxed);
}

/// Sets how many values a label may have whatever the code says, or that nothing does.
#[cfg(feature = "monitor")]
pub(crate) fn configure_names(most: Option<u32>) {
    let most = most.map_or(NOT_CONFIGURED, u64::from);
    CONFIGURED_NAMES.store(most, Ordering::Relaxed);
}

static MOST_NAMES: AtomicUsize = AtomicUsize::new(200);
static CONFIGURED_NAMES: AtomicU64 = AtomicU64::new(NOT_CONFIGURED);

const NOT_CONFIGURED: u64 = u64::MAX;

fn most_names() -> usize {
    match CONFIGURED_NAMES.load(Ordering::Relaxed) {
        NOT_CONFIGURED => MOST_NAMES.load(Ordering::Relaxed),
        configured => usize::try_from(configured).unwrap_or(usize::MAX),
    }
}

/// The values of one label: for each series of the instruments of its source, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) source: Source,
    /// Empty for sources without a label.
    pub(crate) label: Arc<str>,
    pub(crate) values: Box<[u64]>,
}

/// What is kept from scrape to scrape.
struct Collector {
    /// The number of the next scrape.
    next: AtomicU64,
    foreign: ForeignSources,
    state: Mutex<State>,
}

struct State {
    /// The latest scrape whose readings were added.
    latest: Option<u64>,
    sums: [Accumulator; Source::ALL.len()],
    rows: Arc<[Row]>,
    has_warned: bool,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            next: AtomicU64::new(0),
            foreign: ForeignSources::default(),
            state: Mutex::new(State {
                latest: None,
                sums: Source::ALL.map(Accumulator::new),
                rows: Arc::new([]),
                has_warned: false,
            }),
        }
    }
}

/// How long a scrape waits for the status of a journal, which may be code of the program that hangs.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads all sources of the process or, in a test scope, of the scope.
pub(crate) fn collect() -> Arc<[Row]> {
    static OF_PROCESS: LazyLock<Collector> = LazyLock::new(Collector::default);
    match scope::part(|_| Collector::default()) {
        Some(collector) => collector.collect(PATIENCE),
        None => OF_PROCESS.collect(PATIENCE),
    }
}

impl Collector {
    fn collect(&self, patience: Duration) -> Arc<[Row]> {
        // Before the readings: of two scrapes at once, the one that began later counts.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let readings = Readings::take(&self.foreign, patience);
        let most = most_names();
        let mut state = self.state.lock();
        if state.latest.is_some_and(|latest| latest > number) {
            return Arc::clone(&state.rows);
        }
        state.latest = Some(number);
        let overflow = state.add(&readings, most);
        let is_new = overflow.is_some() && !std::mem::replace(&mut state.has_warned, true);
        let rows = Arc::clone(&state.rows);
        drop(state);
        if let Some(source) = overflow.filter(|_| is_new) {
            warn_of_overflow(source, most);
        }
        rows
    }
}

impl State {
    /// Adds readings, and returns a source that has more labels than series.
    fn add(&mut self, readings: &Readings, most: usize) -> Option<Source> {
        let mut overflow = None;
        let mut rows = Vec::with_capacity(self.rows.len());
        for sums in &mut self.sums {
            sums.begin();
        }
        for (source, readings) in &readings.all {
            let sums = &mut self.sums[*source as usize];
            for Reading { label, values } in readings {
                let is_own = match values {
                    Some((identity, values)) => sums.add(identity.clone(), label, most, values),
                    None => sums.declare(label, most),
                };
                if !is_own {
                    overflow.get_or_insert(*source);
                }
            }
        }
        for (source, sums) in Source::ALL.into_iter().zip(&mut self.sums) {
            rows.extend(sums.finish().map(|(label, values)| Row {
                source,
                label,
                values,
            }));
        }
        self.rows = rows.into();
        overflow
    }
}

#[cold]
fn warn_of_overflow(source: Source, most: usize) {
    let first = source.instruments().first().map_or("", |it| it.name());
    tracing::warn!(
        target: TARGET_TELEMETRY,
        limit = most,
        "metrics: a label of `{first}` has more values than its limit; further ones share `_OTHER` (`telemetry::limit_names` raises it)"
    );
}
