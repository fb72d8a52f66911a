//! Deadlines in the headers of requests.

#[cfg(any(feature = "axum", feature = "tower"))]
use crate::{call::Deadline, time::SharedClock};
use crate::{
    call::{self, wire::DeadlineHeader},
    error::{ConfigError, Rejection},
    event::names::TARGET_CALL,
};
use http_1::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// Writes the time that [remains](call::remaining) for the call under way into the headers of a
/// request, rounded down. Without a deadline the headers stay as they are; so does a value in them
/// that is shorter.
///
/// # Errors
///
/// A [`Rejection`] with code `TIMEOUT_ERROR` where less than one unit of the header remains: the
/// request must not be sent.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{ErrorCode, call::{Context, wire::DeadlineHeader}, integrations::http::set_deadline};
/// use std::time::Duration;
///
/// let (header, mut headers) = (DeadlineHeader::ENVOY, http::HeaderMap::new());
/// let within = |limit| Context::current().with_timeout(limit);
/// within(Duration::from_secs(60)).run(|| set_deadline(&mut headers, &header))?;
/// let millis: u64 = headers[header.name()].to_str()?.parse()?;
/// assert!(millis <= 60_000);
///
/// let rejection = within(Duration::ZERO).run(|| set_deadline(&mut headers, &header)).unwrap_err();
/// assert_eq!(rejection.code(), ErrorCode::TIMEOUT_ERROR);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_deadline(headers: &mut HeaderMap, header: &DeadlineHeader) -> Result<(), Rejection> {
    let Some(remaining) = call::remaining() else {
        return Ok(());
    };
    let value = header
        .format(remaining)
        .ok_or_else(|| call::expired("request"))?;
    let is_shorter = |sent: Duration| sent <= remaining;
    if value_of(headers, header).is_some_and(|sent| header.parse(sent).is_some_and(is_shorter)) {
        return Ok(());
    }
    // The name was checked, and the value is made of digits.
    if let (Ok(name), Ok(value)) = (
        HeaderName::from_bytes(header.name().as_bytes()),
        HeaderValue::from_str(value.as_str()),
    ) {
        headers.insert(name, value);
    }
    Ok(())
}

/// Returns the time that the headers of a request give.
///
/// `None` without the header, and where its value is not of its form or it stands there more than
/// once; that is logged at debug.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{call::wire::DeadlineHeader, integrations::http::deadline_in};
/// use std::time::Duration;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("grpc-timeout", "250m".parse()?);
/// assert_eq!(deadline_in(&headers, &DeadlineHeader::GRPC), Some(Duration::from_millis(250)));
/// headers.append("grpc-timeout", "9H".parse()?);
/// assert_eq!(deadline_in(&headers, &DeadlineHeader::GRPC), None, "one of two is no choice");
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn deadline_in(headers: &HeaderMap, header: &DeadlineHeader) -> Option<Duration> {
    let is_there = headers.contains_key(header.name());
    let time = value_of(headers, header).and_then(|value| header.parse(value));
    if is_there && time.is_none() {
        tracing::debug!(
            target: TARGET_CALL,
            "ignored the deadline of a request: its header {} has no valid value",
            header.name()
        );
    }
    time
}

/// Returns the value of a header that stands there once.
fn value_of<'a>(headers: &'a HeaderMap, header: &DeadlineHeader) -> Option<&'a [u8]> {
    let mut values = headers.get_all(header.name()).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

/// How a server takes the deadline of a request from its headers.
///
/// The deadline is that of the call while the request is served: [`call::remaining`] returns it,
/// and guards keep to it. It ends nothing by itself, and never extends a deadline that is there
/// already. A request whose time is over is rejected.
///
/// # Defaults
///
/// The header [`DeadlineHeader::ENVOY`], no limit on what it gives, and no deadline without it.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{call::wire::DeadlineHeader, integrations::http::AcceptDeadline};
/// use std::time::Duration;
///
/// let accept = AcceptDeadline::new().header(DeadlineHeader::GRPC).max(Duration::from_secs(30))?;
/// let mut headers = http::HeaderMap::new();
/// assert_eq!(accept.timeout_in(&headers), None);
/// headers.insert("grpc-timeout", "1H".parse()?);
/// assert_eq!(accept.timeout_in(&headers), Some(Duration::from_secs(30)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a configuration does nothing by itself"]
pub struct AcceptDeadline {
    header: DeadlineHeader,
    max: Option<Duration>,
    otherwise: Option<Duration>,
}

impl AcceptDeadline {
    /// Makes the default configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::http::AcceptDeadline;
    ///
    /// assert_eq!(AcceptDeadline::new(), AcceptDeadline::default());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the header.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::{call::wire::DeadlineHeader, integrations::http::AcceptDeadline};
    ///
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("connect-timeout-ms", "1500".parse()?);
    /// let accept = AcceptDeadline::new().header(DeadlineHeader::CONNECT);
    /// assert_eq!(accept.timeout_in(&headers).unwrap().as_millis(), 1500);
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    pub fn header(mut self, header: DeadlineHeader) -> Self {
        self.header = header;
        self
    }

    /// Sets the longest time that a request gets, whatever its header gives.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::http::AcceptDeadline;
    /// use std::time::Duration;
    ///
    /// assert_eq!(AcceptDeadline::new().max(Duration::ZERO).unwrap_err().field(), "max");
    /// assert!(AcceptDeadline::new().max(Duration::from_secs(30)).is_ok());
    /// ```
    pub fn max(mut self, max: Duration) -> Result<Self, ConfigError> {
        self.max = Some(positive("max", max)?);
        Ok(self)
    }

    /// Sets the time of a request whose headers give none.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::integrations::http::AcceptDeadline;
    /// use std::time::Duration;
    ///
    /// let accept = AcceptDeadline::new().otherwise(Duration::from_secs(10))?;
    /// assert_eq!(accept.timeout_in(&http::HeaderMap::new()), Some(Duration::from_secs(10)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn otherwise(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.otherwise = Some(positive("otherwise", timeout)?);
        Ok(self)
    }

    /// Returns the time that a request with these headers gets; `None` for no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::integrations::http::AcceptDeadline;
    ///
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("x-envoy-expected-rq-timeout-ms", "-5".parse()?);
    /// assert_eq!(AcceptDeadline::new().timeout_in(&headers), None, "no valid value");
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    #[must_use]
    pub fn timeout_in(&self, headers: &HeaderMap) -> Option<Duration> {
        let timeout = deadline_in(headers, &self.header).or(self.otherwise)?;
        Some(self.max.map_or(timeout, |max| timeout.min(max)))
    }

    /// Returns the deadline of a request that arrives now.
    #[cfg(any(feature = "axum", feature = "tower"))]
    pub(in crate::integrations) fn arriving(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<Deadline>, Rejection> {
        let Some(timeout) = self.timeout_in(headers) else {
            return Ok(None);
        };
        if timeout.is_zero() || call::remaining().is_some_and(|remaining| remaining.is_zero()) {
            return Err(call::expired("request"));
        }
        let clock = SharedClock::current();
        Ok(Some(Deadline::new(clock.now().after(timeout), clock)))
    }
}

fn positive(field: &'static str, duration: Duration) -> Result<Duration, ConfigError> {
    if duration.is_zero() {
        return Err(ConfigError::new(field, "0s", "must be greater than zero"));
    }
    Ok(duration)
}
