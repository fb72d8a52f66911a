//! The feed: one sampler for all viewers, and what they get.

use super::viewer::Viewer;
use crate::{
    builder::Settings,
    collect::{Collector, PATIENCE},
    dashboard::Observed,
    sample::{Sample, SampleId},
};
use gardefou::time::SharedClock;
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify, Semaphore, broadcast, watch};

/// Takes samples while there are viewers, and sends them what has changed.
///
/// A task takes a sample every interval, and earlier after a change of a state; it ends with the last
/// viewer. Requests for a snapshot take a sample of their own, or share the one that begins while they
/// wait.
pub(crate) struct Feed {
    observed: Arc<Observed>,
    interval: Duration,
    max_viewers: usize,
    clock: SharedClock,
    /// Notified when a state changes.
    wake: Arc<Notify>,
    /// The free places of viewers.
    places: Arc<Semaphore>,
    /// The places of requests that read files.
    pub(super) readers: Arc<Semaphore>,
    state: Mutex<State>,
    /// Whether there is a task that takes samples. Changed to `true` under the lock of the state.
    is_ticking: Arc<AtomicBool>,
    /// How many samples were begun. Changed under the lock of the state; a request reads it before it
    /// waits for that lock, so that it takes no sample that is older than itself.
    begun: AtomicU64,
    updates: broadcast::Sender<Update>,
    closed: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    collector: Collector,
    /// The last samples, the newest last: what viewers may have when they connect.
    recent: VecDeque<Arc<Sample>>,
}

/// What differs between two samples, as text.
#[derive(Clone, Debug)]
pub(super) struct Update {
    /// Of the later sample.
    pub(super) id: SampleId,
    pub(super) text: Arc<str>,
}

/// A task that takes samples; dropped where the task ends, also with its runtime.
struct Ticking(Arc<AtomicBool>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The sampler failed: code of the program that it called has panicked.
#[derive(Debug)]
pub(super) struct Failed;

impl Feed {
    pub(crate) fn new(observed: Arc<Observed>, settings: &Settings, wake: Arc<Notify>) -> Self {
        Self {
            observed,
            interval: settings.interval,
            max_viewers: settings.max_viewers,
            clock: SharedClock::default(),
            wake,
            places: Arc::new(Semaphore::new(settings.max_viewers)),
            readers: Arc::new(Semaphore::new(MOST_READERS)),
            state: Mutex::default(),
            is_ticking: Arc::default(),
            begun: AtomicU64::new(0),
            updates: broadcast::channel(MOST_BEHIND).0,
            closed: watch::channel(false).0,
        }
    }

    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(crate) fn viewers(&self) -> usize {
        self.max_viewers
            .saturating_sub(self.places.available_permits())
    }

    /// Runs a function that reads, and may wait for files, off the threads of the tasks; in the test
    /// scope of the dashboard.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Observed) -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let observed = Arc::clone(&self.observed);
        let reading = tokio::task::spawn_blocking(move || observed.context.run(|| read(&observed)));
        reading.await.map_err(|_| Failed)
    }

    /// Returns a sample that was begun after this call, as text.
    pub(super) async fn snapshot(&self) -> Result<String, Failed> {
        let sample = self.sample().await?;
        self.read(move |_| sample.to_text()).await
    }

    /// Returns a sample that was begun after this call.
    pub(super) async fn sample(&self) -> Result<Arc<Sample>, Failed> {
        let begun = self.begun.load(Ordering::Relaxed);
        let mut state = self.state.lock().await;
        let shared = state
            .recent
            .back()
            .cloned()
            .filter(|_| self.begun.load(Ordering::Relaxed) > begun);
        match shared {
            Some(sample) => Ok(sample),
            None => self.take_locked(&mut state).await,
        }
    }

    /// Adds a viewer that has the sample `after`; `None` where there is no place for one.
    ///
    /// # Errors
    ///
    /// A sampler that fails.
    pub(super) async fn join(
        self: &Arc<Self>,
        after: Option<SampleId>,
    ) -> Result<Option<Viewer>, Failed> {
        let mut closed = self.closed.subscribe();
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Ok(None);
        };
        if *closed.borrow_and_update() {
            return Ok(None);
        }
        let (first, updates) = self.first(after).await?;
        let end = self.clock.clone();
        Ok(Some(Viewer::new(
            Arc::clone(self),
            place,
            first,
            updates,
            closed,
            Box::pin(async move { end.sleep_async(LONGEST_VISIT).await }),
        )))
    }

    /// Returns a whole sample, or what differs from the sample `after` where it is known still,
    /// and the updates that follow without a gap.
    pub(super) async fn first(
        self: &Arc<Self>,
        after: Option<SampleId>,
    ) -> Result<(Update, broadcast::Receiver<Update>), Failed> {
        let mut state = self.state.lock().await;
        let known = state.recent.iter().find(|it| Some(it.id) == after);
        let known = known.cloned();
        let sample = self.take_locked(&mut state).await?;
        // Under the lock: the next sample is sent to this receiver too.
        let updates = self.updates.subscribe();
        if !self.is_ticking.swap(true, Ordering::AcqRel) {
            let ticking = Ticking(Arc::clone(&self.is_ticking));
            tokio::spawn(tick(Arc::clone(self), ticking));
        }
        drop(state);
        let update = self.read(move |_| Update::new(&sample, known.as_deref()));
        Ok((update.await?, updates))
    }

    /// Takes a sample, and sends every viewer what differs from the one before.
    async fn take_locked(&self, state: &mut State) -> Result<Arc<Sample>, Failed> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        // A request that is dropped meanwhile, or a panic, takes both along.
        let mut collector = std::mem::take(&mut state.collector);
        // Without them, viewers get the whole next time: nothing is known of what they have.
        let mut recent = std::mem::take(&mut state.recent);
        let last = recent.back().cloned();
        let is_watched = self.updates.receiver_count() > 0;
        let taken = self.read(move |observed| {
            let sample = collector.collect(observed, PATIENCE);
            let update = is_watched.then(|| Update::new(&sample, last.as_deref()));
            (collector, sample, update)
        });
        let (collector, sample, update) = taken.await?;
        state.collector = collector;
        if recent.len() >= MOST_RECENT {
            recent.pop_front();
        }
        recent.push_back(Arc::clone(&sample));
        state.recent = recent;
        if let Some(update) = update {
            // An error is the lack of viewers.
            let _ = self.updates.send(update);
        }
        Ok(sample)
    }
}

impl Update {
    fn new(sample: &Sample, known: Option<&Sample>) -> Self {
        let text = match known {
            Some(known) => sample.since(known).to_string(),
            None => sample.to_text(),
        };
        Self {
            id: sample.id,
            text: text.into(),
        }
    }
}

/// Takes samples until the last viewer is gone.
async fn tick(feed: Arc<Feed>, ticking: Ticking) {
    loop {
        let rest = feed.interval.saturating_sub(SHORTEST_INTERVAL);
        feed.clock.sleep_async(SHORTEST_INTERVAL).await;
        tokio::select! {
            () = feed.wake.notified() => {}
            () = feed.clock.sleep_async(rest) => {}
        }
        let mut state = feed.state.lock().await;
        // Viewers begin to watch under the lock.
        if feed.updates.receiver_count() == 0 {
            drop(ticking);
            return;
        }
        // A failure is tried again; a request for a snapshot shows it.
        let _ = feed.take_locked(&mut state).await;
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("viewers", &self.viewers())
            .finish_non_exhaustive()
    }
}

/// The time between two samples where states change.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(200);

/// After this time a page connects again, which brings its request before the guard again.
const LONGEST_VISIT: Duration = Duration::from_secs(15 * 60);

/// How many updates a slow viewer may be behind; then it gets a whole sample.
const MOST_BEHIND: usize = 8;

/// How many samples are kept for pages that are about to connect.
const MOST_RECENT: usize = 3;

/// How many requests may read files at the same time.
const MOST_READERS: usize = 2;
