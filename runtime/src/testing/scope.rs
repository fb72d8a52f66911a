//! A scope with the guards, monitor and clock of one test.

#[cfg(feature = "health")]
use crate::health::{self, Health};
#[cfg(feature = "monitor")]
use crate::monitor::{ErrorMonitor, ErrorRecord, MonitorConfig, journal::MemoryJournal};
use crate::{
    breaker::{BreakerRegistry, circuit_breakers},
    scope::{self, ScopeState},
    time::{Clock, ManualClock, SharedClock, Tick},
};
use std::{fmt, sync::Arc};

/// A clock, a registry of breakers, a monitor, a journal and a registry of health checks for one
/// test.
///
/// On a thread that has [entered](Self::enter) the scope:
///
/// - Attributes use breakers of [`circuit_breakers`](Self::circuit_breakers), and retries and named
///   [budgets](crate::retry::RetryBudget::named) of the scope, each made by the first call in it.
/// - [`circuit_breakers()`](crate::circuit_breakers()), [`error_monitor()`](crate::error_monitor())
///   and [`health()`](crate::health()) return those of the scope.
/// - Errors and events are passed to the monitor of the scope, which writes them to its
///   [journal](Self::journal), and to observers that were [subscribed](crate::event::subscribe) in
///   the scope. Observers of the process get none of them.
/// - Time is the [clock](Self::clock) of the scope: for breakers of the scope's registry, for every
///   retry whose builder names no clock, for durations, timestamps and deadlines. A wait between
///   attempts moves the clock and returns at once.
///
/// A guard that is built by hand outside of these registries, for example
/// `CircuitBreaker::builder(..).build()`, keeps the clock of its builder: a handle in a static
/// outlives the test. An `attempt_timeout` is a timer of tokio in any case, which
/// `tokio::time::pause` controls.
///
/// # Threads and tasks
///
/// A scope is entered on one thread. It covers that thread and therefore all tasks of a
/// current-thread runtime, the default of `#[tokio::test]`. Other threads call `enter` on a clone
/// of the scope. A [`Context`](crate::call::Context) that is captured in a scope carries the scope,
/// also to tasks of a multi-threaded runtime. A call should end in the scope that it began in:
/// times of different clocks are not comparable.
///
/// Scopes nest: the inner one replaces the outer one until it is left. Two scopes share nothing.
///
/// # Memory
///
/// The breaker and the retry of each annotated function that was called in a scope live until the
/// process ends, since calls borrow them without counting: usually a few hundred bytes each. So do
/// registries and monitors that were returned as `&'static`, which are emptied when the last clone
/// of the scope is dropped. Everything else is freed then.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, Result, retry, testing::Scope};
/// use std::time::Duration;
///
/// #[retry(max_retries = 2, initial_delay = 60.0, backoff = "constant", jitter = false)]
/// fn fetch() -> Result<u32> {
///     Err(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "connection reset"))
/// }
///
/// let scope = Scope::new();
/// let start = scope.now();
/// assert!(scope.run(fetch).is_err());
/// assert_eq!(scope.now().since(start), Duration::from_secs(120), "two waits of a minute, in no time");
/// ```
#[derive(Clone)]
pub struct Scope(Arc<ScopeParts>);

struct ScopeParts {
    state: Arc<ScopeState>,
    clock: ManualClock,
    #[cfg(feature = "monitor")]
    monitor: ErrorMonitor,
    #[cfg(feature = "monitor")]
    journal: Arc<MemoryJournal>,
}

impl Scope {
    /// Makes a scope, which has no effect until it is entered. Its clock starts at the origin of
    /// [`ManualClock`](crate::time::ManualClock).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, report, testing::Scope};
    ///
    /// let (first, second) = (Scope::new(), Scope::new());
    /// first.run(|| report(&AppError::new(ErrorCode::SYNC_ERROR, "late")));
    /// assert_eq!((first.records().len(), second.records().len()), (1, 0));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let (state, clock) = (Arc::<ScopeState>::default(), ManualClock::new());
        state.store(&Arc::new(SharedClock::new(clock.clone())));
        #[cfg(feature = "monitor")]
        let (monitor, journal) = observe(&state, &clock);
        Self(Arc::new(ScopeParts {
            state,
            clock,
            #[cfg(feature = "monitor")]
            monitor,
            #[cfg(feature = "monitor")]
            journal,
        }))
    }

    /// Enters the scope on this thread until the guard is dropped.
    ///
    /// A scope may be entered on several threads, and several times on one thread. Guards may be
    /// dropped in any order; the last one that still exists determines the scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error_monitor, report, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// {
    ///     let _entered = scope.enter();
    ///     report(&AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart"));
    ///     assert_eq!(error_monitor().stats().total_errors, 1);
    /// }
    /// assert_eq!(error_monitor().stats().total_errors, 0, "outside again");
    /// assert_eq!(scope.monitor().stats().total_errors, 1);
    /// ```
    pub fn enter(&self) -> Entered {
        Entered {
            _entered: scope::enter(Some(Arc::clone(&self.0.state))),
            _scope: self.clone(),
        }
    }

    /// Runs a function in the scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{circuit_breakers, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// scope.run(|| circuit_breakers().get_or_create("db", |b| b.failure_threshold(1)))?;
    /// assert_eq!(scope.circuit_breakers().len(), 1);
    /// assert!(circuit_breakers().get("db").is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        f()
    }

    /// Returns the clock of the scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitState, testing::Scope};
    /// use std::time::Duration;
    ///
    /// let scope = Scope::new();
    /// let breaker = scope.circuit_breakers().get_or_create("db", |b| b.recovery_timeout(Duration::from_secs(30)))?;
    /// breaker.open_for(Duration::from_secs(30));
    /// assert!(breaker.call(|| Ok::<_, AppError>(())).is_err());
    ///
    /// scope.clock().advance(Duration::from_secs(30));
    /// assert!(breaker.call(|| Ok::<_, AppError>(())).is_ok());
    /// assert_eq!(breaker.state(), CircuitState::Closed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.0.clock
    }

    /// Returns the current tick of the scope's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::testing::Scope;
    /// use std::time::Duration;
    ///
    /// let scope = Scope::new();
    /// let start = scope.now();
    /// scope.clock().advance(Duration::from_secs(30));
    /// assert_eq!(scope.now().since(start), Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn now(&self) -> Tick {
        self.clock().now()
    }

    /// Returns the registry in which attributes find their breakers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, breaker::CircuitState, testing::Scope, with_circuit_breaker};
    ///
    /// #[with_circuit_breaker(name = "db", failure_threshold = 1)]
    /// fn query() -> Result<u32, AppError> {
    ///     Err(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "connection reset"))
    /// }
    ///
    /// let scope = Scope::new();
    /// assert!(scope.run(query).is_err());
    /// assert_eq!(scope.circuit_breakers().get("db").unwrap().state(), CircuitState::Open);
    /// assert!(gardefou::circuit_breakers().get("db").is_none(), "not in the process");
    /// ```
    #[must_use]
    pub fn circuit_breakers(&self) -> &BreakerRegistry {
        self.run(circuit_breakers)
    }

    /// Returns the monitor to which errors are reported.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, report, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// scope.run(|| report(&AppError::new(ErrorCode::SYNC_ERROR, "late")));
    /// assert_eq!(scope.monitor().stats().error_counts["SYNC_ERROR"], 1);
    /// ```
    #[cfg(feature = "monitor")]
    #[must_use]
    pub fn monitor(&self) -> &ErrorMonitor {
        &self.0.monitor
    }

    /// Returns the journal in which the monitor keeps records, unless another one was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::journal::{Journal, Query}, report, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// for (code, text) in [(ErrorCode::SYNC_ERROR, "late"), (ErrorCode::DB_WRITE_ERROR, "disk full")] {
    ///     scope.run(|| report(&AppError::new(code, text)));
    /// }
    /// let page = scope.journal().query(&Query::default().code(ErrorCode::SYNC_ERROR))?;
    /// assert_eq!((page.records.len(), page.records[0].message.as_str()), (1, "late"));
    /// # Ok::<(), gardefou::monitor::journal::JournalError>(())
    /// ```
    #[cfg(feature = "monitor")]
    #[must_use]
    pub fn journal(&self) -> &Arc<MemoryJournal> {
        &self.0.journal
    }

    /// Returns the records of the scope's journal, oldest first: errors, transitions, rolled back
    /// transactions, changes of health, audited operations.
    ///
    /// An error inside of an attempt is [`Pending`](crate::monitor::RecordState::Pending) until the
    /// retry has settled it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, report, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// scope.run(|| report(&AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart")));
    /// let records = scope.records();
    /// assert_eq!(records[0].message, "streams drifted apart");
    /// assert_eq!(records[0].timestamp.to_string(), "2023-11-14T22:13:20.000Z");
    /// ```
    #[cfg(feature = "monitor")]
    #[must_use]
    pub fn records(&self) -> Vec<ErrorRecord> {
        self.0.journal.records()
    }

    /// Returns the registry of health checks, with all checks that attributes declare. The first
    /// call makes it.
    ///
    /// Limits of checks are measured on the scope's clock, which stands still while a check runs: a
    /// check that hangs blocks its caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// scope.run(|| health().register_check("queue", || false))?;
    /// let report = scope.health().run_all_checks();
    /// assert_eq!(report.passed()["queue"], false);
    /// # Ok::<(), gardefou::health::RegisterError>(())
    /// ```
    #[cfg(feature = "health")]
    #[must_use]
    pub fn health(&self) -> &Health {
        self.run(health::health)
    }
}

/// Makes the monitor of a scope, which keeps records in a journal in memory.
#[cfg(feature = "monitor")]
fn observe(state: &Arc<ScopeState>, clock: &ManualClock) -> (ErrorMonitor, Arc<MemoryJournal>) {
    let config = MonitorConfig::builder().clock(clock.clone()).build();
    let monitor = ErrorMonitor::new(config.expect("the defaults are valid"));
    let journal = Arc::new(MemoryJournal::new());
    monitor.set_journal(Arc::clone(&journal) as _);
    let _entered = scope::enter(Some(Arc::clone(state)));
    monitor.observe_scope(state);
    (monitor, journal)
}

impl Default for Scope {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Scope");
        debug.field("clock", self.clock());
        #[cfg(feature = "monitor")]
        debug.field("monitor", self.monitor());
        debug.finish_non_exhaustive()
    }
}

/// Guard of an entered [`Scope`], which is left when the guard is dropped. It is not `Send`.
#[derive(Debug)]
#[must_use = "a scope is left when its guard is dropped"]
pub struct Entered {
    _entered: scope::Entered,
    /// Keeps the scope alive while it is entered.
    _scope: Scope,
}
