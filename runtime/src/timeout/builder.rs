//! Builder of timeouts.

use super::{
    durations::TimeoutDurations,
    handle::{Timeout, TimeoutInner, TimeoutTerms},
};
#[cfg(feature = "config")]
use crate::overrides::{self, LivingGuard};
use crate::{
    error::ConfigError,
    event::GuardName,
    name,
    revised::Revised,
    time::{Clock, SharedClock},
};
use std::{borrow::Cow, panic::Location, sync::Arc, time::Duration};

/// Builder of a [`Timeout`].
///
/// # Defaults
///
/// - `limit` must be set; above zero
/// - `timed` false
/// - `clock` the machine's, or that of the test scope around the call
///
/// # Examples
///
/// ```
/// use gardefou::timeout::Timeout;
/// use std::time::Duration;
///
/// let timeout = Timeout::builder("report").limit(Duration::from_secs(2)).build()?;
/// assert_eq!((timeout.name(), timeout.limit()), ("report", Duration::from_secs(2)));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TimeoutBuilder {
    name: GuardName<Cow<'static, str>>,
    limit: Option<Duration>,
    is_timed: bool,
    clock: SharedClock,
    place: &'static Location<'static>,
}

/// The longest name of a timeout, in bytes.
const LONGEST_NAME: usize = 128;

impl TimeoutBuilder {
    #[track_caller]
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self {
            name: GuardName(name),
            limit: None,
            is_timed: false,
            clock: SharedClock::default(),
            place: Location::caller(),
        }
    }

    /// Replaces the name: 1 to 128 bytes of printable characters.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    /// use std::time::Duration;
    ///
    /// let timeout = Timeout::builder("report").name("daily-report").limit(Duration::from_secs(2)).build()?;
    /// assert_eq!(timeout.name(), "daily-report");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = GuardName(name.into());
        self
    }

    #[cfg(feature = "config")]
    pub(crate) fn name_in_use(&self) -> &str {
        &self.name
    }

    /// Sets how long a call may take; longer than zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    /// use std::time::Duration;
    ///
    /// assert!(Timeout::builder("report").limit(Duration::from_millis(1)).build().is_ok());
    /// let err = Timeout::builder("report").limit(Duration::ZERO).build().unwrap_err();
    /// assert_eq!(err.problems().next().unwrap().field, "limit");
    /// ```
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets whether calls are timed, for a histogram of their durations in
    /// [metrics](crate::guide::metrics). It decides nothing.
    ///
    /// A timed call reads the clock twice more, and is counted to the microsecond: those that end, and
    /// those that are cut off. A call that is not started, that panics, or that its caller drops is not
    /// counted. Timeouts of one name have one histogram.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    /// use std::time::Duration;
    ///
    /// let timeout = Timeout::builder("report").limit(Duration::from_secs(2)).timed(true).build()?;
    /// assert!(timeout.is_timed());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn timed(mut self, timed: bool) -> Self {
        self.is_timed = timed;
        self
    }

    /// Replaces the clock by which calls are measured. Async calls are ended by tokio's timer
    /// nevertheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, call, time::ManualClock, timeout::Timeout};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let timeout = Timeout::builder("report").limit(Duration::from_secs(9)).clock(clock.clone()).build()?;
    /// let left = timeout.call(|| {
    ///     clock.advance(Duration::from_secs(4));
    ///     Ok::<_, AppError>(call::remaining())
    /// })?;
    /// assert_eq!(left, Some(Duration::from_secs(5)));
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Makes the timeout.
    ///
    /// # Errors
    ///
    /// A name that is empty, too long or not printable; a limit that is missing or zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    ///
    /// let err = Timeout::builder("").build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["name", "limit"]);
    /// ```
    pub fn build(self) -> Result<Timeout, ConfigError> {
        #[cfg(feature = "config")]
        let (code, configured) = {
            let code = self.for_configuration();
            let configured = overrides::configured(&self.name, &code);
            (code, configured)
        };
        #[cfg(feature = "config")]
        let terms = configured.builder.resolve()?;
        #[cfg(not(feature = "config"))]
        let terms = self.resolve()?;
        let inner = Arc::new(TimeoutInner {
            durations: TimeoutDurations::new(&self.name, terms.is_timed),
            name: self.name,
            terms: Revised::new(terms),
            clock: self.clock,
            place: self.place,
        });
        #[cfg(feature = "config")]
        overrides::remember(LivingGuard::new(&inner.name, code, configured, &inner));
        Ok(Timeout(inner))
    }

    /// Returns the terms, or what is wrong.
    pub(super) fn resolve(&self) -> Result<TimeoutTerms, ConfigError> {
        let bad_name = name::problem("name", &self.name, LONGEST_NAME);
        let bad_limit = match self.limit {
            None => Some(ConfigError::new("limit", "none", "must be set")),
            Some(Duration::ZERO) => {
                Some(ConfigError::new("limit", "0", "must be longer than zero"))
            }
            Some(_) => None,
        };
        let problems = ConfigError::join(bad_name.into_iter().chain(bad_limit));
        let limit = self.limit.unwrap_or(Duration::MAX);
        problems.map_or(Ok(TimeoutTerms::new(limit, self.is_timed)), Err)
    }

    /// Returns a builder with the settings that a file can replace.
    #[cfg(feature = "config")]
    fn for_configuration(&self) -> Self {
        Self {
            clock: SharedClock::default(),
            ..self.clone()
        }
    }
}
