//! The background threads: a timer, and one for each channel, which delivers.
//!
//! They end when alerting is stopped, or at once when it is gone.

use super::{dispatcher::Dispatcher, outbox::Turn, queue::Deliverer};
use crate::{
    error::redact,
    scope::Captured,
    time::Tick,
    worker::{self, Next},
};
use std::{
    io,
    sync::{Arc, atomic::Ordering},
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
    if dispatcher.config.get().background && !dispatcher.closing.load(Ordering::Relaxed) {
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
    let scope = Captured::current();
    let ours = Arc::clone(dispatcher);
    worker::spawn(name, &dispatcher.signal, move || {
        let _entered = scope.enter();
        if ours.closing.load(Ordering::Relaxed) {
            return Next::End;
        }
        match work(&ours) {
            Flow::Again => Next::Turn,
            Flow::Wait(until) => {
                let wait = until.map_or(MAX_WAIT, |until| until.since(ours.clock().now()));
                Next::Wait(wait.clamp(Duration::from_millis(1), MAX_WAIT))
            }
            Flow::End => Next::End,
        }
    })
}
