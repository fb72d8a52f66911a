//! The command line.

use std::path::PathBuf;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) port: u16,
    /// The folder of the database and the journal.
    pub(crate) data: PathBuf,
}

const USAGE: &str = "usage: service [--port PORT] [--data FOLDER]";

impl Options {
    /// Reads the arguments; `None` after having said what is wrong with them.
    pub(crate) fn read() -> Option<Self> {
        let mut options = Self { port: 8080, data: std::env::temp_dir().join("gardefou-service") };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match (arg.as_str(), args.next()) {
                ("--port", Some(port)) if port.parse::<u16>().is_ok() => options.port = port.parse().ok()?,
                ("--data", Some(folder)) if !folder.is_empty() => options.data = folder.into(),
                _ => {
                    eprintln!("{USAGE}");
                    return None;
                }
            }
        }
        Some(options)
    }
}
