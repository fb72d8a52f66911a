//! Tables of names and counts, with bars.

use super::{
    style::{Style, Tone},
    text::{cut, escaped, fitted, grouped, width},
};

/// One row: a name, and how often it was counted.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) count: u64,
    pub(crate) tone: Tone,
}

/// The columns of a table in a file or a pipe.
const PIPE_COLUMNS: usize = 100;
const MAX_BAR: usize = 40;

/// Returns the lines of a table: name, count, and a bar as long as its share of the largest count.
pub(crate) fn lines(rows: &[Row], columns: Option<usize>, style: Style) -> Vec<String> {
    let columns = columns.unwrap_or(PIPE_COLUMNS);
    let names: Vec<_> = rows.iter().map(|row| escaped(&row.name)).collect();
    let counts: Vec<_> = rows.iter().map(|row| grouped(row.count)).collect();
    let widest = |texts: &[String]| texts.iter().map(|text| width(text)).max().unwrap_or(0);
    let for_count = widest(&counts);
    let for_name = widest(&names).min(columns.saturating_sub(for_count + 4).max(8));
    let left = columns.saturating_sub(2 + for_name + 2 + for_count + 2);
    let for_bar = left.min(MAX_BAR);
    let largest = rows.iter().map(|row| row.count).max().unwrap_or(0);
    let line = |((row, name), count): ((&Row, String), String)| {
        let bar = bar(row.count, largest, for_bar, style);
        let line = format!(
            "  {}  {count:>for_count$}  {}",
            style.paint(row.tone, &fitted(&name, for_name)),
            style.paint(row.tone, &bar)
        );
        let line = line.trim_end().to_owned();
        match style.has_colors {
            // The columns are counted above; cutting would cut sequences.
            true => line,
            false => cut(&line, columns),
        }
    };
    rows.iter().zip(names).zip(counts).map(line).collect()
}

/// Returns a bar of at most so many columns; a count that is not zero has at least a mark.
pub(crate) fn bar(count: u64, largest: u64, columns: usize, style: Style) -> String {
    if largest == 0 || count == 0 || columns == 0 {
        return String::new();
    }
    let steps = if style.has_blocks { 8 } else { 1 };
    let eighths = u128::from(count) * columns as u128 * steps / u128::from(largest);
    let eighths = usize::try_from(eighths).unwrap_or(0).max(1);
    if !style.has_blocks {
        return "#".repeat(eighths);
    }
    let mut bar = "█".repeat(eighths / 8);
    bar.push_str(["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(has_blocks: bool) -> Style {
        let has_colors = false;
        Style {
            has_colors,
            has_blocks,
        }
    }

    #[test]
    fn bars_are_as_long_as_their_share() {
        let bars = |count| [true, false].map(|blocks| bar(count, 1000, 4, style(blocks)));
        assert_eq!(bars(0), ["", ""]);
        assert_eq!(bars(1), ["▏", "#"]);
        assert_eq!(bars(532), ["██▏", "##"]);
        assert_eq!(bars(1000), ["████", "####"]);
        assert_eq!(bar(u64::MAX, u64::MAX, 10, style(true)), "█".repeat(10));
    }

    #[test]
    fn tables_fit_into_their_columns() {
        let tone = Tone::Plain;
        let row = |name: &str, count| Row {
            name: name.into(),
            count,
            tone,
        };
        let rows = [
            row("DB_WRITE_ERROR", 12_345),
            row("漢字 漢字", 20),
            row(&"x".repeat(300), 0),
        ];
        for columns in 20..130 {
            for line in lines(&rows, Some(columns), style(true)) {
                assert!(width(&line) <= columns, "{columns}: {line}");
            }
        }
        let wide = lines(&rows[..2], Some(40), style(false));
        assert_eq!(
            wide,
            [
                "  DB_WRITE_ERROR  12,345  ##############",
                "  漢字 漢字           20  #"
            ]
        );
    }
}
