//! Counts of errors by code and by day.

use crate::{
    error::details,
    monitor::{serialize::serialize_fields, table::OTHER},
    time::Timestamp,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Counts of errors by code and by UTC day, those that are no longer kept included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCounts {
    /// All errors.
    pub total: u64,
    /// Errors by the name of their code.
    pub by_code: BTreeMap<String, u64>,
    /// Errors by UTC day, for example `2026-03-01`.
    pub by_day: BTreeMap<String, u64>,
}

impl ErrorCounts {
    /// Adds so many errors of a code on a UTC day, which has the form of
    /// [`Timestamp::day`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::ErrorCounts;
    ///
    /// let mut counts = ErrorCounts::default();
    /// counts.add("2026-03-01", "SYNC_ERROR", 3);
    /// counts.add("2026-03-02", "SYNC_ERROR", 1);
    /// assert_eq!((counts.total, counts.by_code["SYNC_ERROR"], counts.by_day["2026-03-01"]), (4, 4, 3));
    /// ```
    pub fn add(&mut self, day: &str, code: &str, errors: u64) {
        let sums = [
            &mut self.total,
            self.by_code.entry(code.to_owned()).or_default(),
            self.by_day.entry(day.to_owned()).or_default(),
        ];
        for sum in sums {
            *sum = sum.saturating_add(errors);
        }
    }
}

serialize_fields!(ErrorCounts {
    total,
    by_code,
    by_day
});

impl<'a> FromIterator<(Timestamp, &'a str)> for ErrorCounts {
    fn from_iter<I: IntoIterator<Item = (Timestamp, &'a str)>>(errors: I) -> Self {
        let mut days = DailyCounts::default();
        errors
            .into_iter()
            .for_each(|(timestamp, code)| days.add(timestamp, code));
        days.summed()
    }
}

/// Counts by day and code together, at most 200 codes a day and 3,660 days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DailyCounts(BTreeMap<String, BTreeMap<String, u64>>);

const MAX_CODES_PER_DAY: usize = 200;
const MAX_DAYS: usize = 3660;

impl DailyCounts {
    pub(super) fn add(&mut self, timestamp: Timestamp, code: &str) {
        let day = timestamp.day();
        if let Some(codes) = self.0.get_mut(&day) {
            add_code(codes, code, 1);
        } else {
            self.0.insert(day, BTreeMap::from([(code.to_owned(), 1)]));
            self.fold_old_days();
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (day, codes) in &other.0 {
            let ours = self.0.entry(day.clone()).or_default();
            codes
                .iter()
                .for_each(|(code, count)| add_code(ours, code, *count));
        }
        self.fold_old_days();
    }

    /// Merges the oldest days into one, so that no error is ever uncounted.
    fn fold_old_days(&mut self) {
        while self.0.len() > MAX_DAYS {
            let Some((_, oldest)) = self.0.pop_first() else {
                return;
            };
            let Some(mut next) = self.0.first_entry() else {
                return;
            };
            oldest
                .iter()
                .for_each(|(code, count)| add_code(next.get_mut(), code, *count));
        }
    }

    pub(super) fn summed(&self) -> ErrorCounts {
        let mut counts = ErrorCounts::default();
        for (day, codes) in &self.0 {
            for (code, count) in codes {
                counts.add(day, code, *count);
            }
        }
        counts
    }

    pub(super) fn to_json(&self) -> Value {
        let mut days = self.0.iter().map(|(day, row)| {
            let mut codes = row
                .iter()
                .map(|(code, count)| (code.clone(), Value::from(*count)));
            (day.clone(), details::object_from(&mut codes).into())
        });
        details::object_from(&mut days).into()
    }

    /// Reads the form that `to_json` writes, and leaves out anything else.
    pub(super) fn from_json(json: &Map<String, Value>) -> Self {
        let mut days = Self::default();
        for (day, codes) in json
            .iter()
            .filter_map(|(day, codes)| Some((day, codes.as_object()?)))
        {
            let row = days.0.entry(day.clone()).or_default();
            for (code, count) in codes
                .iter()
                .filter_map(|(code, count)| Some((code, count.as_u64()?)))
            {
                add_code(row, code, count);
            }
        }
        days
    }
}

fn add_code(codes: &mut BTreeMap<String, u64>, code: &str, count: u64) {
    if let Some(sum) = codes.get_mut(code) {
        *sum += count;
    } else {
        let name = if codes.len() < MAX_CODES_PER_DAY {
            code
        } else {
            OTHER
        };
        *codes.entry(name.to_owned()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_counts_saturate() {
        let mut counts = ErrorCounts::default();
        counts.add("2026-03-01", "SYNC_ERROR", u64::MAX);
        counts.add("2026-03-01", "SYNC_ERROR", 1);
        let sums = (counts.total, counts.by_code["SYNC_ERROR"]);
        assert_eq!(sums, (u64::MAX, u64::MAX));
    }

    #[test]
    fn counts_read_back_and_stay_complete_beyond_their_bounds() {
        let mut days = DailyCounts::default();
        for i in 0..10_000 {
            days.add(
                Timestamp::from_unix_millis(i * 86_400_000),
                &format!("CODE_{}", i % 7),
            );
        }
        for i in 0..1000 {
            days.add(
                Timestamp::from_unix_millis(9_999 * 86_400_000),
                &format!("DYNAMIC_{i}"),
            );
        }
        let counts = days.summed();
        assert_eq!((counts.total, counts.by_day.len()), (11_000, MAX_DAYS));
        assert!(counts.by_code[OTHER] >= 800);
        let Value::Object(json) = days.to_json() else {
            panic!("not a map")
        };
        assert_eq!(DailyCounts::from_json(&json), days);
    }
}
