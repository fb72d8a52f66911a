//! Settings from environment variables.

use super::{ErrorSystem, ErrorSystemBuilder};
use crate::{
    error::ConfigError,
    health::HealthConfig,
    monitor::{MonitorConfigBuilder, journal::JournalConfig},
};
use std::{collections::BTreeMap, time::Duration};

/// What the names of all settings begin with; other variables of the project (`GARDEFOU_EXPAND`) are not settings.
const PREFIXES: [&str; 5] =
    ["GARDEFOU_HEALTH", "GARDEFOU_MONITOR", "GARDEFOU_JOURNAL", "GARDEFOU_SHUTDOWN", "GARDEFOU_STRICT"];

const HEALTH_PERIOD: &str = "GARDEFOU_HEALTH_PERIOD";
const HEALTH_TIMEOUT: &str = "GARDEFOU_HEALTH_TIMEOUT";
const HEALTH_DEADLINE: &str = "GARDEFOU_HEALTH_DEADLINE";
const HEALTH_STALE_AFTER: &str = "GARDEFOU_HEALTH_STALE_AFTER";
const HEALTH_FAILURE_THRESHOLD: &str = "GARDEFOU_HEALTH_FAILURE_THRESHOLD";
const HEALTH_BACKGROUND: &str = "GARDEFOU_HEALTH_BACKGROUND";
const MONITOR_RECENT_EVENTS: &str = "GARDEFOU_MONITOR_RECENT_EVENTS";
const JOURNAL: &str = "GARDEFOU_JOURNAL";
const SHUTDOWN_DEADLINE: &str = "GARDEFOU_SHUTDOWN_DEADLINE";
const STRICT: &str = "GARDEFOU_STRICT";

const ALL: [&str; 10] = [
    HEALTH_PERIOD,
    HEALTH_TIMEOUT,
    HEALTH_DEADLINE,
    HEALTH_STALE_AFTER,
    HEALTH_FAILURE_THRESHOLD,
    HEALTH_BACKGROUND,
    MONITOR_RECENT_EVENTS,
    JOURNAL,
    SHUTDOWN_DEADLINE,
    STRICT,
];

impl ErrorSystem {
    /// Begins a configuration from environment variables; what is not set keeps its default.
    ///
    /// | variable | setting | value |
    /// | --- | --- | --- |
    /// | `GARDEFOU_HEALTH_PERIOD` | [`HealthConfig::period`] | duration |
    /// | `GARDEFOU_HEALTH_TIMEOUT` | [`HealthConfig::timeout`] | duration |
    /// | `GARDEFOU_HEALTH_DEADLINE` | [`HealthConfig::deadline`] | duration |
    /// | `GARDEFOU_HEALTH_STALE_AFTER` | [`HealthConfig::stale_after`] | duration |
    /// | `GARDEFOU_HEALTH_FAILURE_THRESHOLD` | [`HealthConfig::failure_threshold`] | number |
    /// | `GARDEFOU_HEALTH_BACKGROUND` | [`HealthConfig::background`] | `true` or `false` |
    /// | `GARDEFOU_MONITOR_RECENT_EVENTS` | `MonitorConfigBuilder::recent_events` | number |
    /// | `GARDEFOU_JOURNAL` | the folder of the journal | path |
    /// | `GARDEFOU_SHUTDOWN_DEADLINE` | [`ErrorSystemBuilder::shutdown_deadline`] | duration |
    /// | `GARDEFOU_STRICT` | [`ErrorSystemBuilder::strict`] | `true` or `false` |
    ///
    /// A duration is a number of seconds, as `1.5`, or a text with a unit, as `250ms`, `30s`, `5m`, `1h`.
    ///
    /// # Errors
    ///
    /// Every variable whose value cannot be read, and every one that begins like a setting (`GARDEFOU_HEALTH...`)
    /// and is none, in one error. Values out of range are found by [`init`](ErrorSystemBuilder::init).
    ///
    /// # Examples
    ///
    /// ```
    /// let _guard = gardefou::ErrorSystem::from_env()?.init()?;
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn from_env() -> Result<ErrorSystemBuilder, ConfigError> {
        let own = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let name = name.into_string().ok().filter(|name| is_setting(name))?;
            Some((name, value.to_string_lossy().into_owned()))
        };
        from_variables(std::env::vars_os().filter_map(own).collect())
    }
}

fn is_setting(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn from_variables(mut variables: BTreeMap<String, String>) -> Result<ErrorSystemBuilder, ConfigError> {
    let mut problems = Vec::new();
    let mut builder = ErrorSystem::builder();
    let mut take = |name: &str| variables.remove(name).map(|value| value.trim().to_owned());

    let mut health = HealthConfig::default();
    let mut health_is_set = false;
    type Set = fn(HealthConfig, Duration) -> HealthConfig;
    let durations: [(&'static str, Set); 4] = [
        (HEALTH_PERIOD, HealthConfig::period),
        (HEALTH_TIMEOUT, HealthConfig::timeout),
        (HEALTH_DEADLINE, HealthConfig::deadline),
        (HEALTH_STALE_AFTER, HealthConfig::stale_after),
    ];
    for (name, set) in durations {
        if let Some(value) = read(name, take(name), DURATION, duration, &mut problems) {
            (health, health_is_set) = (set(health, value), true);
        }
    }
    let number = |text: &str| text.parse().ok();
    if let Some(value) = read(HEALTH_FAILURE_THRESHOLD, take(HEALTH_FAILURE_THRESHOLD), NUMBER, number, &mut problems) {
        (health, health_is_set) = (health.failure_threshold(value), true);
    }
    if let Some(value) = read(HEALTH_BACKGROUND, take(HEALTH_BACKGROUND), FLAG, flag, &mut problems) {
        (health, health_is_set) = (health.background(value), true);
    }
    if health_is_set {
        builder = builder.health(health);
    }
    let number = |text: &str| text.parse().ok();
    if let Some(value) = read(MONITOR_RECENT_EVENTS, take(MONITOR_RECENT_EVENTS), NUMBER, number, &mut problems) {
        builder = builder.monitor(MonitorConfigBuilder::default().recent_events(value));
    }
    if let Some(folder) = take(JOURNAL) {
        builder = builder.journal(JournalConfig::builder(folder));
    }
    if let Some(value) = read(SHUTDOWN_DEADLINE, take(SHUTDOWN_DEADLINE), DURATION, duration, &mut problems) {
        builder = builder.shutdown_deadline(value);
    }
    if let Some(value) = read(STRICT, take(STRICT), FLAG, flag, &mut problems) {
        builder = builder.strict(value);
    }
    // Most likely one of the others, misspelt; its value may be a secret and is not shown.
    for unknown in variables.keys() {
        let rule = format!("must be one of {}", ALL.join(", "));
        problems.push(ConfigError::new("environment variable", unknown, rule));
    }
    ConfigError::join(problems).map_or(Ok(builder), Err)
}

fn read<T>(
    name: &'static str,
    value: Option<String>,
    rule: &str,
    parse: impl FnOnce(&str) -> Option<T>,
    problems: &mut Vec<ConfigError>,
) -> Option<T> {
    let value = value?;
    let parsed = parse(&value);
    if parsed.is_none() {
        problems.push(ConfigError::new(name, format_args!("{value:?}"), rule));
    }
    parsed
}

const DURATION: &str = "must be a number of seconds, or a number with ms, s, m or h";
const NUMBER: &str = "must be a whole number";
const FLAG: &str = "must be true or false";

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn duration(text: &str) -> Option<Duration> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)];
    let (number, seconds) = units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    let number: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<ErrorSystemBuilder, ConfigError> {
        from_variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_is_set_is_taken_and_the_rest_keeps_its_default() {
        let builder =
            of(&[(HEALTH_PERIOD, "10s"), (HEALTH_BACKGROUND, "false"), (JOURNAL, "logs"), (STRICT, "1")]).unwrap();
        let expected = HealthConfig::default().period(Duration::from_secs(10)).background(false);
        assert_eq!(builder.wishes.health, Some(expected));
        assert!(builder.wishes.journal.is_some() && builder.wishes.monitor.is_none() && builder.strict);
        assert_eq!(of(&[]).unwrap().wishes.health, None);
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let err = of(&[(HEALTH_PERIOD, "soon"), (STRICT, "yes"), ("GARDEFOU_HEALTH_PERIODE", "secret")]).unwrap_err();
        let fields: Vec<_> = err.problems().map(|problem| (problem.field, problem.value.as_str())).collect();
        let unknown = ("environment variable", "GARDEFOU_HEALTH_PERIODE");
        assert_eq!(fields, [(HEALTH_PERIOD, "\"soon\""), (STRICT, "\"yes\""), unknown]);
    }

    #[test]
    fn every_setting_is_looked_for_and_nothing_else() {
        assert!(ALL.into_iter().all(is_setting));
        assert!(is_setting("GARDEFOU_HEALTH_PERIODE"));
        assert!(!is_setting("GARDEFOU_EXPAND") && !is_setting("PATH"));
    }

    #[test]
    fn durations_have_units_or_are_seconds() {
        let all = ["250ms", "30s", "1.5", "5m", "1h", " 2 s"].map(duration);
        let millis = [250, 30_000, 1500, 300_000, 3_600_000, 2000].map(|millis| Some(Duration::from_millis(millis)));
        assert_eq!(all, millis);
        assert_eq!(["", "s", "-1", "NaN", "inf", "1e300h", "1 week"].map(duration), [None; 7]);
    }
}
