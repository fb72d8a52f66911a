//! Environment variables: their names, their values, and problems with them.

use crate::error::ConfigError;
use std::{collections::BTreeMap, ffi::OsString, str::FromStr, time::Duration};

/// Declares the variables, and the list of them.
macro_rules! variables {
    ($($constant:ident = $name:literal;)*) => {
        $(pub(super) const $constant: &str = $name;)*

        /// All settings, in the order of the table in the documentation of `from_env`.
        pub(crate) const ALL: &[&str] = &[$($constant),*];
    };
}

variables! {
    SERVICE = "GARDEFOU_SERVICE";
    RELEASE = "GARDEFOU_RELEASE";
    ENVIRONMENT = "GARDEFOU_ENVIRONMENT";
    HEALTH_PERIOD = "GARDEFOU_HEALTH_PERIOD";
    HEALTH_TIMEOUT = "GARDEFOU_HEALTH_TIMEOUT";
    HEALTH_DEADLINE = "GARDEFOU_HEALTH_DEADLINE";
    HEALTH_STALE_AFTER = "GARDEFOU_HEALTH_STALE_AFTER";
    HEALTH_FAILURE_THRESHOLD = "GARDEFOU_HEALTH_FAILURE_THRESHOLD";
    HEALTH_BACKGROUND = "GARDEFOU_HEALTH_BACKGROUND";
    MONITOR_RECENT_EVENTS = "GARDEFOU_MONITOR_RECENT_EVENTS";
    TELEMETRY_MAX_NAMES = "GARDEFOU_TELEMETRY_MAX_NAMES";
    JOURNAL = "GARDEFOU_JOURNAL";
    JOURNAL_MAX_BYTES = "GARDEFOU_JOURNAL_MAX_BYTES";
    JOURNAL_MAX_AGE = "GARDEFOU_JOURNAL_MAX_AGE";
    JOURNAL_MAX_SEGMENT_BYTES = "GARDEFOU_JOURNAL_MAX_SEGMENT_BYTES";
    JOURNAL_MAX_SEGMENT_AGE = "GARDEFOU_JOURNAL_MAX_SEGMENT_AGE";
    ALERTS = "GARDEFOU_ALERTS";
    ALERTS_MIN_LEVEL = "GARDEFOU_ALERTS_MIN_LEVEL";
    ALERTS_THROTTLE = "GARDEFOU_ALERTS_THROTTLE";
    ALERTS_SOURCE = "GARDEFOU_ALERTS_SOURCE";
    WEBHOOK_URL = "GARDEFOU_ALERTS_WEBHOOK_URL";
    WEBHOOK_SECRET = "GARDEFOU_ALERTS_WEBHOOK_SECRET";
    WEBHOOK_FORMAT = "GARDEFOU_ALERTS_WEBHOOK_FORMAT";
    WEBHOOK_TIMEOUT = "GARDEFOU_ALERTS_WEBHOOK_TIMEOUT";
    WEBHOOK_ALLOW_HTTP = "GARDEFOU_ALERTS_WEBHOOK_ALLOW_HTTP";
    WEBHOOK_ALLOW_PRIVATE_ADDRESSES = "GARDEFOU_ALERTS_WEBHOOK_ALLOW_PRIVATE_ADDRESSES";
    MAIL_HOST = "GARDEFOU_ALERTS_MAIL_HOST";
    MAIL_PORT = "GARDEFOU_ALERTS_MAIL_PORT";
    MAIL_HELLO_NAME = "GARDEFOU_ALERTS_MAIL_HELLO_NAME";
    MAIL_TLS = "GARDEFOU_ALERTS_MAIL_TLS";
    MAIL_FROM = "GARDEFOU_ALERTS_MAIL_FROM";
    MAIL_TO = "GARDEFOU_ALERTS_MAIL_TO";
    MAIL_USER = "GARDEFOU_ALERTS_MAIL_USER";
    MAIL_PASSWORD = "GARDEFOU_ALERTS_MAIL_PASSWORD";
    CONFIG = "GARDEFOU_CONFIG";
    CHAOS = "GARDEFOU_CHAOS";
    SHUTDOWN_DEADLINE = "GARDEFOU_SHUTDOWN_DEADLINE";
    PANIC_HOOK = "GARDEFOU_PANIC_HOOK";
    STRICT = "GARDEFOU_STRICT";
}

/// Prefixes of the settings of one part.
pub(super) const WEBHOOK: &str = "GARDEFOU_ALERTS_WEBHOOK_";
pub(super) const MAIL: &str = "GARDEFOU_ALERTS_MAIL_";

/// Prefix of all settings: a misspelt variable is an error instead of being ignored.
const PREFIX: &str = "GARDEFOU_";

/// Variables with the prefix that are no settings.
const NO_SETTINGS: [&str; 3] = ["GARDEFOU_EXPAND", "GARDEFOU_MODEL_", "GARDEFOU_TEST_"];

/// Returns the variables of the process that are settings.
pub(in crate::system) fn settings_of_process() -> BTreeMap<String, OsString> {
    let own = |(name, value): (OsString, OsString)| {
        let name = name.into_string().ok().filter(|name| is_setting(name))?;
        Some((name, value))
    };
    std::env::vars_os().filter_map(own).collect()
}

pub(super) fn is_setting(name: &str) -> bool {
    name.starts_with(PREFIX) && !NO_SETTINGS.iter().any(|other| name.starts_with(other))
}

/// The variables that are not read yet, and the problems so far.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, OsString>,
    problems: Vec<ConfigError>,
}

const DURATION: &str = "must be a number of seconds, or a number with ms, s, m, h or d";
const SIZE: &str = "must be a number of bytes, or a number with KiB, MiB or GiB";
const NUMBER: &str = "must be a whole number in range";
const FLAG: &str = "must be true or false";

impl Variables {
    pub(super) fn new(values: BTreeMap<String, OsString>) -> Self {
        Self {
            values,
            problems: Vec::new(),
        }
    }

    /// Returns a value that need not be UTF-8, such as a path.
    pub(super) fn raw(&mut self, name: &str) -> Option<OsString> {
        self.values.remove(name)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        Some(self.secret(name)?.trim().to_owned())
    }

    /// Returns a text without trimming it.
    pub(super) fn secret(&mut self, name: &'static str) -> Option<String> {
        let text = self.raw(name)?.into_string().ok();
        if text.is_none() {
            self.problem(name, "(hidden)", "must be UTF-8");
        }
        text
    }

    pub(super) fn duration(&mut self, name: &'static str) -> Option<Duration> {
        self.parsed(name, DURATION, duration)
    }

    pub(super) fn size(&mut self, name: &'static str) -> Option<u64> {
        self.parsed(name, SIZE, size)
    }

    pub(super) fn number<T: FromStr>(&mut self, name: &'static str) -> Option<T> {
        self.parsed(name, NUMBER, |text| text.parse().ok())
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.parsed(name, FLAG, |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.problem(name, &format!("{text:?}"), rule);
        }
        parsed
    }

    /// Adds problems that bear the name of their variable.
    #[cfg(feature = "chaos")]
    pub(super) fn add(&mut self, err: ConfigError) {
        self.problems.push(err);
    }

    pub(super) fn problem(&mut self, name: &'static str, value: &str, rule: &str) {
        self.problems.push(ConfigError::new(name, value, rule));
    }

    /// Adds the problems of a part, each under the name of the variable of its setting.
    pub(super) fn problems_of(&mut self, err: &ConfigError, names: &[(&str, &'static str)]) {
        for problem in err.problems() {
            let name = names
                .iter()
                .find(|(field, _)| *field == problem.field)
                .map_or(problem.field, |(_, name)| name);
            self.problem(name, &problem.value, &problem.rule);
        }
    }

    /// Adds a problem for each variable with the prefix that is set and not read yet. Their values
    /// are hidden, since they may be secrets.
    pub(super) fn refuse(&mut self, prefix: &str, rule: &str) {
        for name in ALL.iter().filter(|name| name.starts_with(prefix)) {
            if self.raw(name).is_some() {
                self.problem(name, "(set)", rule);
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        // Most likely a misspelt setting; its value may be a secret and is not shown.
        for unknown in std::mem::take(&mut self.values).into_keys() {
            self.problem(
                "environment variable",
                &unknown,
                &format!("must be one of {}", ALL.join(", ")),
            );
        }
        ConfigError::join(self.problems).map_or(Ok(()), Err)
    }
}

pub(super) fn duration(text: &str) -> Option<Duration> {
    let units = [
        ("ms", 0.001),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
        ("d", 86_400.0),
        ("", 1.0),
    ];
    let (number, seconds) = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    let number: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * seconds).ok()
}

fn size(text: &str) -> Option<u64> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("", 1),
    ];
    let (number, bytes) = units
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in ".{0,40}|[0-9eE.+-]{1,30}( |)(ms|s|m|h|d|KiB|MiB|GiB|)") {
            if let Some(duration) = duration(&text) {
                prop_assert!(text.trim_end().ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.'), "{duration:?}");
            }
            if let Some(size) = size(&text) {
                prop_assert!(text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c.is_whitespace()), "{size}");
            }
        }

        #[test]
        fn durations_and_sizes_are_read_as_they_are_written(count in 0..1_000_000_u64, unit in 0..5_usize) {
            let (name, millis) = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)][unit];
            let read = duration(&format!("{count}{name}")).unwrap();
            prop_assert!(read.abs_diff(Duration::from_millis(count * millis)) < Duration::from_micros(1), "{read:?}");
            let (name, bytes) = [("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)][unit];
            prop_assert_eq!(size(&format!("{count}{name}")), Some(count * bytes));
        }
    }

    #[test]
    fn names_with_the_prefix_are_settings_and_no_others() {
        assert!(ALL.iter().all(|name| is_setting(name)));
        assert!(is_setting("GARDEFOU_HEALTH_PERIODE") && is_setting("GARDEFOU_JURNAL"));
        assert!(!is_setting("GARDEFOU_EXPAND") && !is_setting("PATH"));
    }

    #[test]
    fn variables_of_a_part_whose_feature_is_off_are_problems() {
        let set = [(HEALTH_PERIOD, "10s"), (JOURNAL, "logs")];
        let mut variables = Variables::new(set.map(|(k, v)| (k.to_owned(), v.into())).into());
        variables.refuse("GARDEFOU_HEALTH_", "needs the feature `health`");
        assert_eq!(variables.text(JOURNAL).as_deref(), Some("logs"));
        let err = variables.finish().unwrap_err();
        let problems: Vec<_> = err.problems().collect();
        assert_eq!((problems.len(), problems[0].field), (1, HEALTH_PERIOD));
        assert_eq!(problems[0].rule, "needs the feature `health`");
    }

    #[test]
    fn documented_table_has_every_variable_and_no_other() {
        let rows = include_str!("from_env.rs")
            .lines()
            .filter_map(|line| line.trim().strip_prefix("/// | `"));
        let documented: Vec<&str> = rows
            .filter_map(|row| row.split_once('`').map(|(name, _)| name))
            .collect();
        assert_eq!(documented, ALL);
    }

    #[test]
    fn durations_have_units_or_are_seconds() {
        let all = ["250ms", "30s", "1.5", "5m", "1h", " 2 s", "7d"].map(duration);
        let millis = [250, 30_000, 1500, 300_000, 3_600_000, 2000, 604_800_000];
        assert_eq!(
            all,
            millis.map(|millis| Some(Duration::from_millis(millis)))
        );
        assert_eq!(
            ["", "s", "-1", "NaN", "inf", "1e300h", "1 week"].map(duration),
            [None; 7]
        );
    }

    #[test]
    fn sizes_have_units_or_are_bytes() {
        assert_eq!(
            ["512", "4KiB", "64 MiB", "2GiB"].map(size),
            [512, 4096, 64 << 20, 2 << 30].map(Some)
        );
        assert_eq!(
            ["", "MiB", "-1", "1.5MiB", "64MB", "99999999999999GiB"].map(size),
            [None; 6]
        );
    }
}
