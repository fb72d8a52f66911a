//! Counts by day, as a chart.

use super::{
    style::{Style, Tone},
    table::{self, Row},
};
use gardefou::time::Timestamp;
use std::collections::BTreeMap;

const DAY_MILLIS: i64 = 86_400_000;

/// Returns the lines of a chart of so many days up to the latest one, days without a count included,
/// and how much lies before them.
pub(crate) fn lines(
    days: &BTreeMap<String, u64>,
    shown: u16,
    columns: Option<usize>,
    style: Style,
) -> (Vec<String>, u64) {
    let latest = days.last_key_value().and_then(|(day, _)| start(day));
    let earliest = days.first_key_value().and_then(|(day, _)| start(day));
    let Some((earliest, latest)) = earliest.zip(latest) else {
        return (Vec::new(), 0);
    };
    let first = earliest.max(latest - (i64::from(shown) - 1) * DAY_MILLIS);
    let mut rows = Vec::new();
    for at in (first..=latest).step_by(DAY_MILLIS as usize) {
        let name = Timestamp::from_unix_millis(at).day();
        let count = days.get(&name).copied().unwrap_or(0);
        let tone = Tone::Plain;
        rows.push(Row { name, count, tone });
    }
    let total: u64 = days.values().sum();
    let within: u64 = rows.iter().map(|row| row.count).sum();
    (table::lines(&rows, columns, style), total - within)
}

fn start(day: &str) -> Option<i64> {
    day.parse().ok().map(Timestamp::as_unix_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_a_count_are_shown_and_earlier_ones_are_summed() {
        let days = [("2026-02-27", 4), ("2026-03-01", 2)];
        let days = days.map(|(day, count)| (day.to_owned(), count)).into();
        let style = Style {
            has_colors: false,
            has_blocks: false,
        };
        let (all, before) = lines(&days, 30, Some(24), style);
        let expected = [
            "  2026-02-27  4  #######",
            "  2026-02-28  0",
            "  2026-03-01  2  ###",
        ];
        assert_eq!((all, before), (expected.map(str::to_owned).to_vec(), 0));
        let (last, before) = lines(&days, 2, Some(24), style);
        assert_eq!((last.len(), before), (2, 4));
        assert_eq!(lines(&BTreeMap::new(), 2, None, style), (Vec::new(), 0));
    }
}
