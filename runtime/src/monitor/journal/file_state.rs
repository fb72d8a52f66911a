//! The state of an open file, read before each write.

use super::segments::is_sealed;
use std::{
    fs::{File, Metadata},
    io,
};

/// What a writer must know of its open file before it appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileState {
    /// The size in bytes.
    pub(super) len: u64,
    /// The file takes no more lines: it was removed while it was open, or it is sealed.
    pub(super) is_closed: bool,
}

impl FileState {
    /// Reads the state of an open file.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(state) = linux::of(file) {
            return Ok(state);
        }
        file.metadata()
            .map(|metadata| Self::from_metadata(&metadata))
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            is_closed: is_gone(metadata) || is_sealed(metadata),
        }
    }
}

/// Returns `true` if the file was removed while it was open.
#[cfg(unix)]
fn is_gone(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) == 0
}

/// On other systems only the path shows it, which each append checks.
#[cfg(not(unix))]
fn is_gone(_: &Metadata) -> bool {
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use super::FileState;
    use rustix::fs::{AtFlags, FileType, Mode, StatxFlags, statx};
    use std::fs::File;

    /// Reads the state without the times of the file. On a file system with fine-grained times, a
    /// reader of them makes the next write store the present time in the inode, which takes as long
    /// as the write itself.
    ///
    /// `None` where the kernel has no such call, or not all of the answer.
    pub(super) fn of(file: &File) -> Option<FileState> {
        let wanted = StatxFlags::TYPE | StatxFlags::MODE | StatxFlags::NLINK | StatxFlags::SIZE;
        let state = statx(file, c"", AtFlags::EMPTY_PATH, wanted).ok()?;
        let (mode, writable) = (
            u32::from(state.stx_mode),
            Mode::WUSR | Mode::WGRP | Mode::WOTH,
        );
        let is_file = FileType::from_raw_mode(mode) == FileType::RegularFile;
        let is_sealed = is_file && !Mode::from_raw_mode(mode).intersects(writable);
        StatxFlags::from_bits_retain(state.stx_mask)
            .contains(wanted)
            .then_some(FileState {
                len: state.stx_size,
                is_closed: state.stx_nlink == 0 || is_sealed,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Write};

    fn state(file: &File) -> FileState {
        let state = FileState::of(file).unwrap();
        assert_eq!(
            state,
            FileState::from_metadata(&file.metadata().unwrap()),
            "what the standard library reads"
        );
        state
    }

    #[test]
    fn state_has_the_size_and_shows_a_sealed_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = File::create(&path).unwrap();
        assert_eq!((state(&file).len, state(&file).is_closed), (0, false));
        file.write_all(b"four").unwrap();
        assert_eq!((state(&file).len, state(&file).is_closed), (4, false));
        let mut permissions = file.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions).unwrap();
        assert!(state(&file).is_closed);
    }

    #[cfg(unix)]
    #[test]
    fn removed_file_is_closed_and_renamed_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (path, renamed) = (folder.path().join("file"), folder.path().join("renamed"));
        let file = File::create(&path).unwrap();
        fs::rename(&path, &renamed).unwrap();
        assert!(!state(&file).is_closed);
        fs::remove_file(&renamed).unwrap();
        assert!(state(&file).is_closed);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn device_is_never_closed_and_linux_reads_without_times() {
        let device = fs::OpenOptions::new()
            .append(true)
            .open("/dev/full")
            .unwrap();
        assert!(!state(&device).is_closed);
        assert_eq!(linux::of(&device), Some(state(&device)));
    }
}
