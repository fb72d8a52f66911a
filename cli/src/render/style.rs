//! Colours, and the characters of bars.

use gardefou::event::Severity;

/// What the output can show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) has_colors: bool,
    /// Whether bars are made of blocks; of ASCII otherwise.
    pub(crate) has_blocks: bool,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Heading,
    Faint,
    Good,
    Warning,
    Bad,
    Worst,
}

impl Style {
    /// Returns a text in the colour of its meaning.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => "",
            Tone::Heading => "1",
            Tone::Faint => "2",
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
            Tone::Worst => "1;31",
        };
        if self.has_colors && !code.is_empty() && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Returns the tone of a level.
pub(crate) fn of_level(level: Severity) -> Tone {
    match level {
        Severity::Info => Tone::Good,
        Severity::Warning => Tone::Warning,
        Severity::Error => Tone::Bad,
        Severity::Critical => Tone::Worst,
    }
}
