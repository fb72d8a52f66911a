//! Command-line options.

use crate::folder::printable;
use gardefou::{AppError, ErrorCode, Result};
use gardefou_examples::place;
use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// What to do, once everything is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The recordings; those that are shipped unless the user names others.
    pub(crate) folder: PathBuf,
    /// Where the database, the journal and the page of the report go.
    pub(crate) out: PathBuf,
    pub(crate) database: PathBuf,
}

pub(crate) const HELP: &str = "\
Classifies a folder of WAV recordings while the services it depends on misbehave.

Usage: classify [OPTIONS] [FOLDER]

  FOLDER            recordings to classify, subfolders included; without it, those
                    that come with gardefou. Files named *.wav or *.wave and files
                    that begin as a WAV file does are read: 8 to 32-bit integers,
                    32 and 64-bit floats, any sample rate, any number of channels.
                    Of a long recording the first 10 minutes are read, and no more
                    than 256 MiB.
                    Levels in dBFS are root mean squares without constant offsets and
                    what is slower than 20 ms; -120 stands for all that is quieter.
                    The companions that macOS leaves (._*.wav) are passed over.

Options:
  --out FOLDER      where the database, the journal of errors and the report as a
                    page go [default: gardefou-classify-USER in the folder for
                    temporary files]
  --database FILE   the SQLite database [default: recordings.sqlite in --out]
  -h, --help        this text

Links to files are read, links to folders are not followed. In names that are shown
and stored, what cannot be seen and what is no text is written as an escape, and a
backslash as two (on Windows: as it is).

A broken file never stops the others. If FOLDER holds a list EXPECTED.txt, with a
file name, as it is shown, and the name of an error code on each line, those
failures are expected.

Exit status:
  0  all went well: each recording was classified, stored and delivered, or it was
     isolated with the error that EXPECTED.txt names, be it each of them
  1  the work was done, but something went wrong: the report has it. Also for a
     folder without any recordings, and where the report could not be written
  2  the work could not begin: wrong arguments, no such folder, no service

RUST_LOG=gardefou=debug shows the structured log on standard error.
";

impl Options {
    /// The folder of the journal of errors.
    pub(crate) fn journal(&self) -> PathBuf {
        self.out.join("journal")
    }

    /// The page of the report.
    pub(crate) fn page(&self) -> PathBuf {
        self.out.join("report.html")
    }
}

/// Parses the arguments after the program's name; `None` is a request for help.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Options>> {
    let (mut folder, mut out, mut database) = (None, None, None);
    let mut only_names = false;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = if only_names {
            (None, None)
        } else {
            parts(&argument)
        };
        match (name.as_deref(), value) {
            (Some("--"), None) => only_names = true,
            (Some("-h" | "--help"), None) => return Ok(None),
            (Some("--out"), value) => set(&mut out, "--out", value.or_else(|| arguments.next()))?,
            (Some("--database"), value) => set(
                &mut database,
                "--database",
                value.or_else(|| arguments.next()),
            )?,
            (Some(_), _) => {
                return Err(wrong(format!(
                    "there is no option {}",
                    printable(Path::new(&argument))
                )));
            }
            (None, _) => set(&mut folder, "FOLDER", Some(argument))?,
        }
    }
    let out = out.unwrap_or_else(|| place::for_user("gardefou-classify"));
    let database = database.unwrap_or_else(|| out.join("recordings.sqlite"));
    let shipped = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/recordings"));
    Ok(Some(Options {
        folder: folder.unwrap_or_else(shipped),
        out,
        database,
    }))
}

/// Splits an option into its name and what follows an equals sign; without a name it is no option.
fn parts(argument: &OsStr) -> (Option<String>, Option<OsString>) {
    let shown = argument.to_string_lossy();
    if !shown.starts_with('-') {
        return (None, None);
    }
    // Names of folders need not be text.
    #[cfg(unix)]
    let value = {
        use std::os::unix::ffi::OsStrExt as _;
        let bytes = argument.as_bytes();
        let sign = bytes.iter().position(|&byte| byte == b'=');
        sign.map(|at| OsStr::from_bytes(&bytes[at + 1..]).to_os_string())
    };
    #[cfg(not(unix))]
    let value = argument
        .to_str()
        .and_then(|text| text.split_once('='))
        .map(|(_, value)| value.into());
    (
        Some(shown.split('=').next().unwrap_or_default().to_owned()),
        value,
    )
}

fn set(place: &mut Option<PathBuf>, name: &str, value: Option<OsString>) -> Result<()> {
    match value {
        None => Err(wrong(format!("{name} needs a value"))),
        Some(value) if value.is_empty() => Err(wrong(format!("{name} is empty"))),
        Some(_) if place.is_some() => Err(wrong(format!("{name} is given twice"))),
        Some(value) => {
            *place = Some(PathBuf::from(value));
            Ok(())
        }
    }
}

fn wrong(message: String) -> AppError {
    AppError::new(ErrorCode::CONFIG_ERROR, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<Options>> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn shipped_recordings_are_the_default_folder() {
        let options = parsed(&[]).unwrap().unwrap();
        assert!(options.folder.ends_with("examples/recordings"));
        assert_eq!(options.database, options.out.join("recordings.sqlite"));
    }

    #[test]
    fn folder_may_look_like_an_option_after_two_dashes() {
        assert_eq!(
            parsed(&["--", "--help"]).unwrap().unwrap().folder,
            PathBuf::from("--help")
        );
    }

    #[test]
    fn value_may_follow_an_equals_sign() {
        let options = parsed(&["--out=some/where=else", "--database=d"])
            .unwrap()
            .unwrap();
        assert_eq!(
            (options.out, options.database),
            (PathBuf::from("some/where=else"), PathBuf::from("d"))
        );
    }

    #[test]
    fn invalid_arguments_are_config_errors() {
        for wrong in [
            &["--fast"][..],
            &["a", "b"],
            &["--out"],
            &["--out="],
            &["--help=me"],
            &["--=x"],
            &["--out", "a", "--out", "b"],
            &[""],
            &["-x"],
        ] {
            assert!(
                parsed(wrong).unwrap_err().is(ErrorCode::CONFIG_ERROR),
                "{wrong:?}"
            );
        }
        assert_eq!(parsed(&["a", "-h"]).unwrap(), None);
    }
}
