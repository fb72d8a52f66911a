//! Permits: the right to one call.

use super::{admission::Admission, aimd::Signal, held, held::Held, inner::Inner};
use crate::{error::PolicyRef, event::Shown};
use std::{fmt, sync::Arc};

/// The right to make one call, whose slot is given back when this is dropped.
///
/// A fixed limit needs nothing else. An [adaptive](super::BulkheadBuilder::adaptive) one learns from
/// [`success`](Self::success) and [`failure`](Self::failure); a permit that is only dropped shows
/// nothing, unless it is dropped with a future whose time limit is over.
///
/// It owns its share of the bulkhead, so that it can be moved into a task or thread.
///
/// # Examples
///
/// ```
/// use gardefou::bulkhead::Bulkhead;
///
/// let uploads = Bulkhead::builder("uploads").max_concurrent(1).build()?;
/// let permit = uploads.try_acquire()?;
/// let worker = std::thread::spawn(move || {
///     let _permit = permit; // until the thread ends
/// });
/// worker.join().unwrap();
/// assert_eq!(uploads.snapshot().in_flight, 0);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[must_use = "a permit that is dropped at once limits nothing"]
pub struct BulkheadPermit {
    inner: PolicyRef<Inner>,
    /// A whole word: what is written in parts and moved as a whole makes the processor wait.
    admission: Admission,
}

impl BulkheadPermit {
    #[inline(always)]
    pub(super) fn new(inner: &Arc<Inner>, held: Held<'_>) -> Self {
        Self {
            inner: inner.lasting.refer(inner),
            admission: held.into_admission(),
        }
    }

    /// Gives the slot back after a success, which raises an adaptive limit if enough of them come
    /// while at least half of the slots are in use.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").adaptive(true).max_concurrent(2).build()?;
    /// search.try_acquire()?.success();
    /// search.try_acquire()?.success();
    /// assert_eq!(search.snapshot().limit, 3);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn success(self) {
        self.end(Signal::Success);
    }

    /// Gives the slot back after a failure that shows overload, such as a timeout or a refused
    /// connection: it lowers an adaptive limit to nine tenths, unless another call did so after this
    /// one was admitted.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").adaptive(true).max_concurrent(100).build()?;
    /// let (one, other) = (search.try_acquire()?, search.try_acquire()?);
    /// one.failure();
    /// assert_eq!(search.snapshot().limit, 90);
    /// other.failure(); // ran at the same time
    /// assert_eq!(search.snapshot().limit, 90);
    /// search.try_acquire()?.failure();
    /// assert_eq!(search.snapshot().limit, 81);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn failure(self) {
        self.end(Signal::Overload);
    }

    /// Gives the slot back after a call that shows nothing about the load of the callee.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").adaptive(true).max_concurrent(1).build()?;
    /// search.try_acquire()?.ignore();
    /// let snapshot = search.snapshot();
    /// assert_eq!((snapshot.limit, snapshot.in_flight), (1, 0));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn ignore(self) {
        self.end(Signal::Neutral);
    }

    /// Gives the slot back after a call with this outcome.
    #[cfg(feature = "tower")]
    pub(super) fn end_with<T, E: 'static>(self, outcome: &Result<T, E>) {
        let signal = if self.inner.is_adaptive() {
            held::signal(outcome, held::by_view)
        } else {
            Signal::Neutral
        };
        self.end(signal);
    }

    fn end(mut self, signal: Signal) {
        self.inner.learn(self.admission, signal);
        self.admission = self.admission.learned();
    }
}

impl Drop for BulkheadPermit {
    #[inline]
    fn drop(&mut self) {
        if self.admission.is_learned() {
            self.inner.release(self.admission);
        } else {
            held::end_by_drop(&self.inner, self.admission);
        }
    }
}

impl fmt::Debug for BulkheadPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadPermit")
            .field("bulkhead", &Shown(&self.inner.name))
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::handle::Bulkhead;
    use std::sync::Arc;

    #[test]
    fn permit_of_a_kept_bulkhead_counts_no_reference_and_gives_its_slot_back() {
        let built = || {
            Bulkhead::builder("permits")
                .max_concurrent(1)
                .build()
                .unwrap()
        };
        let kept: &'static Bulkhead = built().leak();
        let handles = Arc::strong_count(&kept.0);
        let permit = kept.try_acquire().unwrap();
        assert_eq!(Arc::strong_count(&kept.0), handles);
        assert!(kept.try_acquire().is_err());
        std::thread::spawn(move || drop(permit)).join().unwrap();
        assert!(kept.try_acquire().is_ok());

        let counted = built();
        let (_permit, inner) = (counted.try_acquire().unwrap(), Arc::downgrade(&counted.0));
        drop(counted);
        assert!(inner.upgrade().is_some(), "the permit is what keeps it");
    }
}
