//! Thread pool for blocking checks.

use crate::sync::global::{Condvar, Mutex};
use crate::{fork::PerProcess, scope::Captured, worker};
use std::{collections::VecDeque, io, sync::Arc, time::Duration};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that are started when there is work and end after a while without.
///
/// The runner bounds how many jobs run at once: a thread whose check hangs is lost to the pool, and
/// the next job gets another one. Jobs must not panic.
#[derive(Default)]
pub(crate) struct Pool(PerProcess<Arc<Workers>>);

#[derive(Default)]
struct Workers {
    state: Mutex<PoolState>,
    work: Condvar,
}

#[derive(Default)]
struct PoolState {
    jobs: VecDeque<Job>,
    /// How many threads wait for work.
    idle: usize,
}

/// How long an idle thread lives.
const LINGER: Duration = Duration::from_secs(10);

impl Pool {
    /// Runs a job on a thread of the pool, in the test scope of the caller.
    ///
    /// # Errors
    ///
    /// Returns an error if the system gives no further thread; the job is dropped then.
    pub(crate) fn execute(&self, job: Job) -> io::Result<()> {
        let scope = Captured::current();
        let job: Job = Box::new(move || {
            let _entered = scope.enter();
            job();
        });
        // The idle threads that a forked process inherits are its parent's.
        let pool = self.0.get(|_| Arc::default());
        let mut state = pool.state.lock();
        if state.idle > state.jobs.len() {
            state.jobs.push_back(job);
            pool.work.notify_one();
            return Ok(());
        }
        drop(state);
        let workers = Arc::clone(pool);
        worker::start("gardefou-check", Box::new(move || workers.work(job)))
    }
}

impl Workers {
    fn work(&self, first: Job) {
        first();
        while let Some(job) = self.next() {
            job();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        state.idle += 1;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.idle -= 1;
                return Some(job);
            }
            let is_over;
            (state, is_over) = self.work.wait_timeout(state, LINGER);
            if is_over && state.jobs.is_empty() {
                state.idle -= 1;
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Simulated by a value with the process id of a parent.
    #[test]
    fn forked_process_does_not_wait_for_the_threads_of_its_parent() {
        let inherited = Arc::new(Workers::default());
        inherited.state.lock().idle = 1;
        let pool = Pool(PerProcess::inherited(Arc::clone(&inherited)));
        let (sender, ran) = mpsc::channel();
        pool.execute(Box::new(move || sender.send(()).unwrap()))
            .unwrap();
        assert_eq!(ran.recv_timeout(Duration::from_secs(60)), Ok(()));
        assert!(inherited.state.lock().jobs.is_empty());
    }
}
