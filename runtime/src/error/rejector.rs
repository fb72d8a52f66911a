//! The policy behind a rejection, and how a rejection refers to it.

use super::ErrorId;
use std::{fmt, ops::Deref, sync::Arc};

/// The policy behind a [`Rejection`](super::Rejection): it provides on request what the rejection itself need not
/// carry.
///
/// A rejection refers to its policy and fetches texts later, so that rejecting allocates and formats
/// nothing. Implement it to write a policy of your own.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, Rejection, error::{Policy, Rejector}};
/// use std::{sync::Arc, time::Duration};
///
/// #[derive(Debug)]
/// struct Uploads;
///
/// impl Rejector for Uploads {
///     fn name(&self) -> &str {
///         "uploads"
///     }
///
///     fn cause(&self, _generation: u64) -> Option<String> {
///         Some("12 uploads in one minute".to_owned())
///     }
/// }
///
/// let wait = Some(Duration::from_secs(20));
/// let rejection = Rejection::new(Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR, Arc::new(Uploads), 1, wait);
/// assert_eq!(rejection.to_string(), "rate_limit `uploads` rejected the call; try again in 20.0s");
/// assert_eq!(rejection.cause().as_deref(), Some("12 uploads in one minute"));
/// assert_eq!(AppError::from(rejection).to_problem().status(), 429);
/// ```
pub trait Rejector: fmt::Debug + Send + Sync + 'static {
    /// Returns the name under which the policy was built.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Rejector;
    ///
    /// #[derive(Debug)]
    /// struct Uploads { tenant: String }
    ///
    /// impl Rejector for Uploads {
    ///     fn name(&self) -> &str {
    ///         &self.tenant
    ///     }
    /// }
    ///
    /// let rejector: &dyn Rejector = &Uploads { tenant: "acme".to_owned() };
    /// assert_eq!((rejector.name(), rejector.state(1)), ("acme", None), "a policy need not have states");
    /// ```
    fn name(&self) -> &str;

    /// Returns, in one line, what made the policy reject in `generation`, where that is still
    /// known.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{ErrorCode, Rejection, error::{ErrorId, Policy, Rejector}};
    /// # use std::sync::Arc;
    /// #[derive(Debug)]
    /// struct Uploads { latest: (u64, &'static str) }
    ///
    /// impl Rejector for Uploads {
    ///     # fn name(&self) -> &str { "uploads" }
    ///     fn cause(&self, generation: u64) -> Option<String> {
    ///         let (known, cause) = self.latest;
    ///         (generation == known).then(|| cause.to_owned())
    ///     }
    /// }
    ///
    /// let uploads = Arc::new(Uploads { latest: (2, "disk full") });
    /// let reject = |generation| Rejection::new(Policy::Bulkhead, ErrorCode::CONCURRENCY_LIMIT_ERROR, uploads.clone(), generation, None);
    /// assert_eq!((reject(1).cause(), reject(2).cause()), (None, Some("disk full".to_owned())));
    /// ```
    fn cause(&self, generation: u64) -> Option<String> {
        let _ = generation;
        None
    }

    /// Returns the name of the state in which the policy rejected in `generation`, for example
    /// `open`, where it has states and that one is still known.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{ErrorCode, Rejection, error::{ErrorId, Policy, Rejector}};
    /// # use std::sync::Arc;
    /// #[derive(Debug)]
    /// struct Uploads;
    ///
    /// impl Rejector for Uploads {
    ///     # fn name(&self) -> &str { "uploads" }
    ///     fn state(&self, generation: u64) -> Option<&'static str> {
    ///         (generation > 0).then_some("draining")
    ///     }
    /// }
    ///
    /// let rejection = Rejection::new(Policy::Bulkhead, ErrorCode::CONCURRENCY_LIMIT_ERROR, Arc::new(Uploads), 1, None);
    /// assert_eq!(rejection.state(), Some("draining"));
    /// ```
    fn state(&self, generation: u64) -> Option<&'static str> {
        let _ = generation;
        None
    }

    /// Returns the identity of the event that made the policy reject in `generation`, for example
    /// the opening of a circuit, where there is one event behind many rejections and it is still
    /// known.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{ErrorCode, Rejection, error::{ErrorId, Policy, Rejector}};
    /// # use std::sync::Arc;
    /// # use gardefou::AppError;
    /// #[derive(Debug)]
    /// struct Uploads { stopped: ErrorId }
    ///
    /// impl Rejector for Uploads {
    ///     # fn name(&self) -> &str { "uploads" }
    ///     fn opening(&self, _generation: u64) -> Option<ErrorId> {
    ///         Some(self.stopped)
    ///     }
    /// }
    ///
    /// let stopped = ErrorId::new();
    /// let uploads = Arc::new(Uploads { stopped });
    /// let rejection = Rejection::new(Policy::Bulkhead, ErrorCode::CONCURRENCY_LIMIT_ERROR, uploads, 1, None);
    /// assert_eq!(AppError::from(rejection).id(), stopped, "all rejections are one event");
    /// ```
    fn opening(&self, generation: u64) -> Option<ErrorId> {
        let _ = generation;
        None
    }
}

/// How a rejection refers to its policy. No larger than a counted reference: of a pointer that is never
/// null the compiler takes the null for the second variant.
#[derive(Clone)]
pub(crate) enum RejectorRef {
    /// Counts a reference: threads that reject calls of one policy at once write one word.
    Counted(Arc<dyn Rejector>),
    /// Of a policy that is never dropped: nothing is written.
    Lasting(&'static Arc<dyn Rejector>),
}

const _: () = assert!(size_of::<RejectorRef>() == size_of::<Arc<dyn Rejector>>());

impl Deref for RejectorRef {
    type Target = dyn Rejector;

    fn deref(&self) -> &dyn Rejector {
        match self {
            Self::Counted(rejector) => &**rejector,
            Self::Lasting(rejector) => &***rejector,
        }
    }
}

impl From<Arc<dyn Rejector>> for RejectorRef {
    #[inline]
    fn from(rejector: Arc<dyn Rejector>) -> Self {
        Self::Counted(rejector)
    }
}

impl From<&'static Arc<dyn Rejector>> for RejectorRef {
    #[inline]
    fn from(rejector: &'static Arc<dyn Rejector>) -> Self {
        Self::Lasting(rejector)
    }
}
