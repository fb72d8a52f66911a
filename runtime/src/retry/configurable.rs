//! Settings of retries by name.

use super::{
    backoff::BackoffKind,
    config::{LONGEST_NAME, RetryConfig},
    explicit::ExplicitSettings,
    inner::{RetryInner, RetryTerms},
    jitter::Jitter,
};
use crate::{
    error::ConfigError,
    event::LogLevel,
    name,
    overrides::{Configurable, Kind, Setting, Value, span_setting},
    time::Tick,
};
use std::{sync::Arc, time::Duration};

/// The settings of a retry that have a name in a file.
#[derive(Clone)]
pub(crate) struct NamedSettings {
    name: Arc<str>,
    pub(super) explicit: ExplicitSettings,
}

impl NamedSettings {
    pub(super) fn new(name: &str, explicit: ExplicitSettings) -> Self {
        Self {
            name: name.into(),
            explicit,
        }
    }
}

const BACKOFFS: &[&str] = &[
    BackoffKind::ALL[0].name(),
    BackoffKind::ALL[1].name(),
    BackoffKind::ALL[2].name(),
    BackoffKind::ALL[3].name(),
];

const LEVELS: &[&str] = &[
    LogLevel::ALL[0].name(),
    LogLevel::ALL[1].name(),
    LogLevel::ALL[2].name(),
    LogLevel::ALL[3].name(),
    LogLevel::ALL[4].name(),
    LogLevel::ALL[5].name(),
];

const JITTERS: &[&str] = &["none", "full", "equal"];

/// Makes a setting that is a field of the explicit settings.
macro_rules! field {
    ($kind:ident $name:ident: $doc:literal) => {
        Setting::new(
            stringify!($name),
            Kind::$kind,
            $doc,
            |mut settings: NamedSettings, value| {
                if let Value::$kind(value) = value {
                    settings.explicit.$name = Some(*value);
                }
                settings
            },
        )
    };
}

const SETTINGS: &[Setting<NamedSettings>] = &[
    field!(Count max_retries: "How many calls follow the first at most; 3."),
    field!(Count max_attempts: "How many calls there are at most, the first included; in place of max_retries."),
    field!(Duration initial_delay: "The delay before the first retry; 500ms."),
    Setting::new(
        "backoff",
        Kind::Choice(BACKOFFS),
        "How delays grow; exponential.",
        |mut settings: NamedSettings, value| {
            if let Value::Text(name) = value {
                settings.explicit.kind = Some(name.parse());
            }
            settings
        },
    ),
    field!(Number backoff_factor: "By what a delay grows, at least 1; 2, or 3 for decorrelated."),
    field!(Duration max_delay: "What no delay exceeds; 60s."),
    Setting::new(
        "jitter",
        Kind::Jitter(JITTERS),
        "How delays are spread at random: true or \"full\", \"equal\", false or \"none\", or a fraction such as 0.2 for plus-minus 20 %.",
        |mut settings: NamedSettings, value| {
            settings.explicit.jitter = match value {
                Value::Flag(on) => Some(Ok(Jitter::from(*on))),
                Value::Number(fraction) => Some(Ok(Jitter::from(*fraction))),
                Value::Text(name) => Some(name.parse()),
                _ => settings.explicit.jitter,
            };
            settings
        },
    ),
    field!(Duration max_elapsed: "How long a series of attempts may take, its delays included; no limit."),
    Setting::new(
        "attempt_timeout",
        Kind::Duration,
        "How long an attempt may take, of a retry that has such a limit in the code.",
        |mut settings: NamedSettings, value| {
            // Whether attempts are limited is a part of the type of the retry, and of its errors.
            if let (Some(limit), Value::Duration(value)) =
                (&mut settings.explicit.attempt_timeout, value)
            {
                *limit = *value;
            }
            settings
        },
    ),
    Setting::new(
        "log_level",
        Kind::Choice(LEVELS),
        "The level of the lines between attempts; warn.",
        |mut settings: NamedSettings, value| {
            if let Value::Text(name) = value {
                settings.explicit.log_level = name.parse().ok();
            }
            settings
        },
    ),
    Setting::new(
        "timed",
        Kind::Flag,
        "Whether calls are timed, for a histogram in metrics; false.",
        |mut settings: NamedSettings, value| {
            if let Value::Flag(timed) = value {
                settings.explicit.timed = *timed;
            }
            settings
        },
    ),
    span_setting(),
];

impl Configurable for NamedSettings {
    const SECTION: &'static str = "retry";

    type Target = RetryInner;

    type Change = (RetryConfig, Option<LogLevel>);

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        let limited = ExplicitSettings {
            attempt_timeout: Some(Duration::from_secs(1)),
            ..ExplicitSettings::default()
        };
        let short = ExplicitSettings {
            initial_delay: Some(Duration::ZERO),
            ..limited.clone()
        };
        vec![Self::new(name, limited), Self::new(name, short)]
    }

    fn make_room_for(&mut self, setting: &str, _: &Value) {
        if matches!(setting, "max_retries" | "max_attempts") {
            (self.explicit.max_retries, self.explicit.max_attempts) = (None, None);
        }
    }

    fn without_effect(&self, setting: &str) -> Option<&'static str> {
        let is_limited = self.explicit.attempt_timeout.is_some();
        (setting == "attempt_timeout" && !is_limited)
            .then_some("its code has no `attempt_timeout`, and a file cannot add one")
    }

    fn problems(&self) -> Option<ConfigError> {
        let mut problems = Vec::from_iter(name::problem("name", &self.name, LONGEST_NAME));
        self.explicit.resolve(&mut problems);
        ConfigError::join(problems)
    }

    fn change(&self, _: &Self) -> Result<Self::Change, ConfigError> {
        let mut problems = Vec::new();
        let config = self.explicit.resolve(&mut problems);
        match ConfigError::join(problems) {
            Some(err) => Err(err),
            None => Ok((config, self.explicit.log_level)),
        }
    }

    fn apply_at(_: Tick, (config, level): &Self::Change, inner: &Arc<RetryInner>) {
        if config.timed {
            inner.counts.time(&inner.name);
        }
        let terms = RetryTerms::new(config.clone(), *level, inner.place);
        inner.terms.replace(terms);
    }
}
