//! The maintenance thread of a journal.

use crate::{
    event::names,
    panics,
    worker::{self, Next, Wakeup},
};
use std::{
    mem,
    sync::{Arc, Weak},
    time::Duration,
};

/// The maintenance thread of a journal: it takes a turn every second, and whenever it is woken.
///
/// # Examples
///
/// ```
/// use gardefou::monitor::journal::support::Maintenance;
/// use std::sync::{Arc, mpsc};
///
/// let (sender, turns) = mpsc::channel();
/// let journal = Arc::new("a journal");
/// let maintenance = Maintenance::default();
/// maintenance.start(&journal, move |journal| sender.send(*journal).unwrap());
/// maintenance.wake();
/// assert_eq!(turns.recv(), Ok("a journal"));
///
/// // The thread ends with the journal.
/// drop(journal);
/// maintenance.wake();
/// while turns.recv().is_ok() {}
/// ```
#[derive(Debug, Default)]
pub struct Maintenance(Arc<Wakeup>);

const INTERVAL: Duration = Duration::from_secs(1);

impl Maintenance {
    /// Starts the thread. It keeps no journal alive: it ends with the last reference to the
    /// journal, or when it is [stopped](Self::stop).
    ///
    /// If the system gives no thread, that is logged as a warning.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::monitor::journal::support::Maintenance;
    /// # use std::sync::{Arc, mpsc};
    /// let (sender, turns) = mpsc::channel();
    /// let (journal, maintenance) = (Arc::new(7), Maintenance::default());
    /// maintenance.start(&journal, move |journal| sender.send(*journal).unwrap());
    /// assert_eq!(turns.recv(), Ok(7), "after a second at most");
    /// ```
    pub fn start<J: Send + Sync + 'static>(
        &self,
        journal: &Arc<J>,
        maintain: impl Fn(&J) + Send + 'static,
    ) {
        let journal = Arc::downgrade(journal);
        let mut is_first = true;
        let started = worker::spawn("gardefou-journal", &self.0, move || {
            if !mem::take(&mut is_first) {
                let Some(journal) = Weak::upgrade(&journal) else {
                    return Next::End;
                };
                // One turn, for example because a log subscriber panics, is not the last one.
                let _ = panics::catch(|| maintain(&journal));
            }
            Next::Wait(INTERVAL)
        });
        if let Err(err) = started {
            tracing::warn!(target: names::TARGET_JOURNAL, error = %err, "failed to spawn the maintenance thread of the journal; old records are not removed");
        }
    }

    /// Wakes the thread, for a turn before the next second. Does nothing without a thread.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::monitor::journal::support::Maintenance;
    /// # use std::sync::{Arc, mpsc};
    /// let (sender, turns) = mpsc::channel();
    /// let (journal, maintenance) = (Arc::new(7), Maintenance::default());
    /// maintenance.start(&journal, move |journal| sender.send(*journal).unwrap());
    /// maintenance.wake();
    /// assert_eq!(turns.recv(), Ok(7), "at once");
    /// ```
    pub fn wake(&self) {
        self.0.notify();
    }

    /// Ends the thread after the turn that it is in.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::monitor::journal::support::Maintenance;
    /// # use std::sync::{Arc, mpsc};
    /// let (sender, turns) = mpsc::channel();
    /// let (journal, maintenance) = (Arc::new(7), Maintenance::default());
    /// maintenance.start(&journal, move |journal| sender.send(*journal).unwrap());
    /// maintenance.stop();
    /// while turns.recv().is_ok() {}
    /// assert_eq!(Arc::strong_count(&journal), 1, "the thread has ended");
    /// ```
    pub fn stop(&self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{RecvTimeoutError, channel};

    #[test]
    fn thread_runs_when_woken_and_ends_with_the_journal() {
        let (sender, turns) = channel();
        let journal = Arc::new(sender);
        let maintenance = Maintenance::default();
        maintenance.start(&journal, |sender| {
            let _ = sender.send(());
        });
        for _ in 0..3 {
            maintenance.wake();
            assert_eq!(turns.recv_timeout(Duration::from_secs(60)), Ok(()));
        }
        maintenance.stop();
        drop(journal);
        loop {
            // The sender is dropped with the thread's reference to the journal.
            match turns.recv_timeout(Duration::from_secs(60)) {
                Ok(()) => {}
                Err(end) => return assert_eq!(end, RecvTimeoutError::Disconnected),
            }
        }
    }
}
