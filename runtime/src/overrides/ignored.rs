//! Settings of overrides that have no effect on a guard.

use super::{guard::Configurable, overrides::Override};
use crate::{error::redact, event::names::TARGET_CONFIG, sync::global::Mutex};
use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

/// A setting that has no effect on one guard.
#[derive(Debug)]
pub(super) struct Ignored {
    place: String,
    section: &'static str,
    name: String,
    setting: &'static str,
    why: &'static str,
}

/// Returns the settings that have no effect on a guard, as its code is.
pub(super) fn ignored<B: Configurable>(
    name: &str,
    code: &B,
    sections: &[Arc<Override>],
) -> Vec<Ignored> {
    let all = sections.iter().flat_map(|section| &section.assignments);
    let ignored = all.filter_map(|assignment| {
        Some(Ignored {
            why: code.without_effect(assignment.name)?,
            place: assignment.place.to_string(),
            section: B::SECTION,
            name: redact::name(name).to_string(),
            setting: assignment.name,
        })
    });
    ignored.collect()
}

impl Ignored {
    /// Logs a warning, once for each place and guard.
    #[cold]
    pub(super) fn report(&self) {
        warn_once(&format!(
            "{}: `{}` of {} `{}` has no effect: {}",
            self.place, self.setting, self.section, self.name, self.why
        ));
    }
}

/// How many warnings are kept apart. Those that come later may be logged again.
const MOST: usize = 1_000;

/// Logs a warning about a setting without effect, unless it was logged already.
#[cold]
pub(crate) fn warn_once(text: &str) {
    static LOGGED: LazyLock<Mutex<BTreeSet<String>>> = LazyLock::new(Mutex::default);
    let is_new = {
        let mut logged = LOGGED.lock();
        if logged.len() >= MOST {
            logged.clear();
        }
        logged.insert(text.to_owned())
    };
    if is_new {
        tracing::warn!(target: TARGET_CONFIG, "{text}");
    }
}
