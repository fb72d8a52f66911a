//! Errors of reading a journal line by line.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// The error of one line, or of one file, of a journal; reading goes on after it.
///
/// # Examples
///
/// ```
/// use gardefou::monitor::journal::{JournalReader, Query};
///
/// # let folder = std::env::temp_dir().join(format!("gardefou-read-error-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join("errors-00000001.jsonl"), "{\"v\":1,\"id\":\"0198\n")?;
/// let reader = JournalReader::open(&folder)?;
/// let err = reader.oldest_first(&Query::new())?.next().unwrap().unwrap_err();
/// assert!(err.is_torn() && err.file().ends_with("errors-00000001.jsonl"));
/// assert!(err.to_string().ends_with("the line at byte 0 holds no record"));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ReadError {
    file: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The position of the line's first byte.
    Torn(u64),
    Io(io::Error),
}

impl ReadError {
    pub(super) fn torn(file: PathBuf, at: u64) -> Self {
        let kind = Kind::Torn(at);
        Self { file, kind }
    }

    pub(super) fn io(file: PathBuf, source: io::Error) -> Self {
        let kind = Kind::Io(source);
        Self { file, kind }
    }

    /// Returns `true` for a line that holds no record, and `false` for a file that cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::monitor::journal::{JournalReader, Query};
    /// # let folder = std::env::temp_dir().join(format!("gardefou-is-torn-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("errors-00000001.jsonl"), "no record\n")?;
    /// let reader = JournalReader::open(&folder)?;
    /// let err = reader.oldest_first(&Query::new())?.next().unwrap().unwrap_err();
    /// assert!(err.is_torn());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        matches!(self.kind, Kind::Torn(_))
    }

    /// Returns the file.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::monitor::journal::{JournalReader, Query};
    /// # let folder = std::env::temp_dir().join(format!("gardefou-torn-file-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("errors-00000001.jsonl"), "no record\n")?;
    /// let reader = JournalReader::open(&folder)?;
    /// let err = reader.oldest_first(&Query::new())?.next().unwrap().unwrap_err();
    /// assert_eq!(err.file(), folder.join("errors-00000001.jsonl"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the cause, where the file cannot be read.
    pub(super) fn into_io(self) -> Option<io::Error> {
        match self.kind {
            Kind::Torn(_) => None,
            Kind::Io(source) => Some(source),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        match &self.kind {
            Kind::Torn(at) => write!(f, "the line at byte {at} holds no record"),
            Kind::Io(_) => f.write_str("the file cannot be read"),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Torn(_) => None,
            Kind::Io(source) => Some(source),
        }
    }
}
