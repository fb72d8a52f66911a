//! Configuration of the error system from environment variables.

#[cfg(feature = "alerts")]
use super::alerts;
use super::variables::*;
#[cfg(feature = "chaos")]
use crate::chaos;
#[cfg(feature = "health")]
use crate::health::{HealthConfig, HealthConfigBuilder};
use crate::{
    error::{ConfigError, ConfigProblem},
    system::builder::{ErrorSystem, ErrorSystemBuilder},
};
#[cfg(feature = "journal")]
use crate::{
    monitor::journal::{JournalConfig, JournalConfigBuilder},
    system::settings::JournalChoice,
};
#[cfg(feature = "health")]
use std::time::Duration;
use std::{collections::BTreeMap, ffi::OsString};

impl ErrorSystem {
    /// Returns a builder with the settings of environment variables; the others keep their defaults.
    ///
    /// | variable | setting | value |
    /// | --- | --- | --- |
    /// | `GARDEFOU_SERVICE` | [`ErrorSystemBuilder::service`] | text |
    /// | `GARDEFOU_RELEASE` | [`ErrorSystemBuilder::release`] | text |
    /// | `GARDEFOU_ENVIRONMENT` | [`ErrorSystemBuilder::environment`] | text |
    /// | `GARDEFOU_HEALTH_PERIOD` | [`HealthConfigBuilder::period`] | duration |
    /// | `GARDEFOU_HEALTH_TIMEOUT` | [`HealthConfigBuilder::timeout`] | duration |
    /// | `GARDEFOU_HEALTH_DEADLINE` | [`HealthConfigBuilder::deadline`] | duration |
    /// | `GARDEFOU_HEALTH_STALE_AFTER` | [`HealthConfigBuilder::stale_after`] | duration |
    /// | `GARDEFOU_HEALTH_FAILURE_THRESHOLD` | [`HealthConfigBuilder::failure_threshold`] | number |
    /// | `GARDEFOU_HEALTH_BACKGROUND` | [`HealthConfigBuilder::background`] | `true` or `false` |
    /// | `GARDEFOU_MONITOR_RECENT_EVENTS` | [`MonitorConfigBuilder::recent_events`](crate::monitor::MonitorConfigBuilder::recent_events) | number |
    /// | `GARDEFOU_TELEMETRY_MAX_NAMES` | how many values a label of a metric may have, see `telemetry::limit_names` | number |
    /// | `GARDEFOU_JOURNAL` | the folder of the journal | path |
    /// | `GARDEFOU_JOURNAL_MAX_BYTES` | [`JournalConfigBuilder::max_bytes`] | size |
    /// | `GARDEFOU_JOURNAL_MAX_AGE` | [`JournalConfigBuilder::max_age`] | duration |
    /// | `GARDEFOU_JOURNAL_MAX_SEGMENT_BYTES` | [`JournalConfigBuilder::max_segment_bytes`] | size |
    /// | `GARDEFOU_JOURNAL_MAX_SEGMENT_AGE` | [`JournalConfigBuilder::max_segment_age`] | duration |
    /// | `GARDEFOU_ALERTS` | whether there are alerts; on if one of the following is set | `true` or `false` |
    /// | `GARDEFOU_ALERTS_MIN_LEVEL` | the lowest severity that is notified | `info`, `warning`, `error` or `critical` |
    /// | `GARDEFOU_ALERTS_THROTTLE` | [`AlertsConfigBuilder::throttle`](crate::alerts::AlertsConfigBuilder::throttle) | duration |
    /// | `GARDEFOU_ALERTS_SOURCE` | the name of the program in notifications, in place of the service | text |
    /// | `GARDEFOU_ALERTS_WEBHOOK_URL` | where notifications are posted to (feature `alert-webhook`) | URL |
    /// | `GARDEFOU_ALERTS_WEBHOOK_SECRET` | what requests are signed with | at least 16 bytes |
    /// | `GARDEFOU_ALERTS_WEBHOOK_FORMAT` | the form of requests | `json` or `slack` |
    /// | `GARDEFOU_ALERTS_WEBHOOK_TIMEOUT` | how long a request may take | duration |
    /// | `GARDEFOU_ALERTS_WEBHOOK_ALLOW_HTTP` | whether the URL may be without TLS | `true` or `false` |
    /// | `GARDEFOU_ALERTS_WEBHOOK_ALLOW_PRIVATE_ADDRESSES` | whether the host may have a private address | `true` or `false` |
    /// | `GARDEFOU_ALERTS_MAIL_HOST` | the mail server (feature `alert-email`) | name of a host |
    /// | `GARDEFOU_ALERTS_MAIL_PORT` | its port | number |
    /// | `GARDEFOU_ALERTS_MAIL_HELLO_NAME` | the name to greet it with | domain name, or address in brackets |
    /// | `GARDEFOU_ALERTS_MAIL_TLS` | how the connection is protected | `starttls`, `implicit` or `none` |
    /// | `GARDEFOU_ALERTS_MAIL_FROM` | the sender | mail address |
    /// | `GARDEFOU_ALERTS_MAIL_TO` | the receivers | mail addresses, separated by `;` |
    /// | `GARDEFOU_ALERTS_MAIL_USER` | the user at the server, with a password | text |
    /// | `GARDEFOU_ALERTS_MAIL_PASSWORD` | the password | text |
    /// | `GARDEFOU_CONFIG` | a [configuration file](crate::guide::configuration) (feature `config`) | path |
    /// | `GARDEFOU_CHAOS` | [rules of fault injection](crate::guide::chaos) (feature `chaos`) | for example `payments:error=0.1,latency=0.2@500ms;seed=7` |
    /// | `GARDEFOU_SHUTDOWN_DEADLINE` | [`ErrorSystemBuilder::shutdown_deadline`] | duration |
    /// | `GARDEFOU_PANIC_HOOK` | [`ErrorSystemBuilder::panic_hook`] | `true` or `false` |
    /// | `GARDEFOU_STRICT` | [`ErrorSystemBuilder::strict`] | `true` or `false` |
    ///
    /// A duration is a number of seconds, for example `1.5`, or a number with a unit, for example
    /// `250ms`, `30s`, `5m`, `1h`, `7d`. A size is a number of bytes, or a number with a unit, for
    /// example `64MiB`. Alerts without webhook and mail go to the log.
    ///
    /// # Errors
    ///
    /// Returns one error with every problem, which names variables and shows no secret: values that
    /// cannot be parsed or are out of range, settings of a channel that is not configured or not
    /// compiled in, settings of a part whose feature is off, and variables that begin with `GARDEFOU_` and are no settings.
    ///
    /// # Examples
    ///
    /// ```
    /// let _guard = gardefou::ErrorSystem::from_env()?.init()?;
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn from_env() -> Result<ErrorSystemBuilder, ConfigError> {
        let variables = settings_of_process();
        #[cfg(feature = "config")]
        let mut variables = variables;
        #[cfg(feature = "config")]
        let guards = {
            let prefixes = crate::config::VARIABLE_PREFIXES;
            let is_of_system =
                |name: &str| prefixes.iter().all(|(prefix, _)| !name.starts_with(prefix));
            let all = variables.len();
            variables.retain(|name, _| is_of_system(name));
            all - variables.len()
        };
        let builder = from_variables(variables)?;
        #[cfg(feature = "config")]
        let builder = ErrorSystemBuilder {
            reads_variables: guards > 0,
            ..builder
        };
        Ok(builder)
    }
}

fn from_variables(values: BTreeMap<String, OsString>) -> Result<ErrorSystemBuilder, ConfigError> {
    configure_from(ErrorSystem::builder(), values)
}

/// Returns a builder with the settings of variables in place of its own.
pub(crate) fn configure_from(
    code: ErrorSystemBuilder,
    values: BTreeMap<String, OsString>,
) -> Result<ErrorSystemBuilder, ConfigError> {
    let mut variables = Variables::new(values);
    let mut builder = code;
    // What is wrong with those of the code is reported by the start.
    let own_problems = builder.settings.resolve().err();
    let settings = &mut builder.settings;
    for (name, setting) in [
        (SERVICE, &mut settings.service),
        (RELEASE, &mut settings.release),
        (ENVIRONMENT, &mut settings.environment),
    ] {
        if let Some(text) = variables.text(name) {
            *setting = Some(text);
        }
    }
    #[cfg(feature = "config")]
    if let Some(path) = variables.raw(CONFIG) {
        builder.config_file = Some(path.into());
    }
    #[cfg(not(feature = "config"))]
    variables.refuse(CONFIG, "needs the feature `config` of gardefou");
    #[cfg(feature = "health")]
    if let Some(config) = health(&mut variables, builder.settings.health.clone()) {
        builder = builder.health(config);
    }
    #[cfg(not(feature = "health"))]
    variables.refuse("GARDEFOU_HEALTH_", "needs the feature `health` of gardefou");
    if let Some(count) = variables.number(MONITOR_RECENT_EVENTS) {
        let code = builder.settings.monitor.clone().unwrap_or_default();
        builder = builder.monitor(code.recent_events(count));
    }
    #[cfg(any(feature = "metrics", feature = "opentelemetry"))]
    if let Some(count) = variables.number(TELEMETRY_MAX_NAMES) {
        builder.settings.telemetry_names = Some(count);
    }
    #[cfg(not(any(feature = "metrics", feature = "opentelemetry")))]
    variables.refuse(
        TELEMETRY_MAX_NAMES,
        "needs the feature `metrics` or `opentelemetry` of gardefou",
    );
    #[cfg(feature = "journal")]
    if let Some(config) = journal(&mut variables, builder.settings.journal.as_ref()) {
        builder = builder.journal(config);
    }
    #[cfg(not(feature = "journal"))]
    variables.refuse(JOURNAL, "needs the feature `journal` of gardefou");
    #[cfg(feature = "chaos")]
    if let Some(text) = variables.text(CHAOS) {
        match chaos::parse(CHAOS, &text, duration) {
            Ok(rules) => builder.settings.chaos = rules,
            Err(err) => variables.add(err),
        }
    }
    #[cfg(not(feature = "chaos"))]
    variables.refuse(CHAOS, "needs the feature `chaos` of gardefou");
    if let Some(deadline) = variables.duration(SHUTDOWN_DEADLINE) {
        builder = builder.shutdown_deadline(deadline);
    }
    if let Some(on) = variables.flag(PANIC_HOOK) {
        builder = builder.panic_hook(on);
    }
    if let Some(on) = variables.flag(STRICT) {
        builder = builder.strict(on);
    }
    // Before the alerts, whose problems carry the names of variables already.
    if let Err(err) = builder.settings.resolve()
        && let Some(err) = new_problems(&err, own_problems.as_ref())
    {
        variables.problems_of(&err, &FIELDS);
    }
    #[cfg(feature = "alerts")]
    if let Some(config) = alerts::alerts(&mut variables, builder.settings.alerts.take()) {
        builder = builder.alerts(config);
    }
    #[cfg(not(feature = "alerts"))]
    variables.refuse(ALERTS, "needs the feature `alerts` of gardefou");
    variables.finish().map(|()| builder)
}

/// Takes the problems out of an error that another one has too.
pub(super) fn new_problems(err: &ConfigError, known: Option<&ConfigError>) -> Option<ConfigError> {
    let is_new = |problem: &&ConfigProblem| {
        let mut known = known.iter().flat_map(|err| err.problems());
        !known.any(|known| known == *problem)
    };
    let new = err.problems().filter(is_new).cloned();
    ConfigError::join(new.map(ConfigError::from))
}

/// The variables of settings that can be out of range. The names of the settings are unique across
/// the parts.
const FIELDS: [(&str, &str); 15] = [
    ("service", SERVICE),
    ("release", RELEASE),
    ("environment", ENVIRONMENT),
    ("period", HEALTH_PERIOD),
    ("timeout", HEALTH_TIMEOUT),
    ("deadline", HEALTH_DEADLINE),
    ("stale_after", HEALTH_STALE_AFTER),
    ("failure_threshold", HEALTH_FAILURE_THRESHOLD),
    ("recent_events", MONITOR_RECENT_EVENTS),
    ("folder", JOURNAL),
    ("max_bytes", JOURNAL_MAX_BYTES),
    ("max_age", JOURNAL_MAX_AGE),
    ("max_segment_bytes", JOURNAL_MAX_SEGMENT_BYTES),
    ("max_segment_age", JOURNAL_MAX_SEGMENT_AGE),
    ("shutdown_deadline", SHUTDOWN_DEADLINE),
];

#[cfg(feature = "health")]
fn health(
    variables: &mut Variables,
    code: Option<HealthConfigBuilder>,
) -> Option<HealthConfigBuilder> {
    let mut is_set = code.is_some();
    let mut health = code.unwrap_or_else(HealthConfig::builder);
    type Set = fn(HealthConfigBuilder, Duration) -> HealthConfigBuilder;
    let durations: [(&'static str, Set); 4] = [
        (HEALTH_PERIOD, HealthConfigBuilder::period),
        (HEALTH_TIMEOUT, HealthConfigBuilder::timeout),
        (HEALTH_DEADLINE, HealthConfigBuilder::deadline),
        (HEALTH_STALE_AFTER, HealthConfigBuilder::stale_after),
    ];
    for (name, set) in durations {
        if let Some(value) = variables.duration(name) {
            (health, is_set) = (set(health, value), true);
        }
    }
    if let Some(value) = variables.number(HEALTH_FAILURE_THRESHOLD) {
        (health, is_set) = (health.failure_threshold(value), true);
    }
    if let Some(value) = variables.flag(HEALTH_BACKGROUND) {
        (health, is_set) = (health.background(value), true);
    }
    is_set.then_some(health)
}

#[cfg(feature = "journal")]
fn journal(
    variables: &mut Variables,
    code: Option<&JournalChoice>,
) -> Option<JournalConfigBuilder> {
    let of_code = match code {
        Some(JournalChoice::File(config)) => Some(config.clone()),
        _ => None,
    };
    let mut config = match (variables.raw(JOURNAL), of_code) {
        (Some(folder), None) => JournalConfig::builder(folder),
        (Some(folder), Some(config)) => config.folder(folder),
        (None, Some(config)) => config,
        (None, None) => {
            variables.refuse(JOURNAL, &format!("needs {JOURNAL}"));
            return None;
        }
    };
    if let Some(bytes) = variables.size(JOURNAL_MAX_BYTES) {
        // A folder smaller than two files of the default size has smaller files.
        let segment = (bytes / 2).clamp(4096, 8 << 20);
        config = config.max_bytes(bytes).max_segment_bytes(segment);
    }
    if let Some(age) = variables.duration(JOURNAL_MAX_AGE) {
        config = config.max_age(age);
    }
    if let Some(bytes) = variables.size(JOURNAL_MAX_SEGMENT_BYTES) {
        config = config.max_segment_bytes(bytes);
    }
    if let Some(age) = variables.duration(JOURNAL_MAX_SEGMENT_AGE) {
        config = config.max_segment_age(age);
    }
    Some(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<ErrorSystemBuilder, ConfigError> {
        from_variables(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).into()))
                .collect(),
        )
    }

    fn problems(variables: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let err = of(variables).unwrap_err();
        err.problems()
            .map(|problem| (problem.field, problem.value.clone()))
            .collect()
    }

    fn owned(problems: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        problems
            .iter()
            .map(|(field, value)| (*field, (*value).to_owned()))
            .collect()
    }

    #[cfg(all(feature = "journal", feature = "alerts", feature = "health"))]
    #[test]
    fn variables_that_are_set_apply_and_the_others_keep_their_defaults() {
        let builder = of(&[
            (HEALTH_PERIOD, "10s"),
            (HEALTH_BACKGROUND, "false"),
            (JOURNAL, "logs"),
            (STRICT, "1"),
        ])
        .unwrap();
        let expected = HealthConfig::builder()
            .period(Duration::from_secs(10))
            .background(false);
        assert_eq!(builder.settings.health, Some(expected));
        assert!(
            builder.settings.journal.is_some()
                && builder.settings.monitor.is_none()
                && builder.strict
        );
        let nothing = of(&[]).unwrap().settings;
        assert!(nothing.health.is_none() && nothing.journal.is_none() && nothing.alerts.is_none());
    }

    #[cfg(all(feature = "journal", feature = "alerts", feature = "health"))]
    #[test]
    fn every_problem_of_every_part_is_reported_at_once() {
        let found = problems(&[
            (HEALTH_PERIOD, "soon"),
            (STRICT, "yes"),
            (ALERTS_MIN_LEVEL, "loud"),
            (MONITOR_RECENT_EVENTS, "100001"),
            (JOURNAL, "logs"),
            (JOURNAL_MAX_AGE, "0"),
            ("GARDEFOU_HEALTH_PERIODE", "secret"),
        ]);
        let expected = [
            (HEALTH_PERIOD, "\"soon\""),
            (STRICT, "\"yes\""),
            (MONITOR_RECENT_EVENTS, "100001"),
            (JOURNAL_MAX_AGE, "0ns"),
            (ALERTS_MIN_LEVEL, "\"loud\""),
            ("environment variable", "GARDEFOU_HEALTH_PERIODE"),
        ];
        assert_eq!(found, owned(&expected));
    }

    #[cfg(feature = "chaos")]
    #[test]
    fn rules_of_chaos_are_read_and_their_problems_reported() {
        let set = |text| of(&[(CHAOS, text)]);
        let rules = set("payments:error=0.1,latency=0.2@500ms;seed=7").unwrap();
        let expected = chaos::inject("payments")
            .error(0.1)
            .latency(0.2, Duration::from_millis(500))
            .seed(7);
        assert_eq!(rules.settings.chaos, [expected]);
        assert_eq!(
            problems(&[(CHAOS, "payments:error=often;:hang=0.1")]),
            owned(&[(CHAOS, "\"error=often\"")])
        );
        assert_eq!(
            problems(&[(CHAOS, "payments:error=0.7,hang=0.7")]),
            owned(&[(CHAOS, "shares = 1.4")])
        );
        assert_eq!(problems(&[(CHAOS, "")]), owned(&[(CHAOS, "\"\"")]));
    }

    #[cfg(not(feature = "chaos"))]
    #[test]
    fn rules_of_chaos_need_the_feature() {
        assert_eq!(
            problems(&[(CHAOS, "payments:error=0.1")]),
            owned(&[(CHAOS, "(set)")])
        );
    }

    #[cfg(feature = "journal")]
    #[test]
    fn journal_sizes_and_ages_need_a_journal() {
        assert_eq!(
            problems(&[(JOURNAL_MAX_BYTES, "1GiB")]),
            owned(&[(JOURNAL_MAX_BYTES, "(set)")])
        );
        let all = [
            (JOURNAL, "logs"),
            (JOURNAL_MAX_BYTES, "1GiB"),
            (JOURNAL_MAX_AGE, "30d"),
        ];
        let journal = of(&all).unwrap().settings.journal;
        let config = JournalConfig::builder("logs")
            .max_bytes(1 << 30)
            .max_age(Duration::from_secs(30 * 86_400));
        assert_eq!(format!("{journal:?}"), format!("Some(File({config:?}))"));
        assert!(of(&[(JOURNAL, "logs"), (JOURNAL_MAX_BYTES, "1MiB")]).is_ok());
    }
}
