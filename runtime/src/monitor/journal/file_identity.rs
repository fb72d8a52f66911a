//! Which file it is, whatever its name.

use std::{
    fs::{self, Metadata},
    path::Path,
    time::SystemTime,
};

/// Tells one file from another that took its name.
///
/// While a handle is open, device and inode are enough. The time of creation tells files apart
/// whose inode was used again, and is all there is where the system shows no inodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity {
    #[cfg(unix)]
    inode: (u64, u64),
    created: Option<SystemTime>,
}

impl FileIdentity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino()),
            created: metadata.created().ok(),
        }
    }

    /// The file that the path leads to now, if it leads anywhere.
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::of)
    }
}
