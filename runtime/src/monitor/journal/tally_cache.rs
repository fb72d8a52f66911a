//! A cache of the tallies of existing files.

use super::{
    daily_counts::DailyCounts,
    file_identity::FileIdentity,
    removed_counts::RemovedCounts,
    segments::Folder,
    tally::{OpenEnd, Tally},
};
use crate::error::ErrorId;
use std::{collections::BTreeMap, io};

/// The tally of each file, so that only added lines are counted next time.
#[derive(Debug, Default)]
pub(super) struct TallyCache(BTreeMap<u64, CachedTally>);

#[derive(Debug)]
struct CachedTally {
    identity: FileIdentity,
    /// The byte up to which it was counted.
    position: u64,
    tally: Tally,
}

impl TallyCache {
    /// Returns the counts of removed files and of these files, which are not among them.
    pub(super) fn sum(
        &mut self,
        folder: &Folder,
        removed: &RemovedCounts,
        numbers: Vec<u64>,
    ) -> io::Result<DailyCounts> {
        self.0.retain(|number, _| numbers.contains(number));
        let (mut sum, mut open) = (removed.days.clone(), removed.open.clone());
        for number in numbers {
            let Some(tally) = self.tally(folder, number)? else {
                continue;
            };
            sum.merge(&tally.days);
            tally.update_open(&mut open);
        }
        // No line settled them yet: the process was killed, or settles them within a minute.
        open.values()
            .for_each(|pending| sum.add(pending.timestamp, &pending.code));
        Ok(sum)
    }

    /// Returns the line in a file of a record that may have another line elsewhere.
    pub(super) fn end(
        &mut self,
        folder: &Folder,
        number: u64,
        id: ErrorId,
    ) -> io::Result<Option<&OpenEnd>> {
        Ok(self
            .tally(folder, number)?
            .and_then(|tally| tally.ends.get(&id)))
    }

    /// Returns the tally of a file, brought up to date; `None` if there is no such file.
    fn tally(&mut self, folder: &Folder, number: u64) -> io::Result<Option<&Tally>> {
        let Some(identity) = FileIdentity::at(&folder.path_of(number)) else {
            return Ok(None);
        };
        let part = self
            .0
            .entry(number)
            .or_insert_with(|| CachedTally::new(identity));
        if part.identity != identity {
            // Another file took the name of a moved or deleted one.
            *part = CachedTally::new(identity);
        }
        part.position = part.tally.count_from(folder, number, part.position)?;
        Ok(Some(&part.tally))
    }
}

impl CachedTally {
    fn new(identity: FileIdentity) -> Self {
        Self {
            identity,
            position: 0,
            tally: Tally::default(),
        }
    }
}
