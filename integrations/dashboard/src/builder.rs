//! The settings of a dashboard.

use crate::dashboard::Dashboard;
use gardefou::ConfigError;
use std::{fmt, ops::RangeInclusive, time::Duration};

/// Collects the settings of a [`Dashboard`].
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `title` | `gardefou` | 1 to 128 bytes, printable |
/// | `path` | `/gardefou` | `/`, or segments of letters, digits, `-`, `_`, `.` and `~` |
/// | `interval` | 1 s | 200 ms to 1 minute |
/// | `max_viewers` | 16 | 0 to 1,000 |
/// | `history` | 1,000 | 1 to 100,000 |
///
/// Values outside their range are reported by [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until `build`"]
pub struct DashboardBuilder(Settings);

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) title: String,
    pub(crate) path: String,
    pub(crate) interval: Duration,
    pub(crate) max_viewers: usize,
    pub(crate) history: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "gardefou".to_owned(),
            path: "/gardefou".to_owned(),
            interval: Duration::from_secs(1),
            max_viewers: 16,
            history: 1_000,
        }
    }
}

impl DashboardBuilder {
    pub(crate) fn new() -> Self {
        Self(Settings::default())
    }

    /// Sets the title of the page, usually the name of the service.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_dashboard::Dashboard;
    ///
    /// let dashboard = Dashboard::builder().title("orders").build()?;
    /// assert!(dashboard.report().html().contains("<title>orders"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.0.title = title.into();
        self
    }

    /// Sets the path of the page on its router; the JSON is below it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_dashboard::Dashboard;
    ///
    /// assert!(Dashboard::builder().path("/internal/ops").build().is_ok());
    /// let err = Dashboard::builder().path("ops/").build().unwrap_err();
    /// assert_eq!((err.field(), err.value()), ("path", "ops/"));
    /// ```
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.0.path = path.into();
        self
    }

    /// Sets the time between two samples while a page is open. A change of a circuit or of a health
    /// check brings an earlier one, at most five in a second.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_dashboard::Dashboard;
    /// use std::time::Duration;
    ///
    /// assert!(Dashboard::builder().interval(Duration::from_secs(5)).build().is_ok());
    /// let err = Dashboard::builder().interval(Duration::ZERO).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("interval", "must be from 200ms to 60s"));
    /// ```
    pub fn interval(mut self, interval: Duration) -> Self {
        self.0.interval = interval;
        self
    }

    /// Sets how many viewers may be connected at the same time. Others get the status 503, upon which
    /// the page asks for a whole snapshot every five seconds; with 0 viewers every page does that.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_dashboard::Dashboard;
    ///
    /// assert!(Dashboard::builder().max_viewers(0).build().is_ok());
    /// let err = Dashboard::builder().max_viewers(5_000).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_viewers", "must be from 0 to 1000"));
    /// ```
    pub fn max_viewers(mut self, viewers: usize) -> Self {
        self.0.max_viewers = viewers;
        self
    }

    /// Sets how many changes of states, and how many notifications, are kept; the oldest make room.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_dashboard::Dashboard;
    ///
    /// assert!(Dashboard::builder().history(200).build().is_ok());
    /// let err = Dashboard::builder().history(0).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("history", "must be from 1 to 100000"));
    /// ```
    pub fn history(mut self, entries: usize) -> Self {
        self.0.history = entries;
        self
    }

    /// Makes the dashboard, which observes changes of states and notifications from now on. Made
    /// inside of a test scope, it shows that scope.
    ///
    /// # Errors
    ///
    /// Every value outside its range, with its rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_dashboard::Dashboard;
    ///
    /// let err = Dashboard::builder().title("").history(0).build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["title", "history"]);
    /// ```
    pub fn build(self) -> Result<Dashboard, ConfigError> {
        match ConfigError::join(self.0.problems()) {
            Some(problems) => Err(problems),
            None => Ok(Dashboard::new(self.0)),
        }
    }
}

impl Settings {
    fn problems(&self) -> impl Iterator<Item = ConfigError> {
        let has_title = (1..=LONGEST_TITLE).contains(&self.title.len())
            && !self.title.contains(char::is_control);
        let title = (!has_title).then(|| {
            ConfigError::new(
                "title",
                &self.title,
                "must have 1 to 128 bytes, all printable",
            )
        });
        let path = (!is_path(&self.path)).then(|| {
            let rule = "must be `/`, or segments of letters, digits, `-`, `_`, `.` and `~`, each after a `/`";
            ConfigError::new("path", &self.path, rule)
        });
        let shortest = Duration::from_millis(200);
        let show = |interval: &Duration| format!("{interval:?}");
        [
            title,
            path,
            outside(
                "interval",
                &self.interval,
                shortest..=Duration::from_secs(60),
                show,
            ),
            outside(
                "max_viewers",
                &self.max_viewers,
                0..=1_000,
                usize::to_string,
            ),
            outside("history", &self.history, 1..=100_000, usize::to_string),
        ]
        .into_iter()
        .flatten()
    }
}

/// Returns `true` for a path that a router takes as it is: nothing in it is a pattern or encoded.
fn is_path(path: &str) -> bool {
    let is_segment = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    };
    match path.strip_prefix('/') {
        Some("") => true,
        Some(segments) => segments.split('/').all(is_segment),
        None => false,
    }
}

fn outside<T: PartialOrd + fmt::Debug>(
    field: &'static str,
    value: &T,
    range: RangeInclusive<T>,
    show: impl Fn(&T) -> String,
) -> Option<ConfigError> {
    let rule = || {
        format!(
            "must be from {} to {}",
            show(range.start()),
            show(range.end())
        )
    };
    (!range.contains(value)).then(|| ConfigError::new(field, show(value), rule()))
}

/// As the names of guards.
const LONGEST_TITLE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_are_taken() {
        for path in ["/", "/ops", "/a/b-c/d_e", "/v1.0/~ops"] {
            assert!(is_path(path), "{path}");
        }
        for path in [
            "", "ops", "//", "/ops/", "/a//b", "/{id}", "/*rest", "/a b", "/%61", "/../a", "/.",
            "/é", "/a?b", "/a#b", "/:id",
        ] {
            assert!(!is_path(path), "{path}");
        }
    }
}
