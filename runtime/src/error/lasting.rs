//! Policies that are kept until the program ends, and references to policies that count only where they must.

use super::{
    ErrorCode,
    rejection::{Policy, Rejection, RetryAfter},
    rejector::Rejector,
};
use once_cell::race::OnceRef;
use std::{fmt, ops::Deref, sync::Arc};

/// Whether a policy is kept until the program ends, as those of attributes are. Part of the policy itself.
pub(crate) struct Lasting<R: 'static>(OnceRef<'static, Kept<R>>);

struct Kept<R> {
    policy: Arc<R>,
    rejector: Arc<dyn Rejector>,
}

/// A reference to a policy that is held without a borrow of it.
pub(crate) enum PolicyRef<R: 'static> {
    /// Counts a reference: threads that use one policy at once write one word.
    Counted(Arc<R>),
    /// To a policy that is never dropped: nothing is written.
    Lasting(&'static R),
}

impl<R: Rejector> Lasting<R> {
    /// Keeps the policy until the program ends.
    pub(crate) fn keep(&self, policy: &Arc<R>) {
        if self.0.get().is_none() {
            let kept = Kept {
                policy: Arc::clone(policy),
                rejector: Arc::<R>::clone(policy),
            };
            // Two threads at once may both keep it: it is kept in any case.
            let _ = self.0.set(Box::leak(Box::new(kept)));
        }
    }

    /// Returns a reference to the policy.
    #[inline(always)]
    pub(crate) fn refer(&self, policy: &Arc<R>) -> PolicyRef<R> {
        match self.0.get() {
            Some(kept) => PolicyRef::Lasting(&kept.policy),
            None => PolicyRef::Counted(Arc::clone(policy)),
        }
    }

    /// Makes the rejection of the policy, and goes on with it: apart for each kind of reference, so that
    /// its parts stay in registers.
    #[inline(always)]
    pub(crate) fn reject<T>(
        &self,
        rejector: &Arc<R>,
        (policy, code): (Policy, ErrorCode),
        generation: u64,
        retry_after: RetryAfter,
        go: impl FnOnce(Rejection) -> T,
    ) -> T {
        match self.0.get() {
            Some(kept) => go(Rejection::of(
                policy,
                code,
                &kept.rejector,
                generation,
                retry_after,
            )),
            None => {
                let rejector: Arc<dyn Rejector> = Arc::<R>::clone(rejector);
                go(Rejection::of(
                    policy,
                    code,
                    rejector,
                    generation,
                    retry_after,
                ))
            }
        }
    }
}

impl<R> Default for Lasting<R> {
    fn default() -> Self {
        Self(OnceRef::new())
    }
}

impl<R> fmt::Debug for Lasting<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lasting")
            .field(&self.0.get().is_some())
            .finish()
    }
}

impl<R> Deref for PolicyRef<R> {
    type Target = R;

    #[inline]
    fn deref(&self) -> &R {
        match self {
            Self::Counted(policy) => policy,
            Self::Lasting(policy) => policy,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Uploads;

    impl Rejector for Uploads {
        fn name(&self) -> &str {
            "uploads"
        }
    }

    #[test]
    fn references_to_a_kept_policy_are_not_counted() {
        let (uploads, lasting) = (Arc::new(Uploads), Lasting::default());
        let reject = |uploads| {
            let kind = (Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR);
            lasting.reject(uploads, kind, 0, RetryAfter::NONE, |rejection| rejection)
        };
        let counted = reject(&uploads);
        assert_eq!(Arc::strong_count(&uploads), 2);
        assert!(matches!(lasting.refer(&uploads), PolicyRef::Counted(_)));
        drop(counted);

        lasting.keep(&uploads);
        lasting.keep(&uploads);
        let kept = Arc::strong_count(&uploads);
        let rejector = reject(&uploads);
        let (clone, policy) = (rejector.clone(), lasting.refer(&uploads));
        assert_eq!(Arc::strong_count(&uploads), kept, "it is kept once");
        drop(uploads);
        assert_eq!((rejector.name(), clone.name()), ("uploads", "uploads"));
        assert_eq!(policy.name(), "uploads");
    }
}
