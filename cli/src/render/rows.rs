//! Records as rows of a list.

use super::{
    style::{Style, Tone, of_level},
    text::{cut, escaped, filled, fitted, width},
};
use gardefou::event::{Record, RecordKind, RecordState};

/// The columns of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// The columns of the terminal; `None` for a file or a pipe, which get everything.
    total: Option<usize>,
    code: usize,
    operation: usize,
}

const MAX_NAME: usize = 24;
/// The names of most codes fit.
const USUAL_NAME: usize = 18;
const LEVEL: usize = 8;
/// The last group of an identity, which is random.
const SHORT_ID: usize = 12;
/// From so many columns on, a list has times with their year, and operations.
const WIDE: usize = 112;
/// From so many columns on, a list has identities.
const MEDIUM: usize = 72;

impl Layout {
    /// Chooses the columns for the first records of a list.
    pub(crate) fn new(total: Option<usize>, records: &[Record]) -> Self {
        let names = |name: fn(&Record) -> &String| {
            let widths = records.iter().map(|record| width(&escaped(name(record))));
            widths.max().unwrap_or(USUAL_NAME)
        };
        let max = match total {
            Some(..WIDE) => USUAL_NAME,
            _ => MAX_NAME,
        };
        Self {
            total,
            code: names(|record| &record.error_code).clamp(4, max),
            operation: names(|record| &record.operation).clamp(9, max),
        }
    }

    /// Returns the heading, for a terminal alone.
    pub(crate) fn heading(&self, style: Style) -> Option<String> {
        self.total?;
        let texts = ["TIME (UTC)", "LEVEL", "CODE", "OPERATION", "ID", "MESSAGE"];
        Some(self.line(style, texts, [Tone::Faint; 6]))
    }

    /// Returns the line of a record.
    pub(crate) fn row(&self, record: &Record, style: Style) -> String {
        let (time, id) = (record.timestamp.to_string(), record.id.to_string());
        let time = match self.total {
            None => time,
            Some(..WIDE) => format!("{} {}", &time[5..10], &time[11..19]),
            Some(_) => format!("{} {}", &time[..10], &time[11..19]),
        };
        let id = match self.total {
            None => &*id,
            Some(_) => &id[id.len() - SHORT_ID..],
        };
        let message = message(record);
        let texts = [
            &time,
            record.level.name(),
            &escaped(&record.error_code),
            &escaped(&record.operation),
            id,
            &message,
        ];
        let tone = of_level(record.level);
        let (faint, plain) = (Tone::Faint, Tone::Plain);
        self.line(
            style,
            texts,
            [faint, tone, Tone::Heading, plain, faint, plain],
        )
    }

    fn line(&self, style: Style, texts: [&str; 6], tones: [Tone; 6]) -> String {
        let total = self.total.unwrap_or(usize::MAX);
        let (is_wide, is_medium) = (total >= WIDE, total >= MEDIUM);
        let time = match self.total {
            None => 24,
            Some(..WIDE) => 14,
            Some(_) => 19,
        };
        let id = if self.total.is_some() { SHORT_ID } else { 36 };
        let widths = [
            time,
            LEVEL,
            self.code,
            if is_wide { self.operation } else { 0 },
            if is_medium { id } else { 0 },
        ];
        let (mut line, mut used) = (String::new(), 0);
        for ((text, tone), columns) in texts.into_iter().zip(tones).zip(widths) {
            let columns = columns.min(total.saturating_sub(used));
            if columns == 0 {
                continue;
            }
            // A terminal gets columns, a file or a pipe whole texts.
            let text = match self.total {
                Some(_) => fitted(text, columns),
                None => filled(text, columns),
            };
            line += &style.paint(tone, &text);
            used += columns;
            let gap = total.saturating_sub(used).min(2);
            line += &"  "[..gap];
            used += gap;
        }
        line += &style.paint(tones[5], &cut(texts[5], total.saturating_sub(used)));
        match style.has_colors {
            true => line,
            false => line.trim_end().to_owned(),
        }
    }
}

/// Returns the message of a record, with what it is if it is no error that stands.
fn message(record: &Record) -> String {
    let message = escaped(&record.message);
    let attempt = match record.attempt {
        Some((attempt, of)) => format!(", attempt {attempt} of {of}"),
        None => String::new(),
    };
    match (record.kind, record.state) {
        (RecordKind::Error, RecordState::Error) => message,
        (RecordKind::Error, state) => format!("[{}{attempt}] {message}", state.name()),
        (kind, _) => format!("[{}] {message}", kind.name()),
    }
}
