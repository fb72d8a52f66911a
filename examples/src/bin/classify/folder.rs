//! The recordings of a folder.

use crate::wav;
use gardefou::{AppError, ErrorCode, Result};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{MAIN_SEPARATOR, Path, PathBuf},
};

/// A recording to be read, or the error that prevents it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    /// The path below the folder, made printable.
    pub(crate) name: String,
    pub(crate) problem: Option<AppError>,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// In the order of their paths.
    pub(crate) entries: Vec<Entry>,
    /// Names of files that are no recordings, by name and by content.
    pub(crate) skipped: Vec<String>,
}

/// Looks through `folder` and the folders below it; links to folders are not followed.
pub(crate) fn list(folder: &Path) -> Result<Listing> {
    let metadata = fs::metadata(folder).map_err(|error| file_error(error, folder))?;
    if !metadata.is_dir() {
        let message = format!(
            "{} is a file: name the folder that it is in",
            printable(folder)
        );
        return Err(AppError::new(ErrorCode::CONFIG_ERROR, message));
    }
    let mut listing = Listing::default();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(current) = folders.pop() {
        let entries = match fs::read_dir(&current) {
            Ok(entries) => entries,
            Err(error) if current == folder => return Err(file_error(error, folder)),
            Err(error) => {
                listing.add(folder, current, Some(error));
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok((path, kind)) if kind.is_dir() => folders.push(path),
                Ok((path, _)) => listing.inspect(folder, path),
                Err(error) => listing.add(folder, current.clone(), Some(error)),
            }
        }
    }
    listing.entries.sort_by(|a, b| a.path.cmp(&b.path));
    listing.skipped.sort();
    Ok(listing)
}

impl Listing {
    fn inspect(&mut self, folder: &Path, path: PathBuf) {
        let named = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("wav") || end.eq_ignore_ascii_case("wave"));
        // Opening a pipe would wait for a writer that never comes.
        let regular = fs::metadata(&path).map(|metadata| metadata.is_file());
        match (named, regular) {
            // What macOS keeps of a file beside it, on a disk that has no other place for it.
            (true, Ok(true)) if is_companion(&path) && !begins_as_recording(&path) => {
                self.skip(folder, &path);
            }
            (true, Ok(true)) => self.add(folder, path, None),
            (true, Ok(false)) => {
                let name = printable(path.strip_prefix(folder).unwrap_or(&path));
                let problem = AppError::new(
                    ErrorCode::ANALYSIS_DATA_ERROR,
                    "not a regular file, left unread",
                );
                self.entries.push(Entry {
                    path,
                    name,
                    problem: Some(problem),
                });
            }
            (true, Err(error)) => self.add(folder, path, Some(error)),
            (false, Ok(true)) if begins_as_recording(&path) => self.add(folder, path, None),
            _ => self.skip(folder, &path),
        }
    }

    fn skip(&mut self, folder: &Path, path: &Path) {
        self.skipped
            .push(printable(path.strip_prefix(folder).unwrap_or(path)));
    }

    fn add(&mut self, folder: &Path, path: PathBuf, error: Option<io::Error>) {
        let name = printable(path.strip_prefix(folder).unwrap_or(&path));
        let problem = error.map(|error| file_error(error, &path));
        self.entries.push(Entry {
            path,
            name,
            problem,
        });
    }
}

fn is_companion(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"._"))
}

fn begins_as_recording(path: &Path) -> bool {
    let mut start = [0; 12];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok()
        && wav::looks_like_a_recording(&start)
}

/// Returns an error with the code for the kind of a failed file access.
pub(crate) fn file_error(error: io::Error, path: &Path) -> AppError {
    let (code, what) = match error.kind() {
        io::ErrorKind::NotFound => (ErrorCode::FILE_NOT_FOUND_ERROR, "does not exist"),
        io::ErrorKind::PermissionDenied => (ErrorCode::PERMISSION_ERROR, "may not be read"),
        _ => (ErrorCode::ANALYSIS_PROCESSING_ERROR, "cannot be read"),
    };
    AppError::new(code, format!("{} {what}", printable(path))).with_source(error)
}

/// Makes a path fit to be shown: what cannot be seen, what turns the direction of a text, and bytes
/// that are no text appear as escapes. Different paths stay different: a backslash appears as two,
/// where it is not what parts folders.
pub(crate) fn printable(path: &Path) -> String {
    let mut shown = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for letter in chunk.valid().chars() {
            let escape = is_unseen(letter) || letter == '\\' && MAIN_SEPARATOR != '\\';
            if escape {
                shown.extend(letter.escape_default());
            } else {
                shown.push(letter);
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|byte| shown.push_str(&format!("\\x{byte:02X}")));
    }
    shown
}

/// Control characters, and those of Unicode that format a text without being seen.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companion_files_of_macos_are_skipped_and_extensions_have_any_case() {
        let folder = tempfile::tempdir().unwrap();
        let riff = b"RIFF\x24\0\0\0WAVE";
        let files: [(&str, &[u8]); 5] = [
            ("._a.wav", b"\0\x05\x16\x07\0\x02\0\0Mac OS X        "),
            ("._b.wav", riff),
            ("a.WAV", riff),
            ("c.Wave", b"no recording"),
            ("notes.txt", b"no recording"),
        ];
        files
            .iter()
            .for_each(|(name, content)| fs::write(folder.path().join(name), content).unwrap());
        let listing = list(folder.path()).unwrap();
        let names: Vec<_> = listing
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["._b.wav", "a.WAV", "c.Wave"]);
        assert_eq!(listing.skipped, ["._a.wav", "notes.txt"]);
    }

    #[test]
    fn control_characters_in_names_are_escaped() {
        assert_eq!(
            printable(Path::new("a\x1b[2J\n b.wav")),
            "a\\u{1b}[2J\\n b.wav"
        );
    }

    #[test]
    fn invisible_characters_in_names_are_escaped() {
        assert_eq!(
            printable(Path::new("a\u{202E}vaw.\u{200B}b")),
            "a\\u{202e}vaw.\\u{200b}b"
        );
        assert_eq!(printable(Path::new("日本 é ß 🎵.wav")), "日本 é ß 🎵.wav");
    }

    #[cfg(unix)]
    #[test]
    fn name_that_looks_like_an_escape_stays_distinct() {
        assert_ne!(
            printable(Path::new("a\u{1b}.wav")),
            printable(Path::new("a\\u{1b}.wav"))
        );
        assert_eq!(printable(Path::new("a\\b.wav")), "a\\\\b.wav");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8_stay_distinct() {
        use std::os::unix::ffi::OsStrExt;
        let name = |bytes: &[u8]| printable(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        assert_eq!(name(b"caf\xE9.wav"), "caf\\xE9.wav");
        assert_ne!(name(b"caf\xE8.wav"), name(b"caf\xE9.wav"));
        assert_eq!(name("café.wav".as_bytes()), "café.wav");
    }
}
