//! Runs a command, and turns what became of it into an exit status.

use crate::{
    args::{Arguments, Command},
    config, functions, health, journal,
    output::Output,
};
use clap::CommandFactory;
use std::{
    error::Error,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The answer is no: the service is not healthy, there is no such record, or something is wrong
    /// in a file.
    Negative,
    /// A part of the journal could not be read.
    Incomplete,
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of the output wants no more of it, which is no error.
    ClosedPipe,
    /// The arguments ask for something that cannot be done.
    Message(String),
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Message(text.into())
    }

    /// Makes the failure for an error and its sources.
    pub(crate) fn from_error(err: &dyn Error) -> Self {
        Self::Message(chain(err))
    }
}

impl From<io::Error> for Failure {
    fn from(err: io::Error) -> Self {
        match err.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Message(format!("cannot write the output: {err}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedPipe => f.write_str("the reader of the output has gone"),
            Self::Message(text) => f.write_str(text),
        }
    }
}

/// Returns the texts of an error and its sources, outermost first.
pub(crate) fn chain(err: &dyn Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

/// Runs a command; the exit status is 0 if all went well, 1 for an answer that is no, and 2 for
/// arguments and journals that cannot be used.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let mut output = Output::new(arguments.color);
    let done = match arguments.command {
        Command::Journal(command) => journal::run(command, &mut output),
        Command::Health(arguments) => health::run(&arguments, &mut output),
        Command::Functions(arguments) => functions::run(&arguments, &mut output),
        Command::Config { command } => config::run(command, &mut output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "gardefou", &mut script);
            let written = output.write_all(&script);
            written.map(|()| Outcome::Done).map_err(Failure::from)
        }
    };
    let flushed = output.flush().map_err(Failure::from);
    match done.and_then(|outcome| flushed.map(|()| outcome)) {
        Ok(Outcome::Done) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Ok(Outcome::Negative) => ExitCode::from(1),
        Ok(Outcome::Incomplete) => ExitCode::from(2),
        Err(Failure::Message(text)) => {
            output.complain(&text);
            ExitCode::from(2)
        }
    }
}
