//! Check of free disk space.

use super::limits::unknown;
use crate::{
    error::ConfigError,
    health::{check::Check, result::CheckResult},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// A check of the free space on the disk of a folder, as far as the program may use it.
///
/// It needs the feature `health-system`, without which the answer is warn: unknown.
///
/// # Defaults
///
/// Warn below 2 GiB, fail below 1 GiB. Registering a `warn_below` under `fail_below` is an error. Important, for readiness, named `disk_space`.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, builtin::DiskSpace};
///
/// let health = Health::default();
/// health.register(DiskSpace::new(".").fail_below(1).warn_below(2).check())?;
/// assert!(health.run_check("disk_space")?.passed());
///
/// health.register(DiskSpace::new("no/such/folder").check_named("archive"))?;
/// # #[cfg(feature = "health-system")]
/// assert!(!health.run_check("archive")?.passed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it is registered"]
pub struct DiskSpace {
    folder: PathBuf,
    warn: u64,
    fail: u64,
}

impl DiskSpace {
    /// Makes a check with the defaults, for the disk that `folder` is on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status, builtin::DiskSpace};
    ///
    /// let health = Health::default();
    /// health.register(DiskSpace::new("no/such/folder").check())?;
    /// assert_ne!(health.run_check("disk_space")?.status, Status::Pass);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            warn: 2 * GIB,
            fail: GIB,
        }
    }

    /// Sets the number of free bytes below which the check warns.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status, builtin::DiskSpace};
    ///
    /// let health = Health::default();
    /// health.register(DiskSpace::new(".").warn_below(u64::MAX).check())?;
    /// assert_ne!(health.run_check("disk_space")?.status, Status::Pass);
    /// let under_fail = health.register(DiskSpace::new(".").warn_below(0).check_named("other"));
    /// assert!(under_fail.unwrap_err().to_string().contains("must be at least fail_below"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warn_below(mut self, bytes: u64) -> Self {
        self.warn = bytes;
        self
    }

    /// Sets the number of free bytes below which the check fails; a `warn_below` under it is raised
    /// to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status, builtin::DiskSpace};
    ///
    /// let health = Health::default();
    /// health.register(DiskSpace::new(".").fail_below(u64::MAX).check())?;
    /// let report = health.run_check("disk_space")?;
    /// # #[cfg(feature = "health-system")]
    /// assert_eq!(report.status, Status::Fail);
    /// # assert_ne!(report.status, Status::Pass);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail_below(mut self, bytes: u64) -> Self {
        self.fail = bytes;
        self.warn = self.warn.max(bytes);
        self
    }

    /// Makes the check under the name `disk_space`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::DiskSpace};
    ///
    /// let health = Health::default();
    /// health.register(DiskSpace::new(".").check())?;
    /// assert_eq!(health.run_check("disk_space")?.group.as_deref(), Some("system"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(self) -> Check {
        self.check_named("disk_space")
    }

    /// Makes the check under another name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::DiskSpace};
    ///
    /// let health = Health::default();
    /// health.register(DiskSpace::new("/").check_named("root"))?;
    /// health.register(DiskSpace::new("/var").check_named("var"))?;
    /// assert_eq!(health.names(), ["root", "var"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_named(self, name: impl Into<String>) -> Check {
        let rule = "must be at least fail_below";
        let problem =
            (self.warn < self.fail).then(|| ConfigError::new("warn_below", self.warn, rule));
        let check = move || self.evaluate(free(&self.folder));
        Check::dependency(name, check)
            .group("system")
            .with_problems(problem)
    }

    fn evaluate(&self, free: io::Result<Option<u64>>) -> CheckResult {
        let folder = self.folder.display();
        let free = match free {
            Ok(Some(free)) => free,
            Ok(None) => return unknown("free disk space needs the feature `health-system`"),
            Err(err) => {
                return CheckResult::fail(format!("cannot read the free space of {folder}: {err}"));
            }
        };
        let text = format!(
            "{:.2} GiB are free on the disk of {folder}",
            free as f64 / GIB as f64
        );
        let result = if free < self.fail {
            CheckResult::fail(text)
        } else if free < self.warn {
            CheckResult::warn(text)
        } else {
            CheckResult::pass()
        };
        result.with_detail("free_bytes", free)
    }
}

#[cfg(feature = "health-system")]
fn free(folder: &Path) -> io::Result<Option<u64>> {
    fs4::available_space(folder).map(Some)
}

#[cfg(not(feature = "health-system"))]
fn free(_folder: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}

const GIB: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    #[test]
    fn check_fails_one_byte_below_one_gib() {
        let disk = DiskSpace::new("/data");
        let of = |free| disk.evaluate(Ok(Some(free))).status();
        assert_eq!(
            [of(2 * GIB), of(GIB), of(GIB - 1)],
            [Status::Pass, Status::Warn, Status::Fail]
        );
    }

    #[test]
    fn unknown_space_warns_and_a_missing_folder_fails() {
        let disk = DiskSpace::new("/data");
        assert_eq!(disk.evaluate(Ok(None)).status(), Status::Warn);
        assert_eq!(
            disk.evaluate(Err(io::ErrorKind::NotFound.into())).status(),
            Status::Fail
        );
    }

    #[cfg(feature = "health-system")]
    #[test]
    fn free_space_of_an_existing_folder_is_known() {
        assert!(free(Path::new(".")).unwrap().is_some());
        assert!(free(Path::new("/no/such/folder")).is_err());
    }
}
