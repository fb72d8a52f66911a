//! List of the functions that attributes guard, made when the program is linked.
//!
//! Which functions of a program are guarded, and with which settings, is spread over its source and
//! its libraries. [`guarded_functions`] has all of them, also those that were never called: for a
//! line at the start, a page for operators, or a test that every call of a service has a breaker.

mod span;

pub(crate) use span::ShownNames;
#[cfg(feature = "config")]
pub(crate) use span::sections;

use crate::{
    boundary::Operation,
    breaker::{BreakerBuilder, BreakerConfig},
    bulkhead::{Bulkhead, BulkheadBuilder, BulkheadConfig},
    error::ConfigError,
    hedge::{Hedge, HedgeBuilder, HedgeConfig},
    keyed::Keyed,
    rate_limit::{RateLimiter, RateLimiterBuilder, RateLimiterConfig},
    retry::{Retry, RetryBudget, RetryConfig},
    timeout::{Timeout, TimeoutBuilder},
};
use std::{
    collections::HashMap,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// A guarded function: one for each attribute of a function.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, guarded_functions, with_circuit_breaker};
///
/// #[with_circuit_breaker(name = "accounts", failure_threshold = 3)]
/// fn balance(account: u32) -> Result<u64, AppError> {
///     Ok(u64::from(account) * 10)
/// }
///
/// // No call is needed.
/// let all = guarded_functions();
/// let balance = all.iter().find(|function| function.name() == "balance").unwrap();
/// assert_eq!(balance.attribute(), "with_circuit_breaker");
/// assert_eq!(balance.arguments(), r#"name = "accounts", failure_threshold = 3"#);
/// let (name, config) = balance.breaker().unwrap()?;
/// assert_eq!((name.as_str(), config.failure_threshold), ("accounts", Some(3)));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
pub struct GuardedFunction {
    operation: Operation<'static>,
    attribute: &'static str,
    arguments: &'static str,
    breaker: Option<fn() -> BreakerBuilder>,
    key: Option<&'static str>,
    retry: Option<fn() -> Result<Retry, ConfigError>>,
    budgets: Option<BuildBudgets>,
    timeout: Option<fn() -> TimeoutBuilder>,
    rate_limit: Option<fn() -> RateLimiterBuilder>,
    bulkhead: Option<fn() -> BulkheadBuilder>,
    hedge: Option<fn() -> HedgeBuilder>,
    /// Whether a call has made its policy. Relaxed: the flag publishes nothing else.
    called: AtomicBool,
    /// Whether the attribute has the key `span`.
    has_span_key: bool,
    #[cfg(feature = "config-spans")]
    span: span::ConfiguredSpan,
}

type BuildBudgets = fn() -> Result<Keyed<RetryBudget>, ConfigError>;

impl GuardedFunction {
    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        attribute: &'static str,
        arguments: &'static str,
        operation: Operation<'static>,
    ) -> Self {
        Self {
            operation,
            attribute,
            arguments,
            breaker: None,
            key: None,
            retry: None,
            budgets: None,
            timeout: None,
            rate_limit: None,
            bulkhead: None,
            hedge: None,
            called: AtomicBool::new(false),
            has_span_key: false,
            #[cfg(feature = "config-spans")]
            span: span::ConfiguredSpan::new(),
        }
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_breaker(mut self, builder: fn() -> BreakerBuilder) -> Self {
        self.breaker = Some(builder);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_retry(mut self, build: fn() -> Result<Retry, ConfigError>) -> Self {
        self.retry = Some(build);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_budgets(mut self, build: BuildBudgets) -> Self {
        self.budgets = Some(build);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_timeout(mut self, builder: fn() -> TimeoutBuilder) -> Self {
        self.timeout = Some(builder);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_bulkhead(mut self, builder: fn() -> BulkheadBuilder) -> Self {
        self.bulkhead = Some(builder);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_rate_limit(mut self, builder: fn() -> RateLimiterBuilder) -> Self {
        self.rate_limit = Some(builder);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_hedge(mut self, builder: fn() -> HedgeBuilder) -> Self {
        self.hedge = Some(builder);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_key(mut self, expression: &'static str) -> Self {
        self.key = Some(expression);
        self
    }

    /// Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_span(mut self) -> Self {
        self.has_span_key = true;
        self
    }

    /// Returns the expression that chooses a guard by key, as it stands in the attribute; `None` if
    /// all calls share one.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::with_circuit_breaker(name = "charge", key = tenant)]
    /// fn charge_one(tenant: &str) -> Result<usize, gardefou::AppError> {
    ///     Ok(tenant.len())
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "charge_one").unwrap();
    /// assert_eq!(function.key(), Some("tenant"));
    /// ```
    #[must_use]
    pub const fn key(&self) -> Option<&'static str> {
        self.key
    }

    /// Returns the name of the function.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::retry(max_retries = 2)]
    /// fn fetch(id: u32) -> Result<u32, gardefou::AppError> {
    ///     Ok(id)
    /// }
    ///
    /// assert!(gardefou::guarded_functions().iter().any(|function| function.name() == "fetch"));
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.operation.name()
    }

    /// Returns the path of its module, for example `shop::accounts`.
    ///
    /// # Examples
    ///
    /// ```
    /// mod accounts {
    ///     #[gardefou::retry]
    ///     pub fn fetch_balance() -> Result<u32, gardefou::AppError> {
    ///         Ok(10)
    ///     }
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "fetch_balance").unwrap();
    /// assert!(function.module_path().ends_with("accounts"));
    /// ```
    #[must_use]
    pub const fn module_path(&self) -> &'static str {
        self.operation.component()
    }

    /// Returns the path of its source file, as it was passed to the compiler.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::retry]
    /// fn fetch_file() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "fetch_file").unwrap();
    /// assert_eq!(function.file(), file!());
    /// ```
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.operation.file()
    }

    /// Returns the line of its name.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::retry]
    /// fn fetch_line() -> Result<u32, gardefou::AppError> {
    ///     Ok(line!())
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "fetch_line").unwrap();
    /// assert_eq!(function.line(), fetch_line()? - 1);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.operation.line()
    }

    /// Returns the name of the attribute, for example `with_circuit_breaker`.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::retry_with_circuit_breaker(name = "stock")]
    /// fn stock() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "stock").unwrap();
    /// assert_eq!(function.attribute(), "retry_with_circuit_breaker");
    /// ```
    #[must_use]
    pub const fn attribute(&self) -> &'static str {
        self.attribute
    }

    /// Returns the arguments of the attribute, as they are written.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::retry(max_retries = 2, jitter = false)]
    /// fn fetch_twice() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "fetch_twice").unwrap();
    /// assert_eq!(function.arguments(), "max_retries = 2, jitter = false");
    /// ```
    #[must_use]
    pub const fn arguments(&self) -> &'static str {
        self.arguments
    }

    /// Returns the name and the configuration of its breaker, with defaults filled in; `None` if the
    /// attribute has no breaker.
    ///
    /// # Errors
    ///
    /// The inner result is an error if the configuration is illegal; the function then runs with the
    /// defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::with_circuit_breaker(name = "tax", failure_threshold = 3)]
    /// fn tax() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "tax").unwrap();
    /// let (name, config) = function.breaker().unwrap()?;
    /// assert_eq!((name.as_str(), config.failure_threshold), ("tax", Some(3)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn breaker(&self) -> Option<Result<(String, BreakerConfig), ConfigError>> {
        let builder = self.breaker_builder()?;
        // No breaker is built: a control would open it, with an event.
        let config = builder.resolve();
        Some(config.map(|config| (builder.name().to_owned(), config)))
    }

    /// Returns the configuration of its retry, with defaults filled in; `None` if the attribute has
    /// no retry.
    ///
    /// # Errors
    ///
    /// The inner result is an error if the configuration is illegal; the function then runs with the
    /// defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::retry(max_retries = 2)]
    /// fn fetch_config() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "fetch_config").unwrap();
    /// assert_eq!(function.retry().unwrap()?.max_attempts.get(), 3);
    /// assert!(function.breaker().is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn retry(&self) -> Option<Result<RetryConfig, ConfigError>> {
        Some(self.built_retry()?.map(|retry| retry.config().clone()))
    }

    /// Returns the limit of its timeout; `None` if the attribute is no timeout.
    ///
    /// # Errors
    ///
    /// The inner result is an error if the configuration is illegal; the function then runs without
    /// a limit.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::timeout("2s")]
    /// fn time_limited() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "time_limited").unwrap();
    /// assert_eq!(function.timeout().unwrap()?.as_secs(), 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn timeout(&self) -> Option<Result<Duration, ConfigError>> {
        Some(self.built_timeout()?.map(|timeout| timeout.limit()))
    }

    /// Returns the configuration of its bulkhead, as the attribute declares it; `None` if the
    /// attribute has none.
    ///
    /// # Errors
    ///
    /// The inner result is an error if the configuration is illegal; the function then runs without
    /// a limit.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::bulkhead(max_concurrent = 4)]
    /// fn slot_limited() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "slot_limited").unwrap();
    /// assert_eq!(function.bulkhead().unwrap()?.max_concurrent, 4);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn bulkhead(&self) -> Option<Result<BulkheadConfig, ConfigError>> {
        self.bulkhead.map(|builder| builder().resolve())
    }

    pub(crate) fn built_bulkhead(&self) -> Option<Result<Bulkhead, ConfigError>> {
        self.bulkhead.map(|builder| builder().build_for_site())
    }

    #[inline]
    pub(crate) fn built_bulkheads(&self) -> Option<Result<Keyed<Bulkhead>, ConfigError>> {
        self.bulkhead
            .map(|builder| builder().build_keyed_for_site())
    }

    /// Returns the configuration of its rate limiter, as it is declared there; `None` if the attribute
    /// is no rate limit.
    ///
    /// # Errors
    ///
    /// The inner result is an error if the configuration is illegal; the function then runs without
    /// a limit.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::rate_limit("100/s", burst = 20)]
    /// fn lookup() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "lookup").unwrap();
    /// assert_eq!(function.rate_limit().unwrap()?.burst, 20);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn rate_limit(&self) -> Option<Result<RateLimiterConfig, ConfigError>> {
        let resolved = self.rate_limit.map(|builder| builder().resolve())?;
        Some(resolved.map(|recipe| recipe.config()))
    }

    /// Returns the configuration of its hedge; `None` if the attribute is no hedge.
    ///
    /// # Errors
    ///
    /// The inner result is an error if the configuration is illegal; the function then runs without
    /// a hedge.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::hedge(after = "50ms", max_hedges = 2)]
    /// async fn suggest() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "suggest").unwrap();
    /// assert_eq!(function.hedge().unwrap()?.max_hedges, 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn hedge(&self) -> Option<Result<HedgeConfig, ConfigError>> {
        Some(self.built_hedge()?.map(|hedge| *hedge.config()))
    }

    /// Returns `true` once the function was called, `false` before that; `None`, unknown, for an
    /// attribute without a policy of its own: error handling, audit, and fallback.
    ///
    /// Set by the first call of the process that reaches this attribute, also inside of a test scope:
    /// the call that makes the policy. Later calls do not touch it.
    ///
    /// # Examples
    ///
    /// ```
    /// #[gardefou::retry(max_retries = 2)]
    /// fn fetch_late() -> Result<u32, gardefou::AppError> {
    ///     Ok(10)
    /// }
    ///
    /// let all = gardefou::guarded_functions();
    /// let function = all.iter().find(|function| function.name() == "fetch_late").unwrap();
    /// assert_eq!(function.was_called(), Some(false));
    /// fetch_late()?;
    /// assert_eq!(function.was_called(), Some(true));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn was_called(&self) -> Option<bool> {
        self.has_policy()
            .then(|| self.called.load(Ordering::Relaxed))
    }

    /// Notes a call, for [`was_called`](Self::was_called).
    pub(crate) fn note_call(&self) {
        self.called.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if the first call makes a policy.
    const fn has_policy(&self) -> bool {
        self.breaker.is_some()
            || self.retry.is_some()
            || self.budgets.is_some()
            || self.timeout.is_some()
            || self.rate_limit.is_some()
            || self.bulkhead.is_some()
            || self.hedge.is_some()
    }

    pub(crate) fn operation(&self) -> &Operation<'static> {
        &self.operation
    }

    pub(crate) fn breaker_builder(&self) -> Option<BreakerBuilder> {
        self.breaker.map(|builder| builder())
    }

    /// Returns the name that the function's bulkhead has in the whole process, if it was given one.
    pub(crate) fn bulkhead_name(&self) -> Option<String> {
        let builder = self.bulkhead.map(|builder| builder())?;
        builder.shared_name().map(str::to_owned)
    }

    /// Returns the name that the function's rate limiter has in the whole process, if it was given one.
    pub(crate) fn rate_limiter_name(&self) -> Option<String> {
        let builder = self.rate_limit.map(|builder| builder())?;
        builder.shared_name().map(str::to_owned)
    }

    pub(crate) fn built_timeout(&self) -> Option<Result<Timeout, ConfigError>> {
        self.timeout.map(|builder| builder().build())
    }

    pub(crate) fn built_rate_limiter(&self) -> Option<Result<RateLimiter, ConfigError>> {
        self.rate_limit.map(|builder| builder().build_for_site())
    }

    #[inline]
    pub(crate) fn built_rate_limiters(&self) -> Option<Result<Keyed<RateLimiter>, ConfigError>> {
        self.rate_limit
            .map(|builder| builder().build_keyed_for_site())
    }

    pub(crate) fn built_hedge(&self) -> Option<Result<Hedge, ConfigError>> {
        self.hedge.map(|builder| builder().build())
    }

    pub(crate) fn built_retry(&self) -> Option<Result<Retry, ConfigError>> {
        self.retry.map(|build| build())
    }

    #[inline]
    pub(crate) fn built_budgets(&self) -> Option<Result<Keyed<RetryBudget>, ConfigError>> {
        self.budgets.map(|build| build())
    }
}

impl fmt::Debug for GuardedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedFunction")
            .field("name", &self.name())
            .field("module_path", &self.module_path())
            .field("file", &self.file())
            .field("line", &self.line())
            .field("attribute", &self.attribute)
            .field("arguments", &self.arguments)
            .finish()
    }
}

/// An entry of the list.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registered(pub &'static GuardedFunction);

inventory::collect!(Registered);

/// Returns the guarded functions of the whole program, also those that were never called, sorted by
/// module, file and line.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, guarded_functions, retry, with_circuit_breaker};
///
/// #[with_circuit_breaker(name = "rates")]
/// #[retry]
/// fn rates() -> Result<u32, AppError> {
///     Ok(3)
/// }
///
/// let all = guarded_functions();
/// let of_rates = all.iter().filter(|function| function.name() == "rates");
/// let attributes: Vec<_> = of_rates.map(|function| function.attribute()).collect();
/// assert_eq!(attributes, ["retry", "with_circuit_breaker"]);
/// ```
#[must_use]
pub fn guarded_functions() -> Vec<&'static GuardedFunction> {
    let mut all: Vec<_> = inventory::iter::<Registered>
        .into_iter()
        .map(|registered| registered.0)
        .collect();
    all.sort_by_key(|function| {
        (
            function.module_path(),
            function.file(),
            function.line(),
            function.attribute(),
        )
    });
    all
}

/// Two functions that configure one breaker differently.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakerClash {
    pub(crate) first: &'static GuardedFunction,
    pub(crate) second: &'static GuardedFunction,
}

/// Returns the functions whose breaker an earlier function configures differently: each once, with
/// the first function of the breaker.
pub(crate) fn breaker_clashes() -> Vec<(String, BreakerClash)> {
    // Breakers by key and a breaker without keys may have one name, and are different ones.
    let mut first_of: HashMap<(String, bool), (&'static GuardedFunction, BreakerConfig)> =
        HashMap::new();
    let mut clashes = Vec::new();
    for second in guarded_functions() {
        let Some(Ok((name, config))) = second.breaker() else {
            continue;
        };
        let id = (name, second.key.is_some());
        match first_of.get(&id) {
            None => {
                first_of.insert(id, (second, config));
            }
            Some((_, same)) if *same == config => {}
            Some((first, _)) => clashes.push((id.0, BreakerClash { first, second })),
        }
    }
    clashes
}
