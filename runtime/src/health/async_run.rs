//! Execution of async checks, and their cancellation.

use super::{result::CheckResult, run::CheckRun, status::FailureCategory};
use crate::{
    panics::{self, Payload},
    sync::Mutex,
};
use futures::{
    FutureExt,
    future::{Either, select},
};
use std::{
    collections::HashMap,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

/// The future of one run of a check.
type CheckFuture = Pin<Box<dyn Future<Output = CheckResult> + Send>>;
/// Makes the future of a run.
pub(super) type MakeFuture = Arc<dyn Fn() -> CheckFuture + Send + Sync>;

/// What an async run needs of the runner that it belongs to.
pub(super) trait RunHost: Send + Sync + 'static {
    fn run(&self) -> &CheckRun;
    fn cancellation(&self) -> &Cancellation;
    /// Returns the runtime for checks that have no other.
    fn fallback_runtime(&self) -> Option<Handle>;
    /// Runs a job on a thread of the pool and settles the run with its result.
    fn run_on_pool(&self, job: impl FnOnce() -> CheckResult + Send + 'static);
    /// Settles the run with the result that the check returned.
    fn settle(&self, result: CheckResult);
    /// Reports the panic of the check and returns the result of the run.
    fn panicked(&self, panic: &Payload) -> CheckResult;
}

/// One run of an async check.
pub(super) struct AsyncRun<H> {
    pub(super) host: Arc<H>,
    pub(super) make: MakeFuture,
    pub(super) limit: Duration,
}

impl<H> Clone for AsyncRun<H> {
    fn clone(&self) -> Self {
        Self {
            host: Arc::clone(&self.host),
            make: Arc::clone(&self.make),
            limit: self.limit,
        }
    }
}

impl<H: RunHost> AsyncRun<H> {
    /// Starts the check where it can make progress and blocks nothing but itself.
    ///
    /// * With a multi-threaded runtime: on a thread of the pool, inside that runtime's context, so
    ///   that a check which blocks costs the runtime no worker.
    /// * With a current-thread runtime: as a task there; unless the caller blocks its thread, which
    ///   may be the one that drives that runtime.
    /// * Otherwise: on a thread of the pool, in a small runtime of its own.
    pub(super) fn start(self, home: Option<&Handle>) {
        let here = || Handle::try_current().ok();
        let home = home
            .cloned()
            .or_else(|| here().filter(|_| !self.host.run().caller_blocks))
            .or_else(|| self.host.fallback_runtime());
        match home {
            Some(home) if is_shut_down(&home) => self.start_alone(),
            Some(home) if home.runtime_flavor() == RuntimeFlavor::CurrentThread => {
                if self.host.run().caller_blocks {
                    self.start_alone();
                } else {
                    let future = self.clone().limited();
                    let task = Task {
                        async_run: self,
                        is_polled: false,
                    };
                    drop(home.spawn(task.drive(future)));
                }
            }
            Some(home) => {
                let future = self.clone().limited();
                self.host.run_on_pool(move || home.block_on(future));
            }
            None => self.start_alone(),
        }
    }

    fn start_alone(self) {
        let host = Arc::clone(&self.host);
        host.run_on_pool(move || {
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let result = runtime.block_on(self.limited());
                    // Blocking work that the check has left behind is not awaited.
                    runtime.shutdown_background();
                    result
                }
                Err(err) => CheckResult::failed_by(
                    FailureCategory::Cancelled,
                    &format!("no runtime to run on: {err}"),
                ),
            }
        });
    }

    /// The check with its time limit, its panic contained, and ended early by a cancellation.
    async fn limited(self) -> CheckResult {
        let Self { host, make, limit } = self;
        let check = pin!(tokio::time::timeout(
            limit,
            contained(async move { make().await })
        ));
        match select(pin!(host.cancellation().cancelled()), check).await {
            Either::Left(_) => CheckResult::program_ends(),
            Either::Right((Ok(Ok(result)), _)) => result,
            Either::Right((Ok(Err(panic)), _)) => host.panicked(&panic),
            Either::Right((Err(_), _)) => CheckResult::timed_out(limit),
        }
    }
}

/// Returns `true` if a runtime has been shut down: it cancels what is spawned on it before that can
/// run.
fn is_shut_down(home: &Handle) -> bool {
    matches!(home.spawn(async {}).now_or_never(), Some(Err(_)))
}

/// Catches the panic of a future.
async fn contained<T>(future: impl Future<Output = T>) -> Result<T, Payload> {
    panics::watch();
    let mut future = pin!(future);
    poll_fn(|cx| match panics::catch(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// A run as a task of a runtime, which may be shut down before or during the run.
struct Task<H: RunHost> {
    async_run: AsyncRun<H>,
    is_polled: bool,
}

impl<H: RunHost> Task<H> {
    async fn drive(mut self, check: impl Future<Output = CheckResult>) {
        self.is_polled = true;
        let result = check.await;
        self.async_run.host.settle(result);
    }
}

impl<H: RunHost> Drop for Task<H> {
    fn drop(&mut self) {
        if !self.is_polled {
            // The runtime is gone, but the check can still run elsewhere.
            self.async_run.clone().start_alone();
        } else if !self.async_run.host.run().is_claimed() {
            let text = "cancelled while it ran, as by the shutdown of its runtime";
            let result = CheckResult::failed_by(FailureCategory::Cancelled, text);
            self.async_run.host.settle(result);
        }
    }
}

/// Cancels the async runs in progress, so that they leave their runtime before it is gone: a timer
/// of a runtime that has been shut down panics.
#[derive(Default)]
pub(crate) struct Cancellation {
    /// How often runs were cancelled.
    count: AtomicU64,
    next_run: AtomicU64,
    wakers: Mutex<HashMap<u64, Waker>>,
}

impl Cancellation {
    /// Cancels the runs in progress; later ones are not affected.
    pub(crate) fn cancel_all(&self) {
        // Relaxed here and below: the lock orders this before the poll of each run whose waker is
        // not in the map.
        self.count.fetch_add(1, Ordering::Relaxed);
        let wakers = std::mem::take(&mut *self.wakers.lock());
        wakers.into_values().for_each(Waker::wake);
    }

    /// Resolves when the runs in progress are cancelled.
    fn cancelled(&self) -> Cancelled<'_> {
        let run = self.next_run.fetch_add(1, Ordering::Relaxed);
        Cancelled {
            cancellation: self,
            run,
            count_before: self.count.load(Ordering::Relaxed),
        }
    }
}

/// Future of [`Cancellation::cancelled`].
struct Cancelled<'a> {
    cancellation: &'a Cancellation,
    run: u64,
    count_before: u64,
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let before = self
            .cancellation
            .wakers
            .lock()
            .insert(self.run, context.waker().clone());
        drop(before);
        if self.cancellation.count.load(Ordering::Relaxed) == self.count_before {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        let waker = self.cancellation.wakers.lock().remove(&self.run);
        drop(waker);
    }
}
