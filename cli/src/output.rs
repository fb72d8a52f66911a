//! The standard output and the standard error.

use crate::render::{style::Style, text::escaped};
use clap::ValueEnum;
use std::{
    env,
    ffi::OsString,
    io::{self, BufWriter, IsTerminal, StdoutLock, Write},
};

/// When the output has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// The standard output, and what it shows to whom.
#[derive(Debug)]
pub(crate) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    pub(crate) style: Style,
    /// The columns of the terminal; `None` for a file or a pipe.
    pub(crate) columns: Option<usize>,
}

/// The width of a terminal whose size is not known.
const DEFAULT_COLUMNS: usize = 80;
const MIN_COLUMNS: usize = 20;

impl Output {
    pub(crate) fn new(color: ColorChoice) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let has_colors = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
                let is_able = env::var_os("TERM").is_none_or(|term| term != "dumb");
                is_terminal && is_able && !is_set("NO_COLOR")
            }
        };
        Self {
            writer: BufWriter::with_capacity(64 * 1024, stdout.lock()),
            style: Style {
                has_colors,
                has_blocks: is_utf8(),
            },
            columns: is_terminal.then(columns),
        }
    }

    /// Writes a line about what went wrong to the standard error, behind what was printed so far.
    pub(crate) fn complain(&mut self, text: &str) {
        // A reader that has gone is detected by the next write.
        let _ = self.flush();
        let _ = writeln!(io::stderr(), "gardefou: {}", escaped(text));
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn columns() -> usize {
    let variable = || env::var("COLUMNS").ok()?.parse().ok();
    let columns = of_terminal().or_else(variable).unwrap_or(DEFAULT_COLUMNS);
    columns.max(MIN_COLUMNS)
}

#[cfg(unix)]
fn of_terminal() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

#[cfg(not(unix))]
fn of_terminal() -> Option<usize> {
    None
}

/// Returns `true` if the locale has all of Unicode.
fn is_utf8() -> bool {
    let set = |name| env::var_os(name).filter(|value: &OsString| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.unwrap_or_default().to_string_lossy().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8") || cfg!(windows)
}
