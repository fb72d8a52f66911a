//! The background threads: a timer, and one for each channel, which delivers.
//!
//! They end when alerting is stopped, or at once when it is gone.

use super::{dispatcher::Dispatcher, outbox::Turn, queue::Deliverer};
use crate::{error::redact, scope::Captured, time::Tick};
use std::{
    io,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

/// The longest that a thread waits before it checks again.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The next step of a thread after a turn.
enum Flow {
    Again,
    /// Waits for a change, at most until that tick.
    Wait(Option<Tick>),
    End,
}

/// Starts all threads.
pub(super) fn start(dispatcher: &Arc<Dispatcher>) {
    let timer = spawn(dispatcher, "gardefou-alerts", |dispatcher| {
        Flow::Wait(tick(dispatcher).0)
    });
    if let Err(error) = timer {
        for outbox in &dispatcher.outboxes {
            outbox.record_missing_thread(&error);
        }
    }
    (0..dispatcher.outboxes.len()).for_each(|channel| start_channel(dispatcher, channel));
}

/// Does what the passing of time makes due, with a new thread for each channel whose own hangs.
/// Returns when something is due next, and whether anything was now.
pub(super) fn tick(dispatcher: &Arc<Dispatcher>) -> (Option<Tick>, bool) {
    let orphans = dispatcher.watch();
    if dispatcher.config.background && !dispatcher.closing.load(Ordering::Relaxed) {
        orphans
            .into_iter()
            .for_each(|channel| start_channel(dispatcher, channel));
    }
    dispatcher.tick()
}

/// Starts a thread that delivers on one channel.
fn start_channel(dispatcher: &Arc<Dispatcher>, channel: usize) {
    let outbox = &dispatcher.outboxes[channel];
    let name = format!("gardefou-alert-{}", redact::name(outbox.name()));
    let started = spawn(dispatcher, &name, move |dispatcher| {
        match dispatcher.step(channel, Deliverer::Worker) {
            Turn::Replaced => Flow::End,
            Turn::Done => Flow::Again,
            Turn::Wait(until) => Flow::Wait(until),
        }
    });
    if let Err(error) = started {
        outbox.record_missing_thread(&error);
    }
}

fn spawn(
    dispatcher: &Arc<Dispatcher>,
    name: &str,
    work: impl Fn(&Arc<Dispatcher>) -> Flow + Send + 'static,
) -> io::Result<()> {
    let dispatcher = Arc::clone(dispatcher);
    // A NUL in a name is refused by the system.
    let name = name.replace('\0', " ");
    let scope = Captured::current();
    let spawned = thread::Builder::new().name(name).spawn(move || {
        let _entered = scope.enter();
        while !dispatcher.closing.load(Ordering::Relaxed) {
            let seen = dispatcher.signal.changes();
            let until = match work(&dispatcher) {
                Flow::Again => continue,
                Flow::Wait(until) => until,
                Flow::End => return,
            };
            let now = dispatcher.clock().now();
            let wait = until
                .map_or(MAX_WAIT, |until| until.since(now))
                .min(MAX_WAIT);
            let wait = wait.max(Duration::from_millis(1));
            dispatcher.signal.wait_beyond(seen, wait);
        }
    });
    spawned.map(drop)
}
