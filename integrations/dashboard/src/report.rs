//! Reports: the page of one moment as one file.

use crate::{
    builder::Settings,
    collect::{Collector, PATIENCE, records_of_groups},
    dashboard::Observed,
    page,
};
use serde_json::Value;

/// Everything that the page shows at one moment; what
/// [`Dashboard::report`](crate::Dashboard::report) returns.
///
/// # Examples
///
/// ```
/// use gardefou_dashboard::Dashboard;
///
/// let report = Dashboard::builder().title("nightly import").build()?.report();
/// let path = std::env::temp_dir().join(format!("gardefou-report-{}.html", std::process::id()));
/// std::fs::write(&path, report.html())?;
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    title: String,
    json: Value,
}

impl Report {
    pub(crate) fn new(settings: &Settings, observed: &Observed) -> Self {
        let mut json = Collector::default().collect(observed, PATIENCE).to_json();
        json["records"] = Value::Object(records_of_groups());
        Self {
            title: settings.title.clone(),
            json,
        }
    }

    /// Returns the page as one file of HTML, which needs no server and requests nothing.
    ///
    /// Texts are data in it and never markup, whatever they contain; secrets are redacted as in the
    /// log. Besides what the live page has when it opens, it has the last five records of each group
    /// of errors that are in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let report = gardefou_dashboard::Dashboard::builder().build()?.report();
    /// assert!(report.html().contains("Content-Security-Policy"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn html(&self) -> String {
        page::of_report(&self.title, &self.json)
    }

    /// Returns the same as JSON: that of `api/v1/snapshot`, and `records` by the fingerprint of their
    /// group.
    ///
    /// # Examples
    ///
    /// ```
    /// let report = gardefou_dashboard::Dashboard::builder().build()?.report();
    /// assert_eq!(report.json()["version"], 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }
}
