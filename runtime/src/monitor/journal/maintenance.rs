//! The maintenance thread of a journal.

use crate::event::names;
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

/// A journal with a maintenance thread.
pub(super) trait Maintained: Send + Sync + 'static {
    /// Writes waiting records and removes old ones. The status shows failures; the next round tries
    /// again.
    fn run_maintenance(&self);

    fn wake(&self) -> &Wake;
}

/// Wakes the thread before its interval is over.
#[derive(Debug, Default)]
pub(super) struct Wake {
    flags: Mutex<Flags>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// A round is due at once.
    due: bool,
    /// The journal was dropped.
    over: bool,
}

const INTERVAL: Duration = Duration::from_secs(1);

impl Wake {
    /// Starts the next round at once.
    pub(super) fn now(&self) {
        self.set(|flags| flags.due = true);
    }

    /// Ends the thread.
    pub(super) fn end(&self) {
        self.set(|flags| flags.over = true);
    }

    fn set(&self, change: impl FnOnce(&mut Flags)) {
        change(&mut self.flags.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits for the next round; returns `false` if the journal was dropped.
    fn wait(&self) -> bool {
        let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(flags, INTERVAL, |flags| !flags.due && !flags.over);
        let (mut flags, _) = waited.unwrap_or_else(PoisonError::into_inner);
        flags.due = false;
        !flags.over
    }
}

/// Starts the thread. If it cannot be spawned, waiting records are written with the next urgent
/// one.
pub(super) fn start<J: Maintained>(journal: &Arc<J>) {
    let journal = Arc::downgrade(journal);
    let run = move || {
        while let Some(journal) = Weak::upgrade(&journal) {
            if !journal.wake().wait() {
                return;
            }
            journal.run_maintenance();
        }
    };
    let started = thread::Builder::new()
        .name("gardefou-journal".into())
        .spawn(run);
    if let Err(err) = started {
        tracing::warn!(target: names::TARGET_JOURNAL, error = %err, "failed to spawn the maintenance thread of the journal; old records are not removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

    #[derive(Debug)]
    struct Bell(Wake, Sender<()>);

    impl Maintained for Bell {
        fn run_maintenance(&self) {
            let _ = self.1.send(());
        }

        fn wake(&self) -> &Wake {
            &self.0
        }
    }

    #[test]
    fn thread_runs_when_woken_and_ends_with_the_journal() {
        let (sender, rung): (_, Receiver<()>) = channel();
        let bell = Arc::new(Bell(Wake::default(), sender));
        start(&bell);
        for _ in 0..3 {
            bell.0.now();
            assert_eq!(rung.recv_timeout(Duration::from_secs(60)), Ok(()));
        }
        bell.0.end();
        drop(bell);
        loop {
            // The sender is dropped with the thread's reference to the journal.
            match rung.recv_timeout(Duration::from_secs(60)) {
                Ok(()) => {}
                Err(end) => return assert_eq!(end, RecvTimeoutError::Disconnected),
            }
        }
    }
}
