//! The small pool of threads on which sync checks run.

use crate::scope::Captured;
use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that come when there is work and go when there is none.
///
/// How many run at once is for the scheduler to bound: a thread whose check hangs is lost to the pool, and the next
/// job gets another one. Jobs do not panic.
#[derive(Default)]
pub(crate) struct Pool(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Threads that wait for work.
    idle: usize,
}

/// How long a thread without work stays.
const LINGER: Duration = Duration::from_secs(10);

impl Pool {
    /// Runs a job on a thread of the pool, in the test scope of the caller.
    ///
    /// # Errors
    ///
    /// Where the system gives no further thread; the job is dropped then.
    pub(crate) fn execute(&self, job: Job) -> io::Result<()> {
        let scope = Captured::current();
        let job: Job = Box::new(move || {
            let _entered = scope.enter();
            job();
        });
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.idle > state.jobs.len() {
            state.jobs.push_back(job);
            self.0.work.notify_one();
            return Ok(());
        }
        drop(state);
        let shared = Arc::clone(&self.0);
        let builder = thread::Builder::new().name("gardefou-check".into());
        builder.spawn(move || shared.work(job)).map(drop)
    }
}

impl Shared {
    fn work(&self, first: Job) {
        first();
        while let Some(job) = self.next() {
            job();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle += 1;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.idle -= 1;
                return Some(job);
            }
            let waited = self.work.wait_timeout(state, LINGER).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            if waited.1.timed_out() && state.jobs.is_empty() {
                state.idle -= 1;
                return None;
            }
        }
    }
}
