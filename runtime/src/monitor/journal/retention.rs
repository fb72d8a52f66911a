//! Removal of the oldest files of a journal, after their counts are kept.

use super::{
    config::JournalConfig,
    removed_counts::{RemovedCounts, is_damaged},
    segments::Folder,
    status::StatusTracker,
    tally::Tally,
};
use crate::time::Timestamp;
use std::{io, time::Duration};

/// Removes the oldest files beyond the limits of size and age.
///
/// Exact whatever other processes do: a file is counted after its last writer has left it, see
/// [`Folder::retire`], and is never the newest, so that writers have a file to append to.
///
/// A file that cannot be read cannot be counted: it blocks the files after it until it is as old as
/// `max_age`.
///
/// Files are removed by age only while the wall clock `is_steady`, see
/// [`JumpDetector`](super::clock_jumps::JumpDetector).
pub(super) fn remove_old(
    folder: &Folder,
    config: &JournalConfig,
    (wall, is_steady): (Timestamp, bool),
    tracker: &StatusTracker,
) -> io::Result<()> {
    let known = RemovedCounts::read(folder.path());
    let through = known.as_ref().map_or(0, |counts| counts.through);
    let all = folder.numbers(0)?;
    // Left by a process that was killed between writing the counts and removing the files.
    let (left_over, kept) = all.split_at(all.partition_point(|number| *number <= through));
    let max_age = is_steady.then_some(config.max_age);
    let excess = excess(folder, config.max_bytes, max_age, kept, wall)?;
    if left_over.is_empty() && excess.is_empty() && known.is_ok() {
        return Ok(());
    }
    let Some(_lock) = folder.try_lock()? else {
        return Ok(());
    };
    // Another process may have been here in between.
    let mut counts = match RemovedCounts::read(folder.path()) {
        Err(err) if is_damaged(&err) => {
            tracker.report_damaged(&RemovedCounts::put_aside(folder.path(), wall)?, &err);
            RemovedCounts::default()
        }
        read => read?,
    };
    let mut failed = Ok(());
    for number in left_over.iter().filter(|number| **number <= counts.through) {
        failed = failed.and(folder.remove(*number));
    }
    let excess: Vec<u64> = excess
        .into_iter()
        .filter(|number| *number > counts.through)
        .collect();
    for batch in excess.chunks(FILES_AT_ONCE) {
        let mut retired = Vec::new();
        for number in batch {
            // A writer that does not leave (with nothing to write, until its thread releases the
            // file; in a process that was stopped) blocks the rest: files are removed in order.
            let mut tally = Tally::default();
            let file = match folder.retire(*number) {
                Ok(None) => break,
                Ok(Some(file)) => {
                    tally.count_from(folder, *number, 0)?;
                    Some(file)
                }
                // The process that wrote it would have removed it by now.
                Err(_) if is_steady && is_unused(folder, *number, config.max_age, wall) => None,
                Err(err) => {
                    failed = failed.and(Err(io::Error::new(
                        err.kind(),
                        format!("file {number}: {err}"),
                    )));
                    break;
                }
            };
            counts.add(*number, &tally);
            retired.push((*number, file));
        }
        if retired.is_empty() {
            return failed;
        }
        // In this order: after a crash in between, the numbers of the files show that they are
        // counted.
        counts.write(folder.path())?;
        for (number, _) in &retired {
            failed = failed.and(folder.remove(*number));
        }
        if retired.len() < batch.len() {
            break;
        }
    }
    failed
}

/// Returns `true` if a file that cannot be read, for example one of another user, was not written
/// to for so long.
fn is_unused(folder: &Folder, number: u64, max_age: Duration, wall: Timestamp) -> bool {
    folder
        .modified(number)
        .is_ok_and(|modified| wall.since(modified) >= max_age)
}

/// How many files are held open and counted before the counts are written, which waits for the
/// disk: one by one, small files would be added faster than they are removed.
const FILES_AT_ONCE: usize = 32;

/// Returns the files to be removed, oldest first; never the newest.
fn excess(
    folder: &Folder,
    max_bytes: u64,
    max_age: Option<Duration>,
    numbers: &[u64],
    wall: Timestamp,
) -> io::Result<Vec<u64>> {
    let mut sizes = Vec::new();
    for number in numbers {
        sizes.push(folder.size(*number)?);
    }
    let mut total: u64 = sizes.iter().sum();
    let mut excess = Vec::new();
    for (number, size) in numbers
        .iter()
        .zip(sizes)
        .take(numbers.len().saturating_sub(1))
    {
        let is_old = match max_age {
            Some(max_age) => match folder.last_timestamp(*number) {
                Ok(last) => last.is_none_or(|last| wall.since(last) >= max_age),
                Err(_) => is_unused(folder, *number, max_age, wall),
            },
            None => false,
        };
        if total <= max_bytes && !is_old {
            break;
        }
        total -= size;
        excess.push(*number);
    }
    Ok(excess)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A folder of so many files of one line, all old.
    fn folder(files: u64) -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        for number in 1..=files {
            fs::write(folder.path_of(number), "{}\n").unwrap();
        }
        (place, folder)
    }

    fn remove(folder: &Folder) {
        let config = JournalConfig::builder(folder.path()).build().unwrap();
        let tracker = StatusTracker::new(folder.path().to_owned());
        remove_old(
            folder,
            &config,
            (Timestamp::from_unix_millis(0), true),
            &tracker,
        )
        .unwrap();
    }

    #[test]
    fn one_round_removes_all_old_files_but_the_newest() {
        let (_place, folder) = folder(3 * FILES_AT_ONCE as u64 + 5);
        remove(&folder);
        assert_eq!(folder.numbers(0).unwrap(), [3 * FILES_AT_ONCE as u64 + 5]);
    }

    /// Counts are kept up to a number: a file that cannot be counted yet must not be passed over.
    #[cfg(unix)]
    #[test]
    fn file_with_a_writer_blocks_the_files_after_it() {
        let (_place, folder) = folder(3 * FILES_AT_ONCE as u64);
        let writer = folder.open_to_append(5).unwrap().unwrap();
        writer.lock_shared().unwrap();
        remove(&folder);
        assert_eq!(
            folder.numbers(0).unwrap(),
            (5..=3 * FILES_AT_ONCE as u64).collect::<Vec<_>>()
        );
        drop(writer);
        remove(&folder);
        assert_eq!(folder.numbers(0).unwrap(), [3 * FILES_AT_ONCE as u64]);
    }
}
