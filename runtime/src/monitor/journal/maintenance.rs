//! The thread that looks after a journal.

use crate::event::names;
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

/// What the thread looks after.
pub(super) trait Maintained: Send + Sync + 'static {
    /// Writes what waits and removes what is old. What goes wrong is told by the status, and tried
    /// again next time.
    fn run_maintenance(&self);

    fn wake(&self) -> &Wake;
}

/// Wakes the thread before its second is over.
#[derive(Debug, Default)]
pub(super) struct Wake {
    flags: Mutex<Flags>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// There is something to do at once.
    due: bool,
    /// The journal is gone.
    over: bool,
}

const TICK: Duration = Duration::from_secs(1);

impl Wake {
    /// Lets the thread look after the journal at once.
    pub(super) fn now(&self) {
        self.set(|flags| flags.due = true);
    }

    /// Lets the thread end.
    pub(super) fn end(&self) {
        self.set(|flags| flags.over = true);
    }

    fn set(&self, change: impl FnOnce(&mut Flags)) {
        change(&mut self.flags.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits for a second, or until there is something to do; tells whether to go on.
    fn wait(&self) -> bool {
        let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(flags, TICK, |flags| !flags.due && !flags.over);
        let (mut flags, _) = waited.unwrap_or_else(PoisonError::into_inner);
        flags.due = false;
        !flags.over
    }
}

/// Starts the thread. Without it (a process that may have no more threads) records that wait are
/// written with the next urgent one.
pub(super) fn start<J: Maintained>(journal: &Arc<J>) {
    let journal = Arc::downgrade(journal);
    let keep = move || {
        while let Some(journal) = Weak::upgrade(&journal) {
            if !journal.wake().wait() {
                return;
            }
            journal.run_maintenance();
        }
    };
    let started = thread::Builder::new()
        .name("gardefou-journal".into())
        .spawn(keep);
    if let Err(err) = started {
        tracing::warn!(target: names::TARGET_JOURNAL, error = %err, "journal: no thread; old records stay");
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
    fn the_thread_keeps_when_woken_and_ends_with_the_journal() {
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
            // The sender goes with the thread's own hold of the journal.
            match rung.recv_timeout(Duration::from_secs(60)) {
                Ok(()) => {}
                Err(end) => return assert_eq!(end, RecvTimeoutError::Disconnected),
            }
        }
    }
}
