//! Handle of a fleet, and its two threads: one looks at the breakers, the other one waits for the store.

use super::{
    builder::FleetBuilder,
    driver::{Batch, Driver},
    link::FleetLink,
    operation::Reply,
    status::FleetStatus,
    store::{Store, StoreError, Update, Updates},
};
use crate::{
    breaker::{CircuitBreaker, Joiner, Shell, take_all_in},
    error::ConfigError,
    panics,
    rate_limit::{LimiterInner, LimiterJoiner, RateLimiter, take_all_limiters_in},
    scope,
    sync::global::Mutex,
    worker::{self, Next, Wakeup},
};
use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The fleet of a process: connects shared breakers with a [`Store`].
///
/// Dropping it ends its threads, and each of its breakers decides alone from then on.
/// [`ErrorSystem::builder().fleet(..)`](crate::ErrorSystem) starts one for all breakers that are
/// [`shared`](crate::breaker::BreakerBuilder::shared).
///
/// # Examples
///
/// ```
/// use gardefou::{breaker::CircuitBreaker, fleet::{Fleet, MemoryStore}};
///
/// let fleet = Fleet::builder("checkout").store(MemoryStore::new()).start()?;
/// let breaker = CircuitBreaker::builder("payments").build()?;
/// fleet.join(&breaker);
/// assert!(breaker.try_acquire().is_ok());
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use = "dropping a fleet ends it"]
pub struct Fleet {
    inbox: Arc<Inbox>,
}

/// What the threads of a fleet share.
pub(super) struct Inbox {
    link: Arc<FleetLink>,
    /// Wakes the thread that waits for the store.
    to_send: Arc<Wakeup>,
    messages: Mutex<Messages>,
    outgoing: Mutex<Option<Batch>>,
    status: Mutex<FleetStatus>,
    is_ended: AtomicBool,
    /// Whether it ended although its handle is there.
    has_failed: AtomicBool,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Messages {
    waiting: Vec<Message>,
    /// Whether updates had no room.
    has_missed: bool,
}

enum Message {
    /// Keeps no breaker alive.
    Join(Weak<Shell>),
    #[cfg(feature = "config")]
    Leave(Weak<Shell>),
    JoinLimiter(Weak<LimiterInner>),
    Completed(Batch, Vec<Result<Reply, StoreError>>),
    Update(Update),
    Arriving(bool),
}

/// How many updates wait at most; those beyond are read from the store.
const MOST_UPDATES: usize = 10_000;

impl Inbox {
    fn new(driver: &Driver) -> Arc<Self> {
        Arc::new(Self {
            link: Arc::clone(driver.link()),
            to_send: Arc::default(),
            messages: Mutex::default(),
            outgoing: Mutex::default(),
            status: Mutex::new(driver.status()),
            is_ended: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
        })
    }

    fn push(&self, message: Message) {
        self.change(|messages| messages.waiting.push(message));
    }

    pub(super) fn push_update(&self, update: Update) {
        self.change(|messages| {
            if messages.waiting.len() < MOST_UPDATES {
                messages.waiting.push(Message::Update(update));
            } else {
                messages.has_missed = true;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Messages)) {
        // Also in a forked process: its copy of the agent never reads them.
        if self.is_ended() {
            return;
        }
        change(&mut self.messages.lock());
        self.link.wakeup.notify();
    }

    pub(super) fn set_arriving(&self, arriving: bool) {
        self.push(Message::Arriving(arriving));
    }

    pub(super) fn is_ended(&self) -> bool {
        // Relaxed: whoever asks does so again.
        self.is_ended.load(Ordering::Relaxed) || self.link.is_inherited()
    }

    /// Ends both threads after their turns.
    fn end(&self) {
        self.is_ended.store(true, Ordering::Relaxed);
        self.link.wakeup.stop();
        self.to_send.stop();
    }
}

impl Joiner for Inbox {
    fn take_in(&self, breaker: &Arc<Shell>) {
        self.push(Message::Join(Arc::downgrade(breaker)));
    }

    #[cfg(feature = "config")]
    fn let_go(&self, breaker: &Arc<Shell>) {
        self.push(Message::Leave(Arc::downgrade(breaker)));
    }
}

impl LimiterJoiner for Inbox {
    fn take_in_limiter(&self, limiter: Weak<LimiterInner>) {
        self.push(Message::JoinLimiter(limiter));
    }
}

/// The fleet of the error system.
static RUNNING: Mutex<Option<Weak<Inbox>>> = Mutex::new(None);

/// Returns the status of the fleet that the error system runs. `None` where there is none, before the system has started
/// and after it has ended, in a process that was forked since, and in a test scope.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorSystem, fleet::{self, Fleet, MemoryStore}};
///
/// let fleet = Fleet::builder("checkout").store(MemoryStore::new());
/// let system = ErrorSystem::builder().fleet(fleet).init()?;
/// assert_eq!(fleet::status().map(|status| status.fleet), Some("checkout".into()));
/// drop(system);
/// assert!(fleet::status().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn status() -> Option<FleetStatus> {
    if scope::is_entered() {
        return None;
    }
    let inbox = RUNNING.lock().as_ref().and_then(Weak::upgrade)?;
    // One whose threads have ended by themselves is to be seen. Relaxed: as of a moment ago.
    let is_there = !inbox.is_ended() || inbox.has_failed.load(Ordering::Relaxed);
    (is_there && !inbox.link.is_inherited()).then(|| inbox.status.lock().clone())
}

impl Fleet {
    /// Begins to build a fleet. All processes that share their breakers give the same name, usually that of the service:
    /// breakers of different fleets share nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::{Fleet, MemoryStore};
    ///
    /// let fleet = Fleet::builder("checkout").store(MemoryStore::new()).start()?;
    /// assert_eq!(fleet.status().breakers, 0);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(name: &str) -> FleetBuilder {
        FleetBuilder::new(name)
    }

    pub(super) fn new(mut driver: Driver, store: Arc<dyn Store>) -> Result<Self, ConfigError> {
        let link = Arc::clone(driver.link());
        let inbox = Inbox::new(&driver);
        // The handle ends the first thread where the second cannot be started.
        let fleet = Self {
            inbox: Arc::clone(&inbox),
        };
        let no_thread =
            |err: std::io::Error| ConfigError::new("threads", err, "must be given by the system");
        let mut agent = Agent {
            inbox: Arc::clone(&inbox),
            is_sending: false,
        };
        worker::spawn("gardefou-fleet", &link.wakeup, move || {
            // A turn that panics is a bug of this library: its breakers decide alone from then on.
            panics::catch(|| agent.turn(&mut driver)).unwrap_or(Next::End)
        })
        .map_err(no_thread)?;
        let mut sender = Sender {
            inbox: Arc::clone(&inbox),
            store,
            has_subscribed: false,
        };
        worker::spawn("gardefou-store", &inbox.to_send, move || sender.turn())
            .map_err(no_thread)?;
        Ok(fleet)
    }

    /// Lets a breaker share its state, whether or not it was built as shared. It leaves any other fleet.
    ///
    /// # Examples
    ///
    /// See [`Fleet`].
    pub fn join(&self, breaker: &CircuitBreaker) {
        self.inbox.take_in(breaker.shell());
    }

    /// Lets a rate limiter share its rate, whether or not it was built as shared. It leaves any other fleet.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{fleet::{Fleet, MemoryStore}, rate_limit::RateLimiter};
    ///
    /// let fleet = Fleet::builder("checkout").store(MemoryStore::new()).start()?;
    /// let limiter = RateLimiter::builder("geocoder").rate("100/s").build()?;
    /// fleet.join_limiter(&limiter);
    /// assert!(limiter.try_acquire().is_ok());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn join_limiter(&self, limiter: &RateLimiter) {
        self.inbox.take_in_limiter(limiter.downgrade());
    }

    /// Lets all shared guards of the process join, now and in the future.
    pub(crate) fn take_all_in(&self) {
        let joiner: Arc<dyn Joiner> = Arc::clone(&self.inbox) as Arc<dyn Joiner>;
        take_all_in(&joiner);
        let joiner: Arc<dyn LimiterJoiner> = Arc::clone(&self.inbox) as Arc<dyn LimiterJoiner>;
        take_all_limiters_in(&joiner);
        *RUNNING.lock() = Some(Arc::downgrade(&self.inbox));
    }

    /// Returns the counts of this instance and the state of its store, as of the latest pass over the breakers. In a
    /// process that was forked since the fleet started, they are those at the fork.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::{Fleet, MemoryStore};
    ///
    /// let fleet = Fleet::builder("checkout").store(MemoryStore::new()).start()?;
    /// assert_eq!(fleet.status().failures, 0);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> FleetStatus {
        self.inbox.status.lock().clone()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // In a forked process no thread is there to be ended.
        if self.inbox.link.is_inherited() {
            return;
        }
        self.inbox.end();
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("status", &self.status())
            .finish()
    }
}

/// The thread that looks at the breakers. It owns the driver, so that no lock is held while observers run.
struct Agent {
    inbox: Arc<Inbox>,
    /// Whether the other thread waits for the store.
    is_sending: bool,
}

/// Where nothing is due, breakers are looked at again after so long at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Agent {
    fn turn(&mut self, driver: &mut Driver) -> Next {
        let messages = std::mem::take(&mut *self.inbox.messages.lock());
        if messages.has_missed {
            driver.read_soon();
        }
        for message in messages.waiting {
            match message {
                Message::Join(shell) => {
                    if let Some(shell) = shell.upgrade() {
                        driver.join(&CircuitBreaker::from_shared(shell));
                    }
                }
                #[cfg(feature = "config")]
                Message::Leave(shell) => {
                    if let Some(shell) = shell.upgrade() {
                        driver.leave(&CircuitBreaker::from_shared(shell));
                    }
                }
                Message::JoinLimiter(limiter) => {
                    if let Some(limiter) = limiter.upgrade() {
                        driver.join_limiter(&RateLimiter::from_shared(limiter));
                    }
                }
                Message::Completed(batch, replies) => {
                    self.is_sending = false;
                    driver.complete(batch, replies);
                }
                Message::Update(update) => driver.deliver(&update),
                Message::Arriving(arriving) => driver.set_listening(arriving),
            }
        }
        if self.is_sending {
            // What the loss of the store changes does not wait for it.
            let empty = driver.pass_time(false);
            debug_assert!(empty.operations().is_empty());
        } else {
            let batch = driver.take();
            if !batch.operations().is_empty() {
                self.is_sending = true;
                *self.inbox.outgoing.lock() = Some(batch);
                self.inbox.to_send.notify();
            }
        }
        *self.inbox.status.lock() = driver.status();
        Next::Wait(driver.next().min(LONGEST_PAUSE))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if self.inbox.is_ended() {
            return;
        }
        self.inbox.has_failed.store(true, Ordering::Relaxed);
        self.inbox.end();
        *self.inbox.messages.lock() = Messages::default();
        let mut status = self.inbox.status.lock();
        status.lost_for = Some(Duration::ZERO);
        status.last_error = Some("the thread of the fleet has ended".into());
    }
}

/// The thread that waits for the store.
struct Sender {
    inbox: Arc<Inbox>,
    store: Arc<dyn Store>,
    has_subscribed: bool,
}

impl Sender {
    fn turn(&mut self) -> Next {
        if !self.has_subscribed {
            self.has_subscribed = true;
            let updates = Updates(Arc::downgrade(&self.inbox));
            // The store may be the program's own code.
            let _ = panics::catch(|| self.store.subscribe(updates));
        }
        let Some(batch) = self.inbox.outgoing.lock().take() else {
            return Next::Wait(LONGEST_PAUSE);
        };
        let replies = panics::catch(|| self.store.run(batch.operations()));
        let replies = replies.unwrap_or_else(|_| {
            let panicked = || Err(StoreError::new("the store panicked"));
            batch.operations().iter().map(|_| panicked()).collect()
        });
        self.inbox.push(Message::Completed(batch, replies));
        Next::Turn
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

    use super::*;
    use crate::{
        fleet::{MemoryStore, SharedState},
        time::ManualClock,
    };

    fn agent() -> (Driver, Agent) {
        agent_on(ManualClock::new())
    }

    fn agent_on(clock: ManualClock) -> (Driver, Agent) {
        let driver = Fleet::builder("checkout").clock(clock).driver();
        let driver = driver.unwrap();
        let inbox = Inbox::new(&driver);
        let is_sending = false;
        (driver, Agent { inbox, is_sending })
    }

    fn breaker() -> CircuitBreaker {
        CircuitBreaker::builder("payments").build().unwrap()
    }

    #[test]
    fn breaker_that_is_gone_before_it_joined_is_not_kept() {
        let (mut driver, mut agent) = agent();
        let (kept, gone) = (breaker(), breaker());
        agent.inbox.take_in(kept.shell());
        agent.inbox.take_in(gone.shell());
        let weak = Arc::downgrade(gone.shell());
        drop(gone);
        assert_eq!(weak.strong_count(), 0);
        agent.turn(&mut driver);
        assert_eq!(agent.inbox.status.lock().breakers, 1);
    }

    #[test]
    fn state_is_read_where_updates_had_no_room() {
        let clock = ManualClock::new();
        let (mut driver, mut agent) = agent_on(clock.clone());
        let breaker = breaker();
        driver.join(&breaker);
        let inbox = Arc::clone(&agent.inbox);
        inbox.set_arriving(true);
        let store = MemoryStore::new();
        let mut turn = || {
            clock.advance(Duration::from_millis(200));
            agent.turn(&mut driver);
            let batch = inbox.outgoing.lock().take()?;
            let replies = store.run(batch.operations());
            let count = replies.len();
            inbox.push(Message::Completed(batch, replies));
            Some(count)
        };
        assert_eq!(turn(), Some(1), "at the beginning");
        assert_eq!(turn(), None, "updates arrive");
        let update = || Update {
            fleet: "another one".into(),
            breaker: "payments".into(),
            state: SharedState::UNKNOWN,
        };
        (0..MOST_UPDATES).for_each(|_| inbox.push_update(update()));
        assert_eq!(turn(), None, "all had room");
        (0..=MOST_UPDATES).for_each(|_| inbox.push_update(update()));
        assert_eq!(turn(), Some(1));
    }

    #[test]
    fn thread_that_ends_by_itself_is_not_healthy() {
        let (driver, agent) = agent();
        let inbox = Arc::clone(&agent.inbox);
        inbox.take_in(breaker().shell());
        assert!(inbox.status.lock().is_healthy());
        drop((driver, agent));
        assert!(inbox.is_ended());
        assert!(!inbox.status.lock().is_healthy());
        inbox.take_in(breaker().shell());
        assert!(
            inbox.messages.lock().waiting.is_empty(),
            "nobody reads them"
        );
    }

    #[test]
    fn fleet_that_is_dropped_has_not_failed() {
        let (driver, agent) = agent();
        let inbox = Arc::clone(&agent.inbox);
        drop(Fleet {
            inbox: Arc::clone(&inbox),
        });
        drop((driver, agent));
        assert!(inbox.is_ended() && inbox.status.lock().is_healthy());
    }
}
