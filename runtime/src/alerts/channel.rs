//! Channels, which deliver notifications.

use super::notification::{Notification, one_line};
use crate::{
    error::{chain, distinct_texts},
    event::{self, Severity, Shown, ShownText, names, text},
};
use std::{error::Error, fmt, sync::Arc, time::Duration};

/// A channel that notifications are delivered on.
///
/// Each channel has a thread, a queue and a circuit breaker of its own, so a channel that hangs delays
/// no other. [`deliver`](Self::deliver) may block, but should set its own time limits. A call that
/// takes longer than [`delivery_timeout`](super::AlertsConfigBuilder::delivery_timeout) counts as a
/// failed attempt, and another thread continues with the queue. A thread cannot be ended from outside,
/// so at most two calls of a channel are abandoned in this way. If one of them succeeds after all, its
/// notification counts as delivered. A panic counts as a failure that is not tried again.
///
/// A channel in an `Arc` is a channel too, for a program that keeps a handle to it.
pub trait Channel: Send + Sync + 'static {
    /// Returns the name of the channel in rules and in the status: 1 to 100 bytes of printable
    /// characters, and always the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{AlertsConfig, Channel, LogChannel, Rule};
    ///
    /// let rule = Rule::immediate("errors").channel(LogChannel::new().name());
    /// assert!(AlertsConfig::builder().rule(rule).build().is_ok()); // the channel `log` is the default
    /// ```
    fn name(&self) -> &str;

    /// Delivers one notification.
    ///
    /// # Errors
    ///
    /// The notification was not delivered; the error has whether another attempt can help.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, Channel, DeliveryError, Notification};
    /// use std::{fs::OpenOptions, io::Write, path::PathBuf};
    ///
    /// struct FileChannel(PathBuf);
    ///
    /// impl Channel for FileChannel {
    ///     fn name(&self) -> &str {
    ///         "file"
    ///     }
    ///
    ///     fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
    ///         let opened = OpenOptions::new().append(true).open(&self.0);
    ///         let written = opened.and_then(|mut file| writeln!(file, "{}", notification.title));
    ///         written.map_err(|err| DeliveryError::transient("the file cannot be written").with_source(err))
    ///     }
    /// }
    ///
    /// let file = tempfile::NamedTempFile::new()?;
    /// let config = AlertsConfig::builder().channel(FileChannel(file.path().into())).background(false);
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// assert_eq!(std::fs::read_to_string(file.path())?, "a test of this channel\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError>;
}

impl<C: Channel + ?Sized> Channel for Arc<C> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
        (**self).deliver(notification)
    }
}

/// The error of a failed delivery.
pub struct DeliveryError {
    text: String,
    is_permanent: bool,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Debug for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source.as_ref().map(|source| format!("{source:?}"));
        f.debug_struct("DeliveryError")
            .field("text", &ShownText(&self.text))
            .field("is_permanent", &self.is_permanent)
            .field("retry_after", &self.retry_after)
            .field("source", &source.as_deref().map(ShownText))
            .finish()
    }
}

impl DeliveryError {
    /// Makes an error after which another attempt can help, for example a lost connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::DeliveryError;
    ///
    /// let err = DeliveryError::transient("connection refused");
    /// assert_eq!((err.to_string().as_str(), err.is_permanent()), ("connection refused", false));
    /// ```
    #[must_use]
    pub fn transient(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_permanent: false,
            retry_after: None,
            source: None,
        }
    }

    /// Makes an error that another attempt cannot change, for example a refused address.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError};
    ///
    /// let refusing = CallbackChannel::new("ops", |_| Err(DeliveryError::permanent("no such room")));
    /// let config = AlertsConfig::builder().channel(refusing).background(false);
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// let ops = &alerts.status().channels[0];
    /// assert_eq!((ops.attempts, ops.failed), (1, 1));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn permanent(text: impl Into<String>) -> Self {
        Self {
            is_permanent: true,
            ..Self::transient(text)
        }
    }

    /// Sets how long to wait before another attempt, as a server's `Retry-After` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError}, time::{Clock, ManualClock}};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let busy = || DeliveryError::transient("busy").with_retry_after(Duration::from_secs(120));
    /// let config = AlertsConfig::builder().channel(CallbackChannel::new("ops", move |_| Err(busy())));
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// assert_eq!(alerts.run(), Some(clock.now().after(Duration::from_secs(120))));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Sets the error that caused this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError};
    /// use std::io;
    ///
    /// let err = || DeliveryError::transient("the request failed").with_source(io::Error::other("connection reset"));
    /// let config = AlertsConfig::builder().channel(CallbackChannel::new("ops", move |_| Err(err())));
    /// let alerts = Alerts::start(config.background(false).build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// let last_error = &alerts.status().channels[0].last_error;
    /// assert_eq!(last_error.as_deref(), Some("the request failed: connection reset"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns `true` if another attempt cannot help.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::DeliveryError;
    ///
    /// assert!(DeliveryError::permanent("no such room").is_permanent());
    /// assert!(!DeliveryError::transient("connection refused").is_permanent());
    /// ```
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.is_permanent
    }

    /// Returns how long to wait before another attempt, if that was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::DeliveryError;
    /// use std::time::Duration;
    ///
    /// let (err, minute) = (DeliveryError::transient("busy"), Duration::from_secs(60));
    /// assert_eq!(err.retry_after(), None);
    /// assert_eq!(err.with_retry_after(minute).retry_after(), Some(minute));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the text of an error and those of its causes, outermost first, in one line of at most 500
/// characters.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let text_of = |level: &(dyn Error + 'static)| text::for_sink(&level, MAX_CAUSES);
    let own = text_of(error);
    let mut all = own.clone();
    for cause in distinct_texts(own, chain(error).skip(1), text_of) {
        all = format!("{all}: {cause}");
    }
    one_line(&all, MAX_CAUSES)
}

const MAX_CAUSES: usize = 500;

impl Error for DeliveryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// A channel to the log, under the target `gardefou::alert`.
///
/// A notification that no subscriber of `tracing` takes, at the level that belongs to it, goes to
/// the standard error.
#[derive(Clone, Debug)]
pub struct LogChannel(());

impl LogChannel {
    /// Makes the channel `log`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, LogChannel};
    ///
    /// let alerts = Alerts::start(AlertsConfig::builder().channel(LogChannel::new()).background(false).build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// let log = &alerts.status().channels[0];
    /// assert_eq!((log.name.as_str(), log.sent), ("log", 1));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl Default for LogChannel {
    fn default() -> Self {
        Self::new()
    }
}

impl Channel for LogChannel {
    fn name(&self) -> &str {
        "log"
    }

    fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
        macro_rules! log_at {
            ($level:ident) => {{
                if !tracing::enabled!(target: names::TARGET_ALERT, tracing::Level::$level) {
                    // A notification that is written nowhere would not be delivered.
                    let more = match notification.suppressed {
                        0 => String::new(),
                        n => format!(" ({n} more were held back)"),
                    };
                    event::to_stderr(format_args!("alert: {}: {}{more}", notification.level.name(), notification.title));
                }
                tracing::event!(
                    target: names::TARGET_ALERT,
                    tracing::Level::$level,
                    notification.id = %notification.id,
                    notification.kind = notification.kind.name(),
                    severity = notification.level.name(),
                    rule = notification.rule,
                    fingerprint = %notification.fingerprint,
                    suppressed = notification.suppressed,
                    error.id = notification.error.as_ref().map(|error| tracing::field::display(error.id)),
                    "{}",
                    notification.title
                )
            }};
        }
        match notification.level {
            Severity::Info => log_at!(INFO),
            Severity::Warning => log_at!(WARN),
            Severity::Error | Severity::Critical => log_at!(ERROR),
        }
        Ok(())
    }
}

type Deliver = Box<dyn Fn(&Notification) -> Result<(), DeliveryError> + Send + Sync>;

/// A channel to a function of the program.
pub struct CallbackChannel {
    name: String,
    deliver: Deliver,
}

impl CallbackChannel {
    /// Makes a channel of a function, which runs on the channel's own thread.
    ///
    /// It may block, and returns an error where a notification was not delivered: see
    /// [`Channel::deliver`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel};
    /// use std::sync::mpsc;
    ///
    /// let (sender, titles) = mpsc::channel();
    /// let ops = CallbackChannel::new("ops", move |notification| {
    ///     let _ = sender.send(notification.title.clone());
    ///     Ok(())
    /// });
    /// let alerts = Alerts::start(AlertsConfig::builder().channel(ops).build()?)?;
    /// alerts.test();
    /// assert_eq!(titles.recv()?, "a test of this channel");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        name: impl Into<String>,
        deliver: impl Fn(&Notification) -> Result<(), DeliveryError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            deliver: Box::new(deliver),
        }
    }
}

impl Channel for CallbackChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
        (self.deliver)(notification)
    }
}

impl fmt::Debug for CallbackChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackChannel")
            .field("name", &Shown(&self.name))
            .finish_non_exhaustive()
    }
}
