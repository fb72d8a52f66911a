//! The process-wide registry, and the checks that are declared with `#[health_check]`.

use super::{check_list::RegisterError, config::HealthConfig, handle::Health};
use crate::{scope, time::SharedClock};
use std::sync::OnceLock;

/// Returns the process-wide registry; inside of a test scope, that of the scope.
///
/// [`health_check`](health_check()) is another name for this function.
///
/// # Examples
///
/// ```
/// use gardefou::{health, health::ProbeKind};
///
/// health().register_check("custom-service", || true)?;
/// assert!(health().run_all_checks().passed()["custom-service"]);
/// assert!(health().probe(ProbeKind::Liveness).is_healthy());
/// # Ok::<(), gardefou::health::RegisterError>(())
/// ```
#[must_use]
pub fn health() -> &'static Health {
    match scope::part(|_| {
        let (health, _refused) = with_declared_checks(SharedClock::current());
        HealthOfScope(Box::leak(Box::new(health)))
    }) {
        Some(health) => health.0,
        None => &process_wide().0,
    }
}

/// Returns the process-wide registry: another name for [`health`](health()), after the function of
/// the Python library.
///
/// # Examples
///
/// ```
/// let health = gardefou::health_check();
/// health.register_check("custom-service", || true)?;
/// assert_eq!(health.run_all_checks().passed()["custom-service"], true);
/// # Ok::<(), gardefou::health::RegisterError>(())
/// ```
#[must_use]
pub fn health_check() -> &'static Health {
    health()
}

/// The registry of a test scope: it lives as long as the program, and is cleared when the scope
/// ends.
struct HealthOfScope(&'static Health);

impl Drop for HealthOfScope {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Returns the process-wide registry, and why declared checks are not registered.
fn process_wide() -> &'static (Health, Vec<String>) {
    static GLOBAL: OnceLock<(Health, Vec<String>)> = OnceLock::new();
    GLOBAL.get_or_init(|| with_declared_checks(SharedClock::default()))
}

/// Makes a registry with the declared checks; returns also why some are not registered.
fn with_declared_checks(clock: SharedClock) -> (Health, Vec<String>) {
    let health = Health::build(HealthConfig::default(), clock, true);
    let refused = register_all(&health);
    (health, refused)
}

/// Returns why declared checks are not registered in the process-wide registry.
pub(crate) fn refused_static_checks() -> &'static [String] {
    &process_wide().1
}

/// A check that `#[health_check]` on a function adds to the program's list at link time. The
/// process-wide registry registers them all when it is first used.
#[derive(Debug)]
pub struct StaticCheck {
    name: &'static str,
    place: &'static str,
    register: fn(&Health) -> Result<(), RegisterError>,
}

impl StaticCheck {
    /// Makes an entry of the list: the name of the check, the file and line of its declaration, and
    /// the function that registers it. Used by generated code.
    #[must_use]
    pub const fn new(
        name: &'static str,
        place: &'static str,
        register: fn(&Health) -> Result<(), RegisterError>,
    ) -> Self {
        Self {
            name,
            place,
            register,
        }
    }
}

inventory::collect!(StaticCheck);

/// Registers every check of the list, ordered by place, and returns why some are refused.
fn register_all(health: &Health) -> Vec<String> {
    let mut all: Vec<&StaticCheck> = inventory::iter::<StaticCheck>.into_iter().collect();
    // The order of the linker is not stable.
    all.sort_by_key(|check| (check.place, check.name));
    let refused = all.iter().filter_map(|check| {
        let err = (check.register)(health).err()?;
        let first = all
            .iter()
            .find(|other| other.name == check.name && other.place != check.place);
        let beside = first
            .map(|first| format!(" (another is declared at {})", first.place))
            .unwrap_or_default();
        Some(format!(
            "health check `{}` declared at {} is not registered: {err}{beside}",
            check.name, check.place
        ))
    });
    refused.collect()
}
