//! The identity of a file, whatever its name.

use std::{fs, path::Path, time::SystemTime};

/// Distinguishes a file from another one that took its name: by device and inode where there are
/// such, and by the time of creation, as inodes are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    #[cfg(unix)]
    inode: (u64, u64),
    created: Option<SystemTime>,
}

impl FileIdentity {
    /// Returns the identity of the file at a path, if there is one.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino()),
            created: metadata.created().ok(),
        })
    }
}
