//! What a place of a pipeline takes: a policy, or a builder of one.

#[cfg(feature = "async")]
use crate::hedge::{Hedge, HedgeBuilder};
use crate::{
    breaker::{BreakerBuilder, CircuitBreaker},
    bulkhead::{Bulkhead, BulkheadBuilder},
    error::ConfigError,
    rate_limit::{RateLimiter, RateLimiterBuilder},
    retry::{Retry, RetryBuilder},
    timeout::{Timeout, TimeoutBuilder},
};
use std::time::Duration;

/// A policy, or something that becomes one: its builder, or for a timeout its limit.
///
/// # Examples
///
/// ```
/// use gardefou::{pipeline::Pipeline, retry::Retry, timeout::Timeout};
/// use std::time::Duration;
///
/// let built = Retry::builder().max_retries(1).build()?;
/// let limit = Timeout::builder("payments").limit(Duration::from_secs(2));
/// let pipeline = Pipeline::builder("payments").retry(&built).timeout(limit).build()?;
/// assert_eq!(pipeline.call(|| Ok::<_, std::io::Error>(1)).unwrap(), 1);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
pub trait IntoPolicy<P> {
    /// Returns the policy; `name` is that of the pipeline.
    ///
    /// # Errors
    ///
    /// The problems that the builder finds.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{pipeline::IntoPolicy, timeout::Timeout};
    /// use std::time::Duration;
    ///
    /// let timeout: Timeout = Duration::from_secs(2).into_policy("payments")?;
    /// assert_eq!(timeout.name(), "payments");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    fn into_policy(self, name: &str) -> Result<P, ConfigError>;
}

/// Implements it for a policy, a reference to one, and its builder.
macro_rules! into_policy {
    ($($policy:ty: $builder:ty;)+) => {
        $(
            impl IntoPolicy<$policy> for $policy {
                fn into_policy(self, _: &str) -> Result<$policy, ConfigError> {
                    Ok(self)
                }
            }

            impl IntoPolicy<$policy> for &$policy {
                fn into_policy(self, _: &str) -> Result<$policy, ConfigError> {
                    Ok(self.clone())
                }
            }

            impl IntoPolicy<$policy> for $builder {
                fn into_policy(self, _: &str) -> Result<$policy, ConfigError> {
                    self.build()
                }
            }
        )+
    };
}

into_policy! {
    Bulkhead: BulkheadBuilder;
    CircuitBreaker: BreakerBuilder;
    RateLimiter: RateLimiterBuilder;
    Retry: RetryBuilder;
    Timeout: TimeoutBuilder;
}

#[cfg(feature = "async")]
into_policy! {
    Hedge: HedgeBuilder;
}

impl IntoPolicy<Timeout> for Duration {
    fn into_policy(self, name: &str) -> Result<Timeout, ConfigError> {
        Timeout::builder(name.to_owned()).limit(self).build()
    }
}
