//! The output on the terminal.

use crate::analysis::{Class, Features};
use gardefou::{
    AppError,
    time::{Clock, SystemClock, Tick},
};
use std::{
    fmt,
    io::{self, IsTerminal, Stdout, Write},
    time::Duration,
};

/// Standard output, with colours where it is a terminal that wants them.
#[derive(Debug)]
pub(crate) struct Terminal {
    out: Stdout,
    colours: bool,
    /// The number of the recording in progress, and when its progress was last shown.
    reading: Option<(usize, Tick)>,
    /// Why the first of the lines that are lost could not be written.
    problem: Option<io::Error>,
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

/// Which recording of how many a line is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) number: usize,
    pub(crate) of: usize,
    pub(crate) name: &'a str,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.of.to_string().len();
        write!(f, "[{:width$}/{}] {:<28}", self.number, self.of, self.name)
    }
}

/// The interval of progress lines for a long recording.
const INTERVAL: Duration = Duration::from_secs(1);

impl Terminal {
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|value| value != "dumb");
        let out = io::stdout();
        let colours = out.is_terminal() && wanted && able;
        Self {
            out,
            colours,
            reading: None,
            problem: None,
        }
    }

    /// Writes a line. What hinders it is no reason to stop the work.
    pub(crate) fn line(&mut self, text: &str) {
        if let Err(error) = writeln!(self.out, "{text}").and_then(|()| self.out.flush()) {
            self.problem.get_or_insert(error);
        }
    }

    /// Returns why a line could not be written; a reader that went away, as `head` does, has seen
    /// what it wanted.
    pub(crate) fn problem(&self) -> Option<&io::Error> {
        self.problem
            .as_ref()
            .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// Writes a line to standard error, in red where that is a terminal.
    pub(crate) fn complain(&self, text: &str) {
        let text = if io::stderr().is_terminal() {
            self.paint(Tone::Bad, text)
        } else {
            text.to_owned()
        };
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
        if self.colours {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Writes how much of a recording is done, once a second.
    pub(crate) fn reading(&mut self, at: At<'_>, share: f64) {
        let now = SystemClock.now();
        let since = match self.reading {
            Some((number, since)) if number == at.number => since,
            _ => {
                self.reading = Some((at.number, now));
                return;
            }
        };
        if now.since(since) >= INTERVAL {
            self.reading = Some((at.number, now));
            self.line(&format!("{at} reading: {:.0} %", share * 100.0));
        }
    }

    /// Writes the result of one recording, and how much of it was read.
    pub(crate) fn progress(
        &mut self,
        at: At<'_>,
        result: Result<(Class, &Features, f64), &AppError>,
    ) {
        let what = match result {
            Ok((class, features, read)) => {
                let part = if read < features.seconds {
                    format!(", {read:.1} s read")
                } else {
                    String::new()
                };
                format!(
                    "{} {:6.1} dBFS {:6.1} s{part}",
                    self.paint(Tone::Good, &format!("{class:<11}")),
                    features.level_dbfs,
                    features.seconds
                )
            }
            Err(error) => self.paint(Tone::Bad, &format!("isolated: {}", error.code().name())),
        };
        self.line(&format!("{at} {what}"));
    }

    pub(crate) fn waiting(&mut self, count: usize) {
        if count > 0 {
            let text = format!(
                "{} to be delivered once the service has recovered ...",
                self::count(count, "result")
            );
            let text = self.paint(Tone::Warning, &text);
            self.line(&text);
        }
    }
}

/// Counts things: "1 call", "2 calls".
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}
