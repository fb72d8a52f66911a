//! Sums of one source by label: counters that never go down and a bounded number of label values.
//! Pure: readings go in, rows come out.

use super::catalogue::Source;
use crate::keyed::{InstanceId, OTHER};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// The sums of one source, from scrape to scrape.
#[derive(Debug)]
pub(super) struct Accumulator {
    source: Source,
    /// What each value of a row is, in its order.
    columns: Box<[Column]>,
    /// The scrape under way, or else the latest one.
    scrape: u64,
    instances: HashMap<Identity, Instance>,
    series: BTreeMap<Arc<str>, Series>,
    /// How many of the series the last scrape had or this one has added.
    in_use: usize,
}

/// What a reading is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// A guard: its counts never go down, except for a moment where one is read while it changes.
    Guard(InstanceId),
    /// Something that starts again from zero at times, for example when a monitor is cleared.
    Name(Arc<str>),
}

#[derive(Clone, Copy, Debug)]
struct Column {
    is_counter: bool,
    is_time: bool,
}

/// The last reading of one guard.
#[derive(Debug)]
struct Instance {
    scrape: u64,
    last: Box<[u64]>,
}

/// The sums of one label. It outlives its guards, so that the counters of a later guard of the same
/// name go on from there; published only while it has guards.
#[derive(Debug)]
struct Series {
    scrape: u64,
    values: Box<[u64]>,
}

/// How many labels without guards are kept beside those with guards.
const MOST_UNUSED: usize = 1000;

impl Accumulator {
    pub(super) fn new(source: Source) -> Self {
        let columns = source.columns().map(|instrument| Column {
            is_counter: instrument.is_counter(),
            is_time: instrument.is_time(),
        });
        Self {
            source,
            columns: columns.collect(),
            scrape: 0,
            instances: HashMap::new(),
            series: BTreeMap::new(),
            in_use: 0,
        }
    }

    pub(super) fn begin(&mut self) {
        let last = self.scrape;
        self.in_use = self.series.values().filter(|it| it.scrape == last).count();
        self.scrape += 1;
    }

    /// Returns the series of a label or, where that would be one too many, that of all others.
    fn label(&mut self, label: &Arc<str>, most: usize) -> Arc<str> {
        let last = self.scrape - 1;
        if self.series.get(label).is_some_and(|it| it.scrape >= last) {
            return Arc::clone(label);
        }
        // The series of the others has a place beside those with a name.
        if self.in_use >= most && **label != *OTHER {
            return OTHER.into();
        }
        self.in_use += 1;
        Arc::clone(label)
    }

    /// Lets a label have series, at zero where nothing is read. Returns `false` if it has none of its
    /// own, because there are too many.
    pub(super) fn declare(&mut self, label: &Arc<str>, most: usize) -> bool {
        let used = self.label(label, most);
        let is_own = used == *label;
        self.series_of(used);
        is_own
    }

    fn series_of(&mut self, label: Arc<str>) -> &mut Series {
        let (scrape, columns) = (self.scrape, &self.columns);
        let series = self.series.entry(label).or_insert_with(|| Series {
            scrape: 0,
            values: vec![0; columns.len()].into(),
        });
        if series.scrape != scrape {
            series.scrape = scrape;
            for (value, column) in series.values.iter_mut().zip(columns) {
                if !column.is_counter {
                    *value = 0;
                }
            }
        }
        series
    }

    /// Adds a reading. Returns `false` if its label has no series of its own.
    pub(super) fn add(
        &mut self,
        identity: Identity,
        label: &Arc<str>,
        most: usize,
        values: &[u64],
    ) -> bool {
        debug_assert_eq!(values.len(), self.columns.len(), "{:?}", self.source);
        let is_guard = matches!(identity, Identity::Guard(_));
        let scrape = self.scrape;
        let instance = self.instances.entry(identity).or_insert_with(|| Instance {
            scrape,
            last: vec![0; values.len()].into(),
        });
        instance.scrape = scrape;
        let has_begun_anew = !is_guard
            && (self.columns.iter().zip(values).zip(&*instance.last))
                .any(|((column, new), last)| column.is_counter && !column.is_time && new < last);
        if has_begun_anew {
            instance.last.fill(0);
        }
        let mut more = vec![0; values.len()];
        for (i, column) in self.columns.iter().enumerate() {
            if column.is_counter {
                let last = &mut instance.last[i];
                more[i] = values[i].saturating_sub(*last);
                *last = values[i].max(*last);
            } else {
                more[i] = values[i];
            }
        }
        let used = self.label(label, most);
        let is_own = used == *label;
        let series = self.series_of(used);
        for (value, more) in series.values.iter_mut().zip(more) {
            *value = value.saturating_add(more);
        }
        is_own
    }

    /// Ends the scrape: forgets what is gone, and returns what is there, by label.
    pub(super) fn finish(&mut self) -> impl Iterator<Item = (Arc<str>, Box<[u64]>)> {
        let scrape = self.scrape;
        self.instances
            .retain(|_, instance| instance.scrape == scrape);
        let in_use = self.series.values().filter(|it| it.scrape == scrape);
        if self.series.len() > in_use.count() + MOST_UNUSED {
            self.series.retain(|_, series| series.scrape == scrape);
        }
        self.series
            .iter()
            .filter(move |(_, series)| series.scrape == scrape)
            .map(|(label, series)| (Arc::clone(label), series.values.clone()))
    }
}
