//! The status of the journal, which may be code of the program that hangs.

use crate::{
    foreign::{ForeignReader, LastKnown},
    monitor::journal::{Journal, JournalStatus},
    sync::global::Mutex,
};
use std::{
    ptr,
    sync::{Arc, Weak},
    time::Duration,
};

/// Reads the status of the present journal. Of another journal than before, nothing is known yet.
#[derive(Debug, Default)]
pub(super) struct JournalReader(Mutex<Option<OfJournal>>);

#[derive(Debug)]
struct OfJournal {
    journal: Weak<dyn Journal>,
    reader: ForeignReader<JournalStatus>,
}

impl JournalReader {
    /// Reads the status, for which it waits at most `patience`.
    pub(super) fn read(
        &self,
        journal: &Arc<dyn Journal>,
        patience: Duration,
    ) -> LastKnown<JournalStatus> {
        let reader = self.reader_of(journal);
        let journal = Arc::clone(journal);
        reader.read(patience, move || journal.status())
    }

    fn reader_of(&self, journal: &Arc<dyn Journal>) -> ForeignReader<JournalStatus> {
        let mut last = self.0.lock();
        // The weak reference keeps the address from being that of another journal.
        let known = last
            .as_ref()
            .filter(|of| ptr::addr_eq(of.journal.as_ptr(), Arc::as_ptr(journal)));
        if let Some(OfJournal { reader, .. }) = known {
            return reader.clone();
        }
        let reader = ForeignReader::default();
        *last = Some(OfJournal {
            journal: Arc::downgrade(journal),
            reader: reader.clone(),
        });
        reader
    }
}
