//! Bulkheads by name: two attributes that name one bulkhead share it.

use super::{config::BulkheadConfig, handle::Bulkhead, snapshot::BulkheadSnapshot};
use crate::{
    event::names::TARGET_BULKHEAD,
    registry::{ByName, OfProcess},
};
use std::{panic::Location, sync::Arc};

/// The named bulkheads of the process; bounded by the names in the program.
static NAMED: OfProcess<Bulkhead> = OfProcess::new();

/// The bulkheads that have a name in the whole process: those of attributes with a `name`, and of
/// [`build_shared`](super::BulkheadBuilder::build_shared).
///
/// # Examples
///
/// ```
/// use gardefou::bulkhead::{Bulkhead, bulkheads};
///
/// let payments = Bulkhead::builder("payments").max_concurrent(8).build_shared()?;
/// let _running = payments.try_acquire()?;
/// assert_eq!(bulkheads().get("payments").unwrap().snapshot().in_flight, 1);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BulkheadRegistry(Arc<ByName<Bulkhead>>);

/// Returns the named bulkheads of the process, or of the test scope that this thread is in.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, bulkhead, bulkhead::bulkheads};
///
/// #[bulkhead(name = "search", max_concurrent = 4)]
/// fn search() -> Result<u32, AppError> {
///     Ok(7)
/// }
///
/// search()?;
/// let snapshot = bulkheads().get("search").unwrap().snapshot();
/// assert_eq!((snapshot.limit, snapshot.admitted), (4, 1));
/// # Ok::<(), AppError>(())
/// ```
#[must_use]
pub fn bulkheads() -> BulkheadRegistry {
    BulkheadRegistry(ByName::current(&NAMED))
}

impl BulkheadRegistry {
    /// Returns the bulkhead of that name, if there is one. An attribute makes its own with the first
    /// call.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::{Bulkhead, bulkheads};
    ///
    /// assert!(bulkheads().get("exports").is_none());
    /// Bulkhead::builder("exports").build_shared()?;
    /// assert_eq!(bulkheads().get("exports").unwrap().name(), "exports");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Bulkhead> {
        self.0.get(name)
    }

    /// Returns a snapshot of each bulkhead, in the order of their names.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::{Bulkhead, bulkheads};
    ///
    /// for name in ["snapshots-b", "snapshots-a"] {
    ///     Bulkhead::builder(name).build_shared()?;
    /// }
    /// let names: Vec<String> = bulkheads().snapshots().into_iter().map(|snapshot| snapshot.name).collect();
    /// assert_eq!(names, ["snapshots-a", "snapshots-b"]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn snapshots(&self) -> Vec<BulkheadSnapshot> {
        let all = self.0.all();
        all.iter().map(Bulkhead::snapshot).collect()
    }

    /// Returns the bulkhead that has the name of `made`, which is that one if there is none.
    pub(super) fn get_or_insert(
        &self,
        made: Bulkhead,
        place: &'static Location<'static>,
    ) -> Bulkhead {
        let config = made.config().clone();
        let name: Box<str> = made.name().into();
        let shared = self.0.get_or_insert(&name, made);
        if *shared.config() != config {
            warn_of_difference(&shared, &config, place);
        }
        shared
    }
}

#[cold]
fn warn_of_difference(
    shared: &Bulkhead,
    config: &BulkheadConfig,
    place: &'static Location<'static>,
) {
    tracing::warn!(
        target: TARGET_BULKHEAD,
        bulkhead = %crate::error::redact::name(shared.name()),
        second = %place,
        "the bulkhead has another configuration already, which stays: {:?}, here {config:?}",
        shared.config(),
    );
}
