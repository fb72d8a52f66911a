//! A flag that is no setting of a guard itself, but of the sites that call it.

use super::{setting::Value, state};
use crate::scope;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the overrides in force set for one site, as it was looked up last.
#[derive(Debug)]
pub(crate) struct SiteFlag(AtomicU64);

/// The version of the overrides stands above the value.
const VALUE_BITS: u32 = 2;
const VALUES: u64 = (1 << VALUE_BITS) - 1;
const UNSET: u64 = 1;
const OFF: u64 = 2;
const ON: u64 = 3;

impl SiteFlag {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Returns what the sections about one of these guards, each with its section, set; the first
    /// guard about which there is one counts.
    pub(crate) fn get<'a, const N: usize>(
        &self,
        setting: &str,
        guards: impl FnOnce() -> [Option<(&'static str, &'a str)>; N],
    ) -> Option<bool> {
        if scope::is_entered() {
            // Each scope has overrides of its own.
            return look_up(setting, guards());
        }
        let version = state::version() << VALUE_BITS;
        // Relaxed: the word stands for itself.
        let known = self.0.load(Ordering::Relaxed);
        let value = if known & !VALUES == version && known & VALUES != 0 {
            known & VALUES
        } else {
            let value = match look_up(setting, guards()) {
                None => UNSET,
                Some(false) => OFF,
                Some(true) => ON,
            };
            self.0.store(version | value, Ordering::Relaxed);
            value
        };
        (value != UNSET).then_some(value == ON)
    }
}

#[cold]
fn look_up<const N: usize>(
    setting: &str,
    guards: [Option<(&'static str, &str)>; N],
) -> Option<bool> {
    guards.into_iter().flatten().find_map(|(section, name)| {
        let sections = state::sections_of(section, name);
        // The most specific one comes last.
        let mut all = sections.iter().flat_map(|section| &section.assignments);
        let value = all.rfind(|one| one.name == setting)?;
        match value.value {
            Value::Flag(is_on) => Some(is_on),
            _ => None,
        }
    })
}
