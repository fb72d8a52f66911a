//! Bulkheads by name: two attributes that name one bulkhead share it.

use super::{handle::Bulkhead, snapshot::BulkheadSnapshot};
use crate::{
    event::names::TARGET_BULKHEAD,
    keyed::Keyed,
    registry::{ByName, OfProcess},
};
use std::{fmt, panic::Location, sync::Arc};

/// The named bulkheads of the process; bounded by the names in the program.
static NAMED: OfProcess<Bulkhead> = OfProcess::new();

/// Those by key.
static KEYED: OfProcess<Keyed<Bulkhead>> = OfProcess::new();

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
pub struct BulkheadRegistry {
    unkeyed: Arc<ByName<Bulkhead>>,
    keyed: Arc<ByName<Keyed<Bulkhead>>>,
}

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
#[inline]
pub fn bulkheads() -> BulkheadRegistry {
    BulkheadRegistry {
        unkeyed: ByName::current(&NAMED),
        keyed: ByName::current(&KEYED),
    }
}

// Inline, like all that makes or lists guards by key: compiled only into programs that call it.
impl BulkheadRegistry {
    /// Returns the bulkhead of that name, if there is one: `reports`, or `reports[acme]` for the one of
    /// a key. An attribute makes its own with the first call.
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
    #[inline]
    pub fn get(&self, name: &str) -> Option<Bulkhead> {
        self.unkeyed
            .get(name)
            .or_else(|| self.keyed.guard_of_key(name))
    }

    /// Returns the bulkheads by key of that name, if there are any.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, bulkhead, bulkhead::bulkheads};
    ///
    /// #[bulkhead(name = "exports-by-tenant", max_concurrent = 2, key = tenant)]
    /// fn export(tenant: &str) -> Result<usize, AppError> {
    ///     Ok(tenant.len())
    /// }
    ///
    /// export("acme")?;
    /// let tenants = bulkheads().get_keyed("exports-by-tenant").unwrap();
    /// assert_eq!(tenants.keys(), ["acme"]);
    /// assert_eq!(bulkheads().get("exports-by-tenant[acme]").unwrap().snapshot().admitted, 1);
    /// # Ok::<(), AppError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get_keyed(&self, name: &str) -> Option<Keyed<Bulkhead>> {
        self.keyed.get(name)
    }

    /// Returns a snapshot of each bulkhead, in the order of their names, and then of each one of a key.
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
    #[inline]
    pub fn snapshots(&self) -> Vec<BulkheadSnapshot> {
        self.all().iter().map(Bulkhead::snapshot).collect()
    }

    /// Returns each bulkhead, in the order of their names, and then each one of a key.
    #[inline]
    pub(super) fn all(&self) -> Vec<Bulkhead> {
        let mut all = self.unkeyed.all();
        all.append(&mut self.keyed.guards_of_keys());
        all
    }

    /// Returns the bulkhead that has the name of `made`, which is that one if there is none.
    #[inline]
    pub(super) fn get_or_insert(
        &self,
        made: Bulkhead,
        place: &'static Location<'static>,
    ) -> Bulkhead {
        let config = made.config().clone();
        let name: Box<str> = made.name().into();
        let shared = self.unkeyed.get_or_insert(&name, made);
        if *shared.config() != config {
            warn_of_difference(shared.name(), shared.config(), &config, place);
        }
        shared
    }

    /// Returns the bulkheads by key that have the name of `made`, which are those if there are none.
    #[inline]
    pub(super) fn get_or_insert_keyed(
        &self,
        made: &Keyed<Bulkhead>,
        place: &'static Location<'static>,
    ) -> Keyed<Bulkhead> {
        let shared = self.keyed.get_or_insert(made.name(), made.clone());
        let (first, second) = (
            (shared.config(), shared.max_keys()),
            (made.config(), made.max_keys()),
        );
        if first != second {
            warn_of_difference(shared.name(), &first, &second, place);
        }
        shared
    }
}

#[cold]
fn warn_of_difference(
    name: &str,
    first: &dyn fmt::Debug,
    second: &dyn fmt::Debug,
    place: &'static Location<'static>,
) {
    tracing::warn!(
        target: TARGET_BULKHEAD,
        bulkhead = %crate::error::redact::name(name),
        second = %place,
        "the bulkhead has another configuration already, which stays: {first:?}, here {second:?}",
    );
}
