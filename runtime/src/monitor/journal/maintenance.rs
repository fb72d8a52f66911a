//! The maintenance thread of a journal.

use crate::{
    event::names,
    worker::{self, Next, Wakeup},
};
use std::{
    mem,
    sync::{Arc, Weak},
    time::Duration,
};

/// A journal with a maintenance thread.
pub(super) trait Maintained: Send + Sync + 'static {
    /// Writes waiting records and removes old ones. The status shows failures; the next round tries
    /// again.
    fn run_maintenance(&self);

    fn wakeup(&self) -> &Arc<Wakeup>;
}

const INTERVAL: Duration = Duration::from_secs(1);

/// Starts the thread. If it cannot be spawned, waiting records are written with the next urgent
/// one.
pub(super) fn start<J: Maintained>(journal: &Arc<J>) {
    let ours = Arc::downgrade(journal);
    let mut is_first = true;
    let started = worker::spawn("gardefou-journal", journal.wakeup(), move || {
        if !mem::take(&mut is_first) {
            let Some(journal) = Weak::upgrade(&ours) else {
                return Next::End;
            };
            journal.run_maintenance();
        }
        Next::Wait(INTERVAL)
    });
    if let Err(err) = started {
        tracing::warn!(target: names::TARGET_JOURNAL, error = %err, "failed to spawn the maintenance thread of the journal; old records are not removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

    #[derive(Debug)]
    struct Bell(Arc<Wakeup>, Sender<()>);

    impl Maintained for Bell {
        fn run_maintenance(&self) {
            let _ = self.1.send(());
        }

        fn wakeup(&self) -> &Arc<Wakeup> {
            &self.0
        }
    }

    #[test]
    fn thread_runs_when_woken_and_ends_with_the_journal() {
        let (sender, rung): (_, Receiver<()>) = channel();
        let bell = Arc::new(Bell(Arc::default(), sender));
        start(&bell);
        for _ in 0..3 {
            bell.0.notify();
            assert_eq!(rung.recv_timeout(Duration::from_secs(60)), Ok(()));
        }
        bell.0.stop();
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
