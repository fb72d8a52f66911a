//! All sections of a configuration file, and their settings.

use crate::{
    breaker::BreakerBuilder,
    bulkhead::BulkheadBuilder,
    error::ConfigError,
    hedge::HedgeBuilder,
    overrides::{Configurable, Kind, Override, SettingInfo},
    rate_limit::RateLimiterBuilder,
    retry::{NamedSettings, RetryBudgetBuilder},
    timeout::TimeoutBuilder,
};

/// A section for the guards of one kind; each name, or pattern of names, is a table in it.
#[derive(Clone, Copy)]
pub(super) struct GuardSection {
    pub(super) name: &'static str,
    /// What a guard of it is called in a sentence.
    pub(super) noun: &'static str,
    pub(super) settings: fn() -> Vec<SettingInfo>,
    /// Returns what is wrong with a section, and with which of its settings.
    pub(super) check: fn(&Override) -> Vec<(&'static str, ConfigError)>,
}

impl GuardSection {
    const fn new<B: Configurable>(noun: &'static str) -> Self {
        Self {
            name: B::SECTION,
            noun,
            settings: || B::settings().iter().map(|setting| setting.info).collect(),
            check: Override::problems::<B>,
        }
    }
}

pub(super) const GUARDS: [GuardSection; 7] = [
    GuardSection::new::<BreakerBuilder>("circuit breaker"),
    GuardSection::new::<NamedSettings>("retry"),
    GuardSection::new::<BulkheadBuilder>("bulkhead"),
    GuardSection::new::<RateLimiterBuilder>("rate limiter"),
    GuardSection::new::<TimeoutBuilder>("timeout"),
    GuardSection::new::<HedgeBuilder>("hedge"),
    GuardSection::new::<RetryBudgetBuilder>("retry budget"),
];

/// Prefixes of environment variables that are about guards.
pub(crate) const VARIABLE_PREFIXES: [(&str, &str); 7] = [
    ("GARDEFOU_BREAKER__", "breaker"),
    ("GARDEFOU_RETRY__", "retry"),
    ("GARDEFOU_BULKHEAD__", "bulkhead"),
    ("GARDEFOU_RATE_LIMIT__", "rate_limit"),
    ("GARDEFOU_TIMEOUT__", "timeout"),
    ("GARDEFOU_HEDGE__", "hedge"),
    ("GARDEFOU_BUDGET__", "budget"),
];

/// A section about a part of the error system.
#[derive(Clone, Copy)]
pub(crate) struct SystemSection {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    /// The variables of its settings, with the setting of each.
    pub(crate) settings: &'static [(&'static str, SettingInfo)],
}

const fn info(name: &'static str, kind: Kind, doc: &'static str) -> SettingInfo {
    SettingInfo::new(name, kind, doc)
}

const LEVELS: Kind = Kind::Choice(&["info", "warning", "error", "critical"]);
const FORMATS: Kind = Kind::Choice(&["json", "slack"]);
const TLS: Kind = Kind::Choice(&["starttls", "implicit", "none"]);

#[rustfmt::skip]
pub(crate) const SYSTEM: [SystemSection; 8] = [
    SystemSection {
        name: "system",
        doc: "The program, and the error system as a whole.",
        settings: &[
            ("GARDEFOU_SERVICE", info("service", Kind::Text, "The name of the program, on each record.")),
            ("GARDEFOU_RELEASE", info("release", Kind::Text, "The version of the program, on each record.")),
            ("GARDEFOU_ENVIRONMENT", info("environment", Kind::Text, "Where the program runs, for example production.")),
            ("GARDEFOU_SHUTDOWN_DEADLINE", info("shutdown_deadline", Kind::Duration, "The time limit of the shutdown, up to 1h; 5s.")),
            ("GARDEFOU_PANIC_HOOK", info("panic_hook", Kind::Flag, "Whether uncaught panics are reported; false.")),
            ("GARDEFOU_STRICT", info("strict", Kind::Flag, "Whether conflicts keep the system from starting; false.")),
        ],
    },
    SystemSection {
        name: "monitor",
        doc: "Statistics of errors.",
        settings: &[("GARDEFOU_MONITOR_RECENT_EVENTS", info("recent_events", Kind::Count, "How many recent records are kept in memory."))],
    },
    SystemSection {
        name: "telemetry",
        doc: "Metrics.",
        settings: &[("GARDEFOU_TELEMETRY_MAX_NAMES", info("max_names", Kind::Count, "How many values a label may have in each instrument, further ones share _OTHER; 200."))],
    },
    SystemSection {
        name: "journal",
        doc: "The journal of files; there is one where folder is set.",
        settings: &[
            ("GARDEFOU_JOURNAL", info("folder", Kind::Text, "The folder of the journal.")),
            ("GARDEFOU_JOURNAL_MAX_BYTES", info("max_bytes", Kind::Size, "How large the folder gets, for example \"64MiB\".")),
            ("GARDEFOU_JOURNAL_MAX_AGE", info("max_age", Kind::Duration, "How old records get, for example \"30d\".")),
            ("GARDEFOU_JOURNAL_MAX_SEGMENT_BYTES", info("max_segment_bytes", Kind::Size, "How large a file gets.")),
            ("GARDEFOU_JOURNAL_MAX_SEGMENT_AGE", info("max_segment_age", Kind::Duration, "How long a file is written to.")),
        ],
    },
    SystemSection {
        name: "health",
        doc: "Health checks.",
        settings: &[
            ("GARDEFOU_HEALTH_PERIOD", info("period", Kind::Duration, "How often a check runs in the background.")),
            ("GARDEFOU_HEALTH_TIMEOUT", info("timeout", Kind::Duration, "How long a check may take.")),
            ("GARDEFOU_HEALTH_DEADLINE", info("deadline", Kind::Duration, "How long a report may take.")),
            ("GARDEFOU_HEALTH_STALE_AFTER", info("stale_after", Kind::Duration, "How old a result may be.")),
            ("GARDEFOU_HEALTH_FAILURE_THRESHOLD", info("failure_threshold", Kind::Count, "How many failures in a row change the status.")),
            ("GARDEFOU_HEALTH_BACKGROUND", info("background", Kind::Flag, "Whether checks run in the background; true.")),
        ],
    },
    SystemSection {
        name: "alerts",
        doc: "Notifications about errors, circuits and health.",
        settings: &[
            ("GARDEFOU_ALERTS", info("enabled", Kind::Flag, "Whether there are alerts; on if another setting of alerts is there.")),
            ("GARDEFOU_ALERTS_MIN_LEVEL", info("min_level", LEVELS, "The lowest severity that is notified.")),
            ("GARDEFOU_ALERTS_THROTTLE", info("throttle", Kind::Duration, "How long notifications about one error pause.")),
            ("GARDEFOU_ALERTS_SOURCE", info("source", Kind::Text, "The name of the program in notifications, in place of the service.")),
        ],
    },
    SystemSection {
        name: "alerts.webhook",
        doc: "Notifications by HTTPS.",
        settings: &[
            ("GARDEFOU_ALERTS_WEBHOOK_URL", info("url", Kind::Secret, "Where notifications are posted to.")),
            ("GARDEFOU_ALERTS_WEBHOOK_SECRET", info("secret", Kind::Secret, "What requests are signed with, at least 16 bytes; better in the environment variable GARDEFOU_ALERTS_WEBHOOK_SECRET.")),
            ("GARDEFOU_ALERTS_WEBHOOK_FORMAT", info("format", FORMATS, "The form of requests; json.")),
            ("GARDEFOU_ALERTS_WEBHOOK_TIMEOUT", info("timeout", Kind::Duration, "How long a request may take.")),
            ("GARDEFOU_ALERTS_WEBHOOK_ALLOW_HTTP", info("allow_http", Kind::Flag, "Whether the URL may be without TLS; false.")),
            ("GARDEFOU_ALERTS_WEBHOOK_ALLOW_PRIVATE_ADDRESSES", info("allow_private_addresses", Kind::Flag, "Whether the host may have a private address; false.")),
        ],
    },
    SystemSection {
        name: "alerts.mail",
        doc: "Notifications by e-mail.",
        settings: &[
            ("GARDEFOU_ALERTS_MAIL_HOST", info("host", Kind::Text, "The mail server.")),
            ("GARDEFOU_ALERTS_MAIL_PORT", info("port", Kind::Count, "Its port.")),
            ("GARDEFOU_ALERTS_MAIL_HELLO_NAME", info("hello_name", Kind::Text, "The name to greet it with.")),
            ("GARDEFOU_ALERTS_MAIL_TLS", info("tls", TLS, "How the connection is protected; starttls.")),
            ("GARDEFOU_ALERTS_MAIL_FROM", info("from", Kind::Text, "The sender.")),
            ("GARDEFOU_ALERTS_MAIL_TO", info("to", Kind::Texts, "The receivers.")),
            ("GARDEFOU_ALERTS_MAIL_USER", info("user", Kind::Text, "The user at the server, with a password.")),
            ("GARDEFOU_ALERTS_MAIL_PASSWORD", info("password", Kind::Secret, "The password; better in the environment variable GARDEFOU_ALERTS_MAIL_PASSWORD.")),
        ],
    },
];

/// The variables whose settings change while the system is up; the others hold from its next start on.
const LIVE: &[&str] = &[
    "GARDEFOU_SHUTDOWN_DEADLINE",
    "GARDEFOU_MONITOR_RECENT_EVENTS",
    "GARDEFOU_TELEMETRY_MAX_NAMES",
    "GARDEFOU_JOURNAL_MAX_BYTES",
    "GARDEFOU_JOURNAL_MAX_AGE",
    "GARDEFOU_JOURNAL_MAX_SEGMENT_BYTES",
    "GARDEFOU_JOURNAL_MAX_SEGMENT_AGE",
    "GARDEFOU_HEALTH_PERIOD",
    "GARDEFOU_HEALTH_TIMEOUT",
    "GARDEFOU_HEALTH_DEADLINE",
    "GARDEFOU_HEALTH_STALE_AFTER",
    "GARDEFOU_HEALTH_FAILURE_THRESHOLD",
    "GARDEFOU_ALERTS_MIN_LEVEL",
    "GARDEFOU_ALERTS_THROTTLE",
];

/// Returns `true` if the setting of a variable changes while the system is up.
pub(crate) fn is_live(variable: &str) -> bool {
    LIVE.contains(&variable)
}

/// Returns the section and the setting of a variable.
pub(crate) fn setting_of(variable: &str) -> Option<(&'static SystemSection, &'static SettingInfo)> {
    SYSTEM.iter().find_map(|section| {
        let (_, info) = section
            .settings
            .iter()
            .find(|(name, _)| *name == variable)?;
        Some((section, info))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_of_guards_has_a_prefix_of_variables() {
        assert!(GUARDS.iter().all(|guard| {
            VARIABLE_PREFIXES
                .iter()
                .any(|(_, section)| *section == guard.name)
        }));
        assert!(GUARDS.iter().all(|guard| !(guard.settings)().is_empty()));
    }
}
