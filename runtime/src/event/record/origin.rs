//! The program that records come from.

use crate::sync::global::RwLock;
use std::{
    env, fs,
    sync::{Arc, OnceLock},
};

/// The program that a record comes from, as it was described when the error system was initialised.
///
/// # Examples
///
/// ```standalone_crate
/// use gardefou::{AppError, ErrorCode, ErrorSystem, error_monitor, monitor::journal::{JournalConfig, Query}};
///
/// # let folder = std::env::temp_dir().join(format!("gardefou-origin-{}", std::process::id()));
/// let guard = ErrorSystem::builder()
///     .service("orders")
///     .release("1.4.2")
///     .environment("production")
///     .journal(JournalConfig::builder(&folder))
///     .init()?;
/// error_monitor().record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
/// let page = error_monitor().query(&Query::new())?;
/// let origin = page.records[0].origin.as_deref().unwrap();
/// assert_eq!((origin.service.as_deref(), origin.release.as_deref()), (Some("orders"), Some("1.4.2")));
/// # drop(guard);
/// # let _ = std::fs::remove_dir_all(folder);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Origin {
    /// The name of the program, for example `orders`.
    pub service: Option<String>,
    /// Its version, for example `1.4.2`.
    pub release: Option<String>,
    /// Where it runs, for example `production`.
    pub environment: Option<String>,
    /// The name of the machine, where that is known.
    pub host: Option<String>,
}

impl Origin {
    /// Describes a program; the texts are redacted and bounded.
    pub(crate) fn new(
        service: Option<&str>,
        release: Option<&str>,
        environment: Option<&str>,
    ) -> Self {
        let clean = |text: &str| super::text::clean_name(text.trim());
        Self {
            service: service.map(clean),
            release: release.map(clean),
            environment: environment.map(clean),
            host: None,
        }
    }

    /// Sets the origin of all records of the process from now on.
    pub(crate) fn set(self) {
        let before = CURRENT.write().replace(Arc::new(self));
        drop(before);
    }

    /// Returns the origin of the process, once it is set.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.read().clone()
    }

    /// Returns the known parts, by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self {
            service,
            release,
            environment,
            host,
        } = self;
        let all = [
            ("service", service),
            ("release", release),
            ("environment", environment),
            ("host", host),
        ];
        all.into_iter()
            .filter_map(|(key, value)| Some((key, value.as_deref()?)))
    }

    /// Adds the name of the machine.
    pub(crate) fn on_this_host(self) -> Self {
        static HOST: OnceLock<Option<String>> = OnceLock::new();
        Self {
            host: HOST.get_or_init(host).clone(),
            ..self
        }
    }
}

/// Replaced when the system is initialised, read when a record is made.
static CURRENT: RwLock<Option<Arc<Origin>>> = RwLock::new(None);

/// Returns the name of the machine, from the Linux kernel or the environment.
fn host() -> Option<String> {
    let of_kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let of_shell = || {
        ["HOSTNAME", "COMPUTERNAME"]
            .into_iter()
            .find_map(|name| env::var(name).ok())
    };
    let name = of_kernel.or_else(of_shell)?;
    let name = name.trim();
    (!name.is_empty() && name != "(none)").then(|| super::text::clean_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_parts_have_keys_and_the_host_is_read() {
        let origin = Origin {
            release: Some("1.4.2".into()),
            ..Origin::default()
        };
        assert_eq!(origin.entries().collect::<Vec<_>>(), [("release", "1.4.2")]);
        let here = origin.on_this_host();
        assert_eq!(here.host, host());
        #[cfg(target_os = "linux")]
        assert!(here.host.is_some_and(|name| !name.contains('\n')));
    }
}
