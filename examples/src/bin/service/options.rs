//! Command-line options.

use gardefou_examples::place;
use std::{ffi::OsString, path::PathBuf};

/// The options of the service.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) port: u16,
    /// The folder of the database and the journal.
    pub(crate) data: PathBuf,
}

pub(crate) const USAGE: &str = "\
usage: service [--port PORT] [--data FOLDER]

  --port PORT     on loopback; 0 lets the system choose [default: 8080]
  --data FOLDER   where orders and the journal of errors are kept, from one run to
                  the next [default: gardefou-service-USER in the folder for
                  temporary files]
  -h, --help      this text

Exit status: 0 after an orderly end, 1 where the service could not run or was ended
at once, 2 for wrong arguments. RUST_LOG=gardefou=debug shows more of the log.";

impl Options {
    /// Parses the arguments after the program's name; `Ok(None)` is a request for help.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, String> {
        let mut options = Self {
            port: 8080,
            data: place::for_user("gardefou-service"),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            // Names of folders need not be text.
            let mut value = || arguments.next().filter(|value| !value.is_empty());
            match argument.to_str() {
                Some("-h" | "--help") => return Ok(None),
                Some("--port") => {
                    let port = value().and_then(|port| port.to_str()?.parse().ok());
                    options.port = port.ok_or("--port needs a number from 0 to 65535")?;
                }
                Some("--data") => options.data = value().ok_or("--data needs a folder")?.into(),
                _ => return Err(format!("there is no option {argument:?}")),
            }
        }
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Option<Options>, String> {
        Options::read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn invalid_arguments_are_refused() {
        for wrong in [
            &["--port"][..],
            &["--port", "70000"],
            &["--data"],
            &["--data", ""],
            &["orders"],
            &["--porta", "1"],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
        assert!(read(&["--port", "1", "--help"]).unwrap().is_none());
        assert_eq!(read(&["--port", "81"]).unwrap().unwrap().port, 81);
    }

    #[cfg(unix)]
    #[test]
    fn arguments_may_be_other_than_utf8() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = OsString::from_vec(b"caf\xE9".to_vec());
        let options = Options::read(["--data".into(), odd.clone()])
            .unwrap()
            .unwrap();
        assert_eq!(options.data.as_os_str(), odd);
        assert!(Options::read([odd]).is_err());
    }
}
