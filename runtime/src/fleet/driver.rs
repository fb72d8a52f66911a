//! What an instance of a fleet does, without its threads and its store: moves outcomes and decisions between breakers and
//! operations.

use super::{
    builder::FleetBuilder,
    joined::{JoinedBreaker, opened_by},
    joined_limits::{JoinedLimits, StoreNow},
    link::FleetLink,
    member::{Conditions, Member, Next},
    operation::{Action, Operation, Reply},
    status::FleetStatus,
    store::{StoreError, Update},
    store_state::StoreState,
};
use crate::{
    breaker::{CircuitBreaker, Link},
    event::{names::TARGET_SYSTEM, text},
    panics,
    rate_limit::{LimiterLink, RateLimiter},
    rng::Rng,
    time::{SharedClock, Tick},
};
use std::{
    process,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// One instance of a fleet, driven by hand: for simulations, and for tests on a manual clock.
///
/// [`Fleet`](super::Fleet) drives one on its threads. To drive one by hand, call [`take`](Self::take) whenever the time
/// that [`next`](Self::next) returns has passed, run the operations on a store, and pass its replies to
/// [`complete`](Self::complete).
///
/// # Examples
///
/// ```
/// use gardefou::{breaker::{CircuitBreaker, CircuitState}, fleet::{Fleet, MemoryStore, Store}, time::ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let store = MemoryStore::with_clock(clock.clone());
/// let instance = |name: &str| {
///     let breaker = CircuitBreaker::builder("payments").failure_threshold(2).clock(clock.clone()).build()?;
///     let mut driver = Fleet::builder("checkout").instance(name).clock(clock.clone()).driver()?;
///     driver.join(&breaker);
///     Ok::<_, gardefou::ConfigError>((breaker, driver))
/// };
/// let ((one, mut first), (other, mut second)) = (instance("one")?, instance("other")?);
/// for _ in 0..2 {
///     one.try_acquire()?.failure();
/// }
/// for driver in [&mut first, &mut second] {
///     let batch = driver.take();
///     let replies = store.run(batch.operations());
///     driver.complete(batch, replies);
/// }
/// assert_eq!(other.state(), CircuitState::Open, "though it had no call");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Driver {
    settings: FleetBuilder,
    clock: SharedClock,
    rng: Rng,
    link: Arc<FleetLink>,
    store: StoreState,
    members: Vec<JoinedBreaker>,
    limits: JoinedLimits,
    /// Ever more, so that replies find their member whatever left meanwhile.
    next_id: u64,
    next: Tick,
    is_listening: bool,
    was_lost: bool,
    counts: Counts,
    last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    operations: u64,
    failures: u64,
    updates: u64,
    leases: u64,
}

/// Operations that are due, for a store.
#[derive(Debug)]
#[must_use = "a breaker sends nothing more until its operation is completed"]
pub struct Batch {
    operations: Vec<Operation>,
    members: Vec<u64>,
}

impl Batch {
    /// Returns the operations.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// let mut driver = Fleet::builder("checkout").driver()?;
    /// assert!(driver.take().operations().is_empty(), "no breaker has joined");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

impl Driver {
    pub(super) fn new(settings: FleetBuilder, mut rng: Rng) -> Self {
        let clock = settings.shared_clock();
        let now = clock.now();
        let store = StoreState::new(Rng::seeded(rng.next_u64()));
        let link = FleetLink::new_in(process::id(), clock.clone(), settings.wait());
        let link = Arc::new(link);
        Self {
            settings,
            clock,
            rng,
            link,
            store,
            members: Vec::new(),
            limits: JoinedLimits::default(),
            next_id: 0,
            next: now,
            is_listening: false,
            was_lost: false,
            counts: Counts::default(),
            last_error: None,
        }
    }

    pub(super) fn link(&self) -> &Arc<FleetLink> {
        &self.link
    }

    /// Lets a breaker share its state, whether or not it was built as shared. It leaves any other fleet.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, fleet::Fleet};
    ///
    /// let breaker = CircuitBreaker::builder("payments").build()?;
    /// let mut driver = Fleet::builder("checkout").driver()?;
    /// driver.join(&breaker);
    /// assert_eq!(driver.status().breakers, 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn join(&mut self, breaker: &CircuitBreaker) {
        let shell = Arc::downgrade(breaker.shell());
        let link = &*self.link;
        self.members
            .retain(|member| member.shell_in_fleet_of(link).is_some());
        if (self.members.iter()).any(|member| member.shell.ptr_eq(&shell)) {
            return;
        }
        let (name, id) = (breaker.name(), self.next_id);
        self.next_id += 1;
        let is_second = self.members.iter().any(|member| *member.name == *name);
        let instance = match is_second {
            true => format!("{}#{id}", self.settings.instance_name()).into(),
            false => Arc::clone(self.settings.instance_name()),
        };
        let rng = Rng::seeded(self.rng.next_u64());
        self.members.push(JoinedBreaker {
            id,
            name: name.into(),
            instance,
            shell,
            member: Member::new(self.settings.lease(), rng),
            is_disabled: false,
            alone_in: None,
        });
        self.next = Tick::ZERO;
        // Wakes the threads: it has news.
        breaker
            .shell()
            .join_fleet(Arc::clone(&self.link) as Arc<dyn Link>);
    }

    /// Lets a breaker decide alone, in the state that it is in.
    #[cfg(feature = "config")]
    pub(super) fn leave(&mut self, breaker: &CircuitBreaker) {
        let shell = Arc::as_ptr(breaker.shell());
        self.members.retain(|joined| joined.shell.as_ptr() != shell);
        breaker.shell().leave_fleet(&*self.link);
    }

    /// Lets a rate limiter share its rate, whether or not it was built as shared. It leaves any other fleet.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{fleet::{Fleet, MemoryStore, Store}, rate_limit::RateLimiter};
    ///
    /// let store = MemoryStore::new();
    /// let mut fleet = Vec::new();
    /// for name in ["one", "other"] {
    ///     let limiter = RateLimiter::builder("geocoder").rate("8/h").build()?;
    ///     let mut driver = Fleet::builder("checkout").instance(name).driver()?;
    ///     driver.join_limiter(&limiter);
    ///     let batch = driver.take();
    ///     let replies = store.run(batch.operations());
    ///     driver.complete(batch, replies);
    ///     fleet.push((limiter, driver));
    /// }
    /// // Each has permits of its own in advance: a quarter of the burst, and as many as the half of what was left allowed.
    /// let available: Vec<u32> = fleet.iter().map(|(limiter, _)| limiter.snapshot().available).collect();
    /// assert_eq!(available, [2, 2]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn join_limiter(&mut self, limiter: &RateLimiter) {
        if let Some(limiter) = limiter.downgrade().upgrade() {
            let (id, rng) = (self.next_id, Rng::seeded(self.rng.next_u64()));
            self.next_id += 1;
            let link = Arc::clone(&self.link) as Arc<dyn LimiterLink>;
            let instance = self.settings.instance_name();
            self.limits.join(id, &limiter, &link, instance, rng);
            self.next = Tick::ZERO;
        }
    }

    /// Returns the operations that are due, after a look at all guards.
    ///
    /// # Examples
    ///
    /// See [`Driver`].
    pub fn take(&mut self) -> Batch {
        let mut batch = self.pass_time(true);
        if batch.operations.is_empty() {
            batch.members.clear();
        } else {
            self.store.sent_at(self.clock.now());
            self.publish_loss();
        }
        batch
    }

    /// Looks at all breakers, and collects operations if they can be sent.
    pub(super) fn pass_time(&mut self, can_send: bool) -> Batch {
        let now = self.clock.now();
        self.link.looks();
        self.note_loss_at(now);
        let is_lost = self.store.is_lost_at(now);
        let conditions = Conditions {
            send_at: self.store.retry_at(),
            is_listening: self.is_listening,
        };
        let mut batch = Batch {
            operations: Vec::new(),
            members: Vec::new(),
        };
        let mut next = if is_lost {
            Tick::MAX
        } else {
            self.store.lost_from()
        };
        let link = &*self.link;
        self.members.retain_mut(|joined| {
            let Some(shell) = joined.shell_in_fleet_of(link) else {
                return false;
            };
            let Some(local) = shell.local_state() else {
                return true;
            };
            let again = joined.apply_loss_at(now, is_lost, link, &shell, &local);
            next = next.min(again);
            if can_send {
                match joined.member.next_at(now, &local, conditions) {
                    Next::Wait(until) => next = next.min(until),
                    Next::Send(action) => {
                        batch.members.push(joined.id);
                        batch.operations.push(Operation {
                            fleet: Arc::clone(self.settings.fleet_name()),
                            breaker: Arc::clone(&joined.name),
                            instance: Arc::clone(&joined.instance),
                            longest_open: local.config.max_recovery_timeout,
                            lease_time: self.settings.lease(),
                            action,
                        });
                    }
                }
            }
            true
        });
        let store = StoreNow {
            is_lost,
            send_at: can_send.then_some(conditions.send_at),
        };
        let (again, takes) = self.limits.pass_at(now, store, link);
        next = next.min(again);
        for due in takes {
            batch.members.push(due.id);
            batch.operations.push(Operation {
                fleet: Arc::clone(self.settings.fleet_name()),
                breaker: due.name,
                instance: due.instance,
                longest_open: Duration::ZERO,
                lease_time: self.settings.lease(),
                action: Action::Take(due.take),
            });
        }
        self.next = next;
        batch
    }

    /// Returns the time until [`take`](Self::take) has something to do, if no breaker changes before.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// let mut driver = Fleet::builder("checkout").driver()?;
    /// assert!(driver.take().operations().is_empty());
    /// assert!(driver.next() > std::time::Duration::ZERO);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn next(&self) -> Duration {
        self.next.since(self.clock.now())
    }

    /// Applies the replies of a store to a batch; one that is missing counts as a failure.
    ///
    /// # Examples
    ///
    /// See [`Driver`].
    pub fn complete(&mut self, batch: Batch, replies: Vec<Result<Reply, StoreError>>) {
        let now = self.clock.now();
        if batch.operations.is_empty() {
            return;
        }
        // A store that answers for one breaker and not for another one is there.
        let has_answered = replies.iter().any(Result::is_ok);
        if has_answered && self.store.is_lost_at(now) {
            self.store_is_back_at(now);
        }
        let mut replies = replies.into_iter();
        let mut failure = None;
        for (id, operation) in batch.members.into_iter().zip(&batch.operations) {
            let reply = replies
                .next()
                .unwrap_or_else(|| Err(StoreError::new("the store returned no result")));
            match &reply {
                Ok(reply) => {
                    self.counts.operations += 1;
                    self.counts.leases += u64::from(reply.lease == Some(super::Lease::Granted));
                }
                Err(err) => {
                    self.counts.failures += 1;
                    failure = Some(text::for_sink(err, 512));
                }
            }
            let joined = self.members.iter_mut().find(|joined| joined.id == id);
            if let Some(joined) = joined
                && let Some(shell) = joined.shell.upgrade()
            {
                // Observers of the one before may have taken time.
                let now = self.clock.now();
                joined.finish_at(
                    now,
                    &*self.link,
                    &shell,
                    &operation.action,
                    reply.as_ref().ok(),
                );
            } else {
                let (action, reply) = (&operation.action, reply.ok());
                self.limits.complete_at(now, id, action, reply, &*self.link);
            }
        }
        if has_answered {
            self.store.answered();
        } else {
            self.store.failed_at(now);
        }
        self.last_error = failure;
        self.publish_loss();
        self.note_loss_at(now);
        self.next = Tick::ZERO;
    }

    /// Applies a change that another instance published.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState}, fleet::{Fleet, Update, SharedPhase, SharedState}};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::builder("payments").build()?;
    /// let mut driver = Fleet::builder("checkout").driver()?;
    /// driver.join(&breaker);
    /// let phase = SharedPhase::Open { remaining: Duration::from_secs(60) };
    /// let state = SharedState { epoch: 1, phase, reopened: 0, by: Some("other".into()) };
    /// driver.deliver(&Update { fleet: "checkout".into(), breaker: "payments".into(), state });
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn deliver(&mut self, update: &Update) {
        if update.fleet != *self.settings.fleet_name() {
            return;
        }
        self.counts.updates += 1;
        let cause = opened_by(&update.state);
        for joined in &mut self.members {
            if joined.name != update.breaker {
                continue;
            }
            // Observers of the one before may have taken time.
            let now = self.clock.now();
            if let Some(shell) = joined.shell.upgrade() {
                shell.change_by_fleet(&*self.link, &cause, |local| {
                    joined.member.updated_at(now, local, &update.state)
                });
            }
        }
        self.next = Tick::ZERO;
    }

    /// Sets whether updates arrive, and reads the state of all breakers again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// let mut driver = Fleet::builder("checkout").driver()?;
    /// driver.set_listening(true);
    /// assert!(driver.status().is_listening);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn set_listening(&mut self, listening: bool) {
        self.is_listening = listening;
        self.read_soon();
    }

    /// Reads the state of all breakers as soon as possible: updates may have been missed.
    pub(super) fn read_soon(&mut self) {
        let now = self.clock.now();
        self.members
            .iter_mut()
            .for_each(|joined| joined.member.read_soon_at(now));
        self.next = Tick::ZERO;
    }

    /// Returns the counts of this instance, and the state of its store.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// let driver = Fleet::builder("checkout").instance("host-1").driver()?;
    /// assert_eq!(&*driver.status().instance, "host-1");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> FleetStatus {
        let now = self.clock.now();
        let is_lost = self.store.is_lost_at(now);
        FleetStatus {
            fleet: Arc::clone(self.settings.fleet_name()),
            instance: Arc::clone(self.settings.instance_name()),
            breakers: self.members.len(),
            limiters: self.limits.len(),
            operations: self.counts.operations,
            failures: self.counts.failures,
            updates: self.counts.updates,
            leases: self.counts.leases,
            is_listening: self.is_listening,
            lost_for: is_lost.then(|| now.since(self.store.lost_from())),
            last_error: self.last_error.clone(),
        }
    }

    /// Ends what the loss of the store changed, before its replies are applied.
    fn store_is_back_at(&mut self, now: Tick) {
        self.limits.store_is_back();
        for joined in &mut self.members {
            joined.member.store_is_back_at(now);
            if let Some(shell) = joined.shell.upgrade() {
                joined.enable(&*self.link, &shell);
            }
        }
    }

    fn publish_loss(&self) {
        // Relaxed: nothing else is read by it.
        self.link
            .lost_from
            .store(self.store.lost_from().as_nanos(), Ordering::Relaxed);
    }

    fn note_loss_at(&mut self, now: Tick) {
        let is_lost =
            self.store.is_lost_at(now) && !(self.members.is_empty() && self.limits.is_empty());
        if is_lost == self.was_lost {
            return;
        }
        self.was_lost = is_lost;
        let fleet = text::for_sink(self.settings.fleet_name(), 128);
        // A log subscriber that panics must not end the fleet.
        let _ = panics::catch(|| {
            if is_lost {
                let why = self.last_error.as_deref().unwrap_or("it does not answer");
                tracing::warn!(target: TARGET_SYSTEM, "the store of the fleet {fleet} is lost: {why}");
            } else {
                tracing::info!(target: TARGET_SYSTEM, "the store of the fleet {fleet} answers again");
            }
        });
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.limits.leave(&*self.link);
        for joined in &self.members {
            if let Some(shell) = joined.shell.upgrade() {
                shell.leave_fleet(&*self.link);
            }
        }
    }
}
