//! How async checks run, and how async callers wait.

use super::{
    result::CheckResult,
    run::Flight,
    runner::{Runner, of_panic, program_ends, timed_out},
    status::FailureCategory,
};
use crate::{
    panics::{self, Payload},
    time::Tick,
};
use futures::{
    FutureExt,
    future::{Either, select},
};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

/// A run of a check that has not begun.
type Run = Pin<Box<dyn Future<Output = CheckResult> + Send>>;
/// Begins runs of an async check.
pub(super) type Make = Arc<dyn Fn() -> Run + Send + Sync>;

/// Starts an async check where it can make progress and block nobody but itself.
///
/// * At home on a multi-threaded runtime: on a thread of the pool, inside that runtime's context,
///   so that a check which blocks costs the runtime no worker.
/// * At home on a current-thread runtime: as a task there; unless the caller blocks its thread,
///   which may be the one that drives that runtime.
/// * Otherwise: on a thread of the pool, in a small runtime of its own.
pub(crate) fn launch(
    runner: &Arc<Runner>,
    flight: &Arc<Flight>,
    make: &Make,
    home: Option<&Handle>,
    limit: Duration,
) {
    let here = if flight.caller_blocks {
        None
    } else {
        Handle::try_current().ok()
    };
    let home = home.cloned().or(here).or_else(|| runner.home());
    let run = limited(
        Arc::clone(runner),
        Arc::clone(flight),
        Arc::clone(make),
        limit,
    );
    match home {
        Some(home) if is_gone(&home) => launch_alone(runner, flight, make, limit),
        Some(home) if home.runtime_flavor() == RuntimeFlavor::CurrentThread => {
            if flight.caller_blocks {
                launch_alone(runner, flight, make, limit);
            } else {
                let task = Task {
                    runner: Arc::clone(runner),
                    flight: Arc::clone(flight),
                    make: Arc::clone(make),
                    limit,
                    polled: false,
                };
                drop(home.spawn(task.drive(run)));
            }
        }
        Some(home) => runner.launch_on_pool(flight, move || home.block_on(run)),
        None => launch_alone(runner, flight, make, limit),
    }
}

/// Tells whether a runtime has been shut down: it cancels what is spawned on it before that can
/// run.
fn is_gone(home: &Handle) -> bool {
    matches!(home.spawn(async {}).now_or_never(), Some(Err(_)))
}

fn launch_alone(runner: &Arc<Runner>, flight: &Arc<Flight>, make: &Make, limit: Duration) {
    let run = limited(
        Arc::clone(runner),
        Arc::clone(flight),
        Arc::clone(make),
        limit,
    );
    runner.launch_on_pool(flight, move || {
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let result = runtime.block_on(run);
                // Blocking work that the check left behind is not waited for.
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

/// The check with its time limit and its panic contained, ended early where the program is about to
/// end.
async fn limited(
    runner: Arc<Runner>,
    flight: Arc<Flight>,
    make: Make,
    limit: Duration,
) -> CheckResult {
    let check = pin!(tokio::time::timeout(
        limit,
        contained(async move { make().await })
    ));
    match select(pin!(runner.stop.called()), check).await {
        Either::Left(_) => program_ends(),
        Either::Right((Ok(Ok(result)), _)) => result,
        Either::Right((Ok(Err(panic)), _)) => of_panic(&flight.entry, &panic),
        Either::Right((Err(_), _)) => timed_out(limit),
    }
}

/// Ends a future that panics with its panic.
async fn contained<T>(future: impl Future<Output = T>) -> Result<T, Payload> {
    panics::watch();
    let mut future = pin!(future);
    poll_fn(|cx| match panics::catch(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// A check as a task of a runtime, which may shut down before or while it runs.
struct Task {
    runner: Arc<Runner>,
    flight: Arc<Flight>,
    make: Make,
    limit: Duration,
    polled: bool,
}

impl Task {
    async fn drive(mut self, run: impl Future<Output = CheckResult>) {
        self.polled = true;
        let result = run.await;
        self.runner.finish(&self.flight, result, true);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.polled {
            // Its runtime is gone: the check still can run elsewhere.
            launch_alone(&self.runner, &self.flight, &self.make, self.limit);
        } else if !self.flight.is_claimed() {
            let text = "cancelled while it ran, as by the shutdown of its runtime";
            let result = CheckResult::failed_by(FailureCategory::Cancelled, text);
            self.runner.finish(&self.flight, result, true);
        }
    }
}

/// Waits until the run is settled; `None` where `deadline` comes first.
///
/// # Cancel safety
///
/// The run goes on for the others who wait for it.
pub(crate) async fn wait(
    runner: &Arc<Runner>,
    flight: &Flight,
    deadline: Tick,
) -> Option<CheckResult> {
    loop {
        runner.reap();
        if let Some(result) = flight.outcome() {
            return Some(result);
        }
        let now = runner.clock.now();
        if now >= deadline {
            return None;
        }
        let until = runner
            .next_expiry()
            .map_or(deadline, |expiry| expiry.min(deadline));
        let timer = pin!(tokio::time::sleep(runner.patience(until.since(now))));
        match select(pin!(flight.done()), timer).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }
}
