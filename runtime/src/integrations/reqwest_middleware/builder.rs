//! Builder of the middleware.

use super::{hosts::Breakers, middleware::GuardMiddleware};
use crate::{
    breaker::{BreakerBuilder, CircuitBreaker},
    call::wire::DeadlineHeader,
    error::ConfigError,
    retry::Retry,
};
use std::borrow::Cow;

/// Builds a [`GuardMiddleware`].
///
/// # Defaults
///
/// | setter | default |
/// | --- | --- |
/// | [`retry`](Self::retry) | a [`Retry`] with its defaults: 3 retries |
/// | [`circuit_breaker`](Self::circuit_breaker) | a [`CircuitBreaker`] with its defaults for each host |
/// | [`deadline_header`](Self::deadline_header) | [`DeadlineHeader::ENVOY`] |
/// | [`repeat_every_method`](Self::repeat_every_method) | idempotent methods alone |
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct GuardMiddlewareBuilder {
    name: Cow<'static, str>,
    retry: Option<Option<Retry>>,
    breakers: BreakerSetting,
    header: Option<DeadlineHeader>,
    every_method: bool,
}

#[derive(Debug)]
enum BreakerSetting {
    Default,
    None,
    One(CircuitBreaker),
    PerHost(Box<BreakerBuilder>),
}

impl GuardMiddlewareBuilder {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self {
            name,
            retry: None,
            breakers: BreakerSetting::Default,
            header: Some(DeadlineHeader::default()),
            every_method: false,
        }
    }

    /// Sets the retry.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{integrations::reqwest_middleware::GuardMiddleware, retry::Retry};
    ///
    /// let retry = Retry::builder().max_retries(1).build()?;
    /// let middleware = GuardMiddleware::builder("payments").retry(retry).build()?;
    /// assert_eq!(middleware.retry().unwrap().config().max_attempts.get(), 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn retry<A>(mut self, retry: Retry<A>) -> Self {
        self.retry = Some(Some(retry.erased()));
        self
    }

    /// Sends every request once.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::builder("payments").without_retry().build()?;
    /// assert!(middleware.retry().is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn without_retry(mut self) -> Self {
        self.retry = Some(None);
        self
    }

    /// Sets the settings of the breaker that each host gets: `name[host]`, with the port where it is
    /// not that of the scheme. [`max_keys`](BreakerBuilder::max_keys) is how many hosts have one of
    /// their own; see [`Keyed`](crate::keyed::Keyed) for what becomes of further ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, integrations::reqwest_middleware::GuardMiddleware};
    ///
    /// let breaker = CircuitBreaker::builder("payments").failure_threshold(2);
    /// let middleware = GuardMiddleware::builder("payments").circuit_breaker(breaker).build()?;
    /// let breaker = middleware.circuit_breaker("https://payments.example/orders").unwrap();
    /// assert_eq!(breaker.name(), "payments[payments.example]");
    /// assert_eq!(breaker.config().failure_threshold, Some(2));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn circuit_breaker(mut self, builder: BreakerBuilder) -> Self {
        self.breakers = BreakerSetting::PerHost(Box::new(builder));
        self
    }

    /// Sets one breaker for all hosts.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, integrations::reqwest_middleware::GuardMiddleware};
    ///
    /// let breaker = CircuitBreaker::builder("payments").build()?;
    /// let middleware = GuardMiddleware::builder("payments").one_circuit_breaker(breaker).build()?;
    /// assert_eq!(middleware.circuit_breaker("https://a.example/").unwrap().name(), "payments");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn one_circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breakers = BreakerSetting::One(breaker);
        self
    }

    /// Sends requests whatever the outcomes of earlier ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::builder("payments").without_circuit_breaker().build()?;
    /// assert!(middleware.circuit_breaker("https://a.example/").is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn without_circuit_breaker(mut self) -> Self {
        self.breakers = BreakerSetting::None;
        self
    }

    /// Sets the header that carries the time that remains; requests outside of every deadline have
    /// none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call::wire::DeadlineHeader, integrations::reqwest_middleware::GuardMiddleware};
    ///
    /// let middleware = GuardMiddleware::builder("payments").deadline_header(DeadlineHeader::GRPC).build()?;
    /// assert_eq!(middleware.deadline_header(), Some(&DeadlineHeader::GRPC));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn deadline_header(mut self, header: DeadlineHeader) -> Self {
        self.header = Some(header);
        self
    }

    /// Sends no header with the time that remains. A deadline holds for the requests nevertheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::builder("payments").without_deadline_header().build()?;
    /// assert_eq!(middleware.deadline_header(), None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn without_deadline_header(mut self) -> Self {
        self.header = None;
        self
    }

    /// Repeats requests of every method; for services on which a `POST` can be sent twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::builder("search").repeat_every_method().build()?;
    /// assert!(middleware.repeats_every_method());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn repeat_every_method(mut self) -> Self {
        self.every_method = true;
        self
    }

    /// Builds the middleware.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] of the settings of the breaker, or for a name that is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// assert!(GuardMiddleware::builder("payments").build().is_ok());
    /// assert_eq!(GuardMiddleware::builder("").build().unwrap_err().field(), "name");
    /// ```
    #[track_caller]
    pub fn build(self) -> Result<GuardMiddleware, ConfigError> {
        let breakers = match self.breakers {
            BreakerSetting::None => Breakers::None,
            BreakerSetting::One(breaker) => Breakers::One(breaker),
            BreakerSetting::PerHost(builder) => Breakers::PerHost(builder.build_keyed()?),
            BreakerSetting::Default => {
                let builder = CircuitBreaker::builder(self.name.to_string());
                Breakers::PerHost(builder.build_keyed()?)
            }
        };
        let retry = match self.retry {
            Some(retry) => retry,
            None => Some(Retry::builder().name(self.name.to_string()).build()?),
        };
        Ok(GuardMiddleware::new(
            self.name,
            retry,
            breakers,
            self.header,
            self.every_method,
        ))
    }
}
