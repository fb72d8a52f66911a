//! The identity of a file, whatever its name.

use std::{
    fs::{self, Metadata},
    path::Path,
    time::SystemTime,
};

/// Distinguishes a file from another one that took its name.
///
/// While a handle is open, device and inode are enough. The time of creation distinguishes files
/// with a reused inode, and is all there is on systems without inodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity {
    #[cfg(unix)]
    inode: (u64, u64),
    created: Option<SystemTime>,
}

impl FileIdentity {
    pub(super) fn from_metadata(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino()),
            created: metadata.created().ok(),
        }
    }

    /// Returns the identity of the file at a path, if there is one.
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::from_metadata)
    }
}
