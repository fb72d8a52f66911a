//! What the user sees while the program works.

use crate::classify::{Class, Features};
use gardefou::AppError;
use std::io::{self, IsTerminal, Stdout, Write};

/// Standard output, with colours where it is a terminal that wants them.
#[derive(Debug)]
pub(crate) struct Terminal {
    out: Stdout,
    colours: bool,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
    Warning,
    Title,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|value| value != "dumb");
        let out = io::stdout();
        let colours = out.is_terminal() && wanted && able;
        Self { out, colours }
    }

    /// Writes a line. A reader that went away, as `head` does, is no reason to stop the work.
    pub(crate) fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    /// Writes a line to standard error.
    pub(crate) fn complain(&mut self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        let colour = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warning => "33",
            Tone::Title => "1",
        };
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Tells what became of one recording of `count`.
    pub(crate) fn progress(
        &mut self,
        at: usize,
        count: usize,
        name: &str,
        result: Result<(Class, &Features), &AppError>,
    ) {
        let width = count.to_string().len();
        let what = match result {
            Ok((class, features)) => {
                format!(
                    "{} {:6.1} dBFS {:6.1} s",
                    self.paint(Tone::Good, &format!("{class:<11}")),
                    features.level_dbfs,
                    features.seconds
                )
            }
            Err(error) => self.paint(Tone::Bad, &format!("isolated: {}", error.code().name())),
        };
        self.line(&format!("[{at:width$}/{count}] {name:<28} {what}"));
    }

    pub(crate) fn waiting(&mut self, count: usize) {
        if count > 0 {
            let text = format!("{} to be delivered once the service has recovered ...", self::count(count, "result"));
            let text = self.paint(Tone::Warning, &text);
            self.line(&text);
        }
    }
}

/// Counts things: "1 call", "2 calls".
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
