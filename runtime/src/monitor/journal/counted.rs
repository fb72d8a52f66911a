//! What was counted of files that are still there.

use super::{counts::DayCounts, identity::Identity, roll_up::RollUp, segments::Folder};
use std::{collections::BTreeMap, io};

/// What was counted of each file, so that only what was added is counted next time.
#[derive(Debug, Default)]
pub(super) struct Counted(BTreeMap<u64, Part>);

#[derive(Debug)]
struct Part {
    identity: Identity,
    /// Up to which byte it was counted.
    position: u64,
    days: DayCounts,
}

impl Counted {
    /// The counts of the roll-up and of all files that are not in it.
    pub(super) fn sum(&mut self, folder: &Folder, roll_up: &RollUp) -> io::Result<DayCounts> {
        let numbers = folder.numbers(roll_up.through)?;
        self.0.retain(|number, _| numbers.contains(number));
        let mut sum = roll_up.days.clone();
        for number in numbers {
            let Some(identity) = Identity::at(&folder.path_of(number)) else { continue };
            let part = self.0.entry(number).or_insert_with(|| Part::of(identity));
            if part.identity != identity {
                // Another file took the name of one that was moved or deleted.
                *part = Part::of(identity);
            }
            part.position = folder.count_from(number, part.position, &mut part.days)?;
            sum.merge(&part.days);
        }
        Ok(sum)
    }
}

impl Part {
    fn of(identity: Identity) -> Self {
        Self { identity, position: 0, days: DayCounts::default() }
    }
}
