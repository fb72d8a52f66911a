//! Checks that are registered where they are written.

use super::{check_list::RegisterError, handle::Health};

/// A check that `#[health_check]` on a function puts into the program's list at link time; the
/// process-wide registry takes them all in when it is first used.
#[derive(Debug)]
pub struct StaticCheck {
    name: &'static str,
    place: &'static str,
    register: fn(&Health) -> Result<(), RegisterError>,
}

impl StaticCheck {
    /// Makes the entry of the list: the check's name, the file and line of its declaration, and
    /// what registers it.
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

    /// Returns the name of the check.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the file and line of the declaration, as `src/db.rs:12`.
    #[must_use]
    pub const fn place(&self) -> &'static str {
        self.place
    }
}

inventory::collect!(StaticCheck);

/// Registers every check of the list, in the order of places, and returns what could not be.
pub(crate) fn register_all(health: &Health) -> Vec<String> {
    let mut all: Vec<&StaticCheck> = inventory::iter::<StaticCheck>.into_iter().collect();
    // The linker's order is none that anybody could rely on.
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
