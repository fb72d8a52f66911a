//! Execution of async checks.

use super::{
    race::{First, first_of},
    result::CheckResult,
    runner::{QueuedRun, Runner, panicked},
    status::FailureCategory,
};
use crate::panics::{self, Payload};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

/// The future of one run of a check.
type CheckFuture = Pin<Box<dyn Future<Output = CheckResult> + Send>>;
/// Makes the future of a run.
pub(super) type MakeFuture = Arc<dyn Fn() -> CheckFuture + Send + Sync>;

/// One run of an async check.
#[derive(Clone)]
pub(super) struct AsyncRun {
    pub(super) runner: Arc<Runner>,
    pub(super) queued: QueuedRun,
    pub(super) make: MakeFuture,
}

impl AsyncRun {
    /// Starts the check where it can make progress and blocks nothing but itself.
    ///
    /// * With a multi-threaded runtime: on a thread of the pool, inside that runtime's context, so
    ///   that a check which blocks costs the runtime no worker.
    /// * With a current-thread runtime: as a task there; unless the caller blocks its thread, which
    ///   may be the one that drives that runtime.
    /// * Otherwise: on a thread of the pool, in a small runtime of its own.
    pub(super) fn start(self, home: Option<&Handle>) {
        let caller_blocks = self.queued.run.caller_blocks;
        let here = || Handle::try_current().ok().filter(|_| !caller_blocks);
        let home = home
            .cloned()
            .or_else(here)
            .or_else(|| self.runner.fallback_runtime());
        match home {
            None => self.start_alone(),
            Some(home) if is_shut_down(&home) => self.start_alone(),
            Some(home) if home.runtime_flavor() != RuntimeFlavor::CurrentThread => {
                self.start_on_pool(move |check| home.block_on(check.limited()));
            }
            Some(_) if caller_blocks => self.start_alone(),
            Some(home) => {
                let task = Task {
                    async_run: self,
                    is_polled: false,
                };
                drop(home.spawn(task.drive()));
            }
        }
    }

    fn start_alone(self) {
        self.start_on_pool(
            |check| match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let result = runtime.block_on(check.limited());
                    // Blocking work that the check has left behind is not awaited.
                    runtime.shutdown_background();
                    result
                }
                Err(err) => CheckResult::failed_by(
                    FailureCategory::Cancelled,
                    &format!("no runtime to run on: {err}"),
                ),
            },
        );
    }

    fn start_on_pool(self, run: impl FnOnce(Self) -> CheckResult + Send + 'static) {
        let (runner, queued) = (Arc::clone(&self.runner), self.queued.clone());
        runner.run_on_pool(&queued, move || run(self));
    }

    /// The check with its time limit, its panic contained, and ended early by a cancellation.
    async fn limited(self) -> CheckResult {
        let Self {
            runner,
            queued,
            make,
        } = self;
        let limit = queued.check.timeout(&runner.config());
        let check = tokio::time::timeout(limit, contained(async move { make().await }));
        match first_of(queued.run.cancelled(), check).await {
            First::Left(()) => CheckResult::program_ends(),
            First::Right(Ok(Ok(result))) => result,
            First::Right(Ok(Err(panic))) => panicked(&queued.check, &panic),
            First::Right(Err(_)) => CheckResult::timed_out(limit),
        }
    }
}

/// Returns `true` if a runtime has been shut down: it cancels what is spawned on it before that can
/// run.
fn is_shut_down(home: &Handle) -> bool {
    let task = pin!(home.spawn(async {}));
    let polled = task.poll(&mut Context::from_waker(Waker::noop()));
    matches!(polled, Poll::Ready(Err(_)))
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
struct Task {
    async_run: AsyncRun,
    is_polled: bool,
}

impl Task {
    async fn drive(mut self) {
        self.is_polled = true;
        let result = self.async_run.clone().limited().await;
        self.settle(result);
    }

    fn settle(&self, result: CheckResult) {
        let AsyncRun { runner, queued, .. } = &self.async_run;
        runner.settle(queued, result, true);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.is_polled {
            // The runtime is gone, but the check can still run elsewhere.
            self.async_run.clone().start_alone();
        } else if !self.async_run.queued.run.is_claimed() {
            let text = "cancelled while it ran, as by the shutdown of its runtime";
            self.settle(CheckResult::failed_by(FailureCategory::Cancelled, text));
        }
    }
}
