//! The functions that attributes guard, known before the first call.

use crate::{
    boundary::Operation,
    breaker::{BreakerBuilder, BreakerConfig},
    error::ConfigError,
    retry::{Retry, RetryConfig},
};
use std::{collections::HashMap, fmt};

/// A function that an attribute guards; one for each attribute of a function.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, guarded_functions, with_circuit_breaker};
///
/// #[with_circuit_breaker(name = "ledger", failure_threshold = 3)]
/// fn balance(account: u32) -> Result<u64, AppError> {
///     Ok(u64::from(account) * 10)
/// }
///
/// // Nothing was called yet.
/// let all = guarded_functions();
/// let balance = all.iter().find(|function| function.name() == "balance").unwrap();
/// assert_eq!(balance.attribute(), "with_circuit_breaker");
/// assert_eq!(balance.arguments(), r#"name = "ledger", failure_threshold = 3"#);
/// let (name, config) = balance.breaker().unwrap()?;
/// assert_eq!((name.as_str(), config.failure_threshold), ("ledger", Some(3)));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
pub struct GuardedFunction {
    operation: Operation<'static>,
    attribute: &'static str,
    arguments: &'static str,
    breaker: Option<fn() -> BreakerBuilder>,
    retry: Option<fn() -> Result<Retry, ConfigError>>,
}

impl GuardedFunction {
    /// For generated code.
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
            retry: None,
        }
    }

    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_breaker(mut self, builder: fn() -> BreakerBuilder) -> Self {
        self.breaker = Some(builder);
        self
    }

    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_retry(mut self, build: fn() -> Result<Retry, ConfigError>) -> Self {
        self.retry = Some(build);
        self
    }

    /// Returns the name of the function.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.operation.name()
    }

    /// Returns the module that it stands in, as `shop::ledger`.
    #[must_use]
    pub const fn module_path(&self) -> &'static str {
        self.operation.component()
    }

    /// Returns the file that it stands in, as the compiler was given it.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.operation.file()
    }

    /// Returns the line of its name.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.operation.line()
    }

    /// Returns the name of the attribute, as `with_circuit_breaker`.
    #[must_use]
    pub const fn attribute(&self) -> &'static str {
        self.attribute
    }

    /// Returns what stands between the attribute's parentheses.
    #[must_use]
    pub const fn arguments(&self) -> &'static str {
        self.arguments
    }

    /// Returns the name and the configuration of its breaker, every default filled in; `None` where
    /// the attribute has no breaker.
    ///
    /// # Errors
    ///
    /// (Inside.) The rules that the configuration breaks; the function then runs with the defaults.
    #[must_use]
    pub fn breaker(&self) -> Option<Result<(String, BreakerConfig), ConfigError>> {
        let built = self.breaker_builder()?.build();
        Some(built.map(|breaker| (breaker.name().to_owned(), breaker.config())))
    }

    /// Returns the configuration of its retry, every default filled in; `None` where the attribute
    /// has no retry.
    ///
    /// # Errors
    ///
    /// (Inside.) The rules that the configuration breaks; the function then runs with the defaults.
    #[must_use]
    pub fn retry(&self) -> Option<Result<RetryConfig, ConfigError>> {
        Some(self.built_retry()?.map(|retry| retry.config().clone()))
    }

    pub(crate) fn operation(&self) -> &Operation<'static> {
        &self.operation
    }

    pub(crate) fn breaker_builder(&self) -> Option<BreakerBuilder> {
        self.breaker.map(|builder| builder())
    }

    pub(crate) fn built_retry(&self) -> Option<Result<Retry, ConfigError>> {
        self.retry.map(|build| build())
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

/// One entry of the list that is made when the program is linked.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registered(pub &'static GuardedFunction);

inventory::collect!(Registered);

/// Lists the functions of the whole program that an attribute guards, also those that were never
/// called, sorted by module, file and line.
///
/// # Examples
///
/// See [`GuardedFunction`].
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

/// Two functions that name one breaker and configure it differently.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakerClash {
    pub(crate) first: &'static GuardedFunction,
    pub(crate) second: &'static GuardedFunction,
}

/// Finds the functions whose breaker another one configures differently: each such function once,
/// with the first one of that name.
pub(crate) fn breaker_clashes() -> Vec<(String, BreakerClash)> {
    let mut first_of: HashMap<String, (&'static GuardedFunction, BreakerConfig)> = HashMap::new();
    let mut clashes = Vec::new();
    for second in guarded_functions() {
        let Some(Ok((name, config))) = second.breaker() else {
            continue;
        };
        match first_of.get(&name) {
            None => {
                first_of.insert(name, (second, config));
            }
            Some((_, same)) if *same == config => {}
            Some((first, _)) => clashes.push((name, BreakerClash { first, second })),
        }
    }
    clashes
}
