//! Claims on the notifications that an owner left in a journal.

use super::file_identity::FileIdentity;
use crate::sync::global::Mutex;
use crate::{error::ErrorId, time::Timestamp};
use std::{
    any::Any,
    collections::HashSet,
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    process,
    sync::LazyLock,
    thread,
    time::Duration,
};

/// The sole right to deliver the notifications that one owner left in a journal, until it is
/// dropped or the process ends; see [`Journal::claim`](super::Journal::claim).
pub struct Claim {
    _held: Box<dyn Any + Send + Sync>,
}

impl Claim {
    /// Makes a claim that lasts as long as `held`, for example a lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::Claim;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(());
    /// let claim = Claim::new(Arc::clone(&lock));
    /// assert_eq!(Arc::strong_count(&lock), 2);
    /// drop(claim);
    /// assert_eq!(Arc::strong_count(&lock), 1, "it is released with the claim");
    /// ```
    #[must_use]
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self {
            _held: Box::new(held),
        }
    }

    /// Claims the notifications of `owner` against every process that shares a folder: by the lock
    /// of a file in it, which ends with the process that holds it. Returns `None` while the claim is
    /// held elsewhere. Files of processes that were killed are removed an hour after `wall`.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or has no locks.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{error::ErrorId, monitor::journal::Claim};
    /// use std::time::SystemTime;
    ///
    /// # let folder = std::env::temp_dir().join(format!("gardefou-claims-{}", std::process::id()));
    /// let owner = ErrorId::new();
    /// let now = SystemTime::now().into();
    /// let claim = Claim::in_folder(&folder, owner, now)?;
    /// assert!(claim.is_some() && Claim::in_folder(&folder, owner, now)?.is_none());
    /// # drop(claim);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn in_folder(folder: &Path, owner: ErrorId, wall: Timestamp) -> io::Result<Option<Self>> {
        let path = folder.join(format!("{PREFIX}{owner}{SUFFIX}"));
        let is_new = !path.exists();
        let Some(lock) = try_lock(path)? else {
            return Ok(None);
        };
        if is_new {
            remove_abandoned(folder, wall);
        }
        Ok(Some(Self::new(lock)))
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}

/// Claims against this process alone.
pub(super) fn in_process(owner: ErrorId) -> Option<Claim> {
    let is_free = HELD.lock().insert(owner);
    is_free.then(|| Claim::new(InProcess(owner)))
}

static HELD: LazyLock<Mutex<HashSet<ErrorId>>> = LazyLock::new(Mutex::default);

struct InProcess(ErrorId);

impl Drop for InProcess {
    fn drop(&mut self) {
        HELD.lock().remove(&self.0);
    }
}

const PREFIX: &str = "alerts-";
const SUFFIX: &str = ".lock";
/// How often a lock is tried: another process may hold it for the moment in which it removes the
/// file.
const TRIES: usize = 100;
/// How many files of killed processes are removed at once, once they are as old as
/// [`ABANDONED_AFTER`].
const MAX_REMOVED: usize = 100;
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// A file whose lock is held; removed with its last holder.
struct LockFile {
    path: PathBuf,
    _file: File,
    /// A process that was forked has the file too, but not the claim.
    process: u32,
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // While the lock is held: a process that has the file open by then finds another file at
        // the path.
        if self.process == process::id() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn try_lock(path: PathBuf) -> io::Result<Option<LockFile>> {
    for _ in 0..TRIES {
        let file = open(&path)?;
        match file.try_lock() {
            Ok(())
                if FileIdentity::at(&path)
                    == Some(FileIdentity::from_metadata(&file.metadata()?)) =>
            {
                return Ok(Some(LockFile {
                    path,
                    _file: file,
                    process: process::id(),
                }));
            }
            // Its last holder removed it in between.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => thread::yield_now(),
            Err(TryLockError::Error(err)) => return Err(err),
        }
    }
    Ok(None)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match (options.open(path), path.parent()) {
        (Err(err), Some(folder)) if err.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            options.open(path)
        }
        (opened, _) => opened,
    }
}

/// Removes the files of processes that were killed. A claim needs no existing file, so that none is
/// missed.
fn remove_abandoned(folder: &Path, wall: Timestamp) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let is_old = |path: &Path| {
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
        modified.is_ok_and(|modified| wall.since(modified.into()) >= ABANDONED_AFTER)
    };
    let ours = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| {
            name.strip_prefix(PREFIX)?
                .strip_suffix(SUFFIX)?
                .parse::<ErrorId>()
                .ok()
        });
        id.is_some()
    });
    for path in ours
        .map(|entry| entry.path())
        .filter(|path| is_old(path))
        .take(MAX_REMOVED)
    {
        drop(try_lock(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn now() -> Timestamp {
        crate::time::SharedClock::default().wall().into()
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn claim_has_one_holder_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let owner = ErrorId::new();
        let claims: [&dyn Fn() -> Option<Claim>; 2] = [
            &|| Claim::in_folder(folder.path(), owner, now()).unwrap(),
            &|| in_process(owner),
        ];
        for claim in claims {
            let first = claim();
            assert!(first.is_some() && claim().is_none());
            drop(first);
            assert!(claim().is_some());
        }
        assert_eq!(files(folder.path()), 0, "its file goes with the claim");
    }

    /// In each round all threads try one claim; its holder removes the file while others open it.
    #[test]
    fn threads_never_hold_one_claim_together_while_its_file_is_removed_and_made() {
        let folder = tempfile::tempdir().unwrap();
        let (owner, held) = (ErrorId::new(), std::sync::atomic::AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let claim = Claim::in_folder(folder.path(), owner, now()).unwrap();
                        if claim.is_some() {
                            assert_eq!(held.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                            thread::yield_now();
                            held.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn files_of_killed_processes_are_removed_and_those_in_use_stay() {
        let folder = tempfile::tempdir().unwrap();
        let leave_file_of_killed_process = || {
            let file = open(
                &folder
                    .path()
                    .join(format!("{PREFIX}{}{SUFFIX}", ErrorId::new())),
            )
            .unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        };
        (0..5).for_each(|_| leave_file_of_killed_process());
        fs::write(folder.path().join("alerts-notes.lock"), "of the user").unwrap();
        let used = Claim::in_folder(
            folder.path(),
            ErrorId::new(),
            Timestamp::from_unix_millis(0),
        )
        .unwrap();
        assert_eq!(files(folder.path()), 7, "none is old by this clock");
        let other = Claim::in_folder(folder.path(), ErrorId::new(), now()).unwrap();
        assert_eq!(files(folder.path()), 3);
        drop((used, other));
        assert_eq!(files(folder.path()), 1);
    }
}
