//! Where the database is, and how long it may take.

use gardefou::ConfigError;
use std::{fmt, ops::RangeInclusive, time::Duration};
use tokio_postgres::config::{Host, SslMode};

/// A database of PostgreSQL, version 13 or newer: its address, the schema of the journal in it, and
/// the time limits of requests.
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `schema` | `gardefou` | 1 to 40 of `a` to `z`, digits and `_`; no digit first |
/// | `connect_timeout` | 5 s | 100 ms to 10 min |
/// | `timeout` | 30 s | 100 ms to 1 h |
///
/// Values outside their range are reported by [`build`](DatabaseConfigBuilder::build). The password
/// is in no error and in no debug output.
#[derive(Clone)]
pub struct DatabaseConfig {
    pub(crate) postgres: tokio_postgres::Config,
    pub(crate) schema: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    #[cfg(feature = "tls")]
    pub(crate) root_certificates: Option<String>,
}

/// Collects the settings of a [`DatabaseConfig`].
#[derive(Clone)]
#[must_use]
pub struct DatabaseConfigBuilder {
    url: String,
    schema: String,
    connect_timeout: Duration,
    timeout: Duration,
    #[cfg(feature = "tls")]
    root_certificates: Option<String>,
}

const MIN_TIMEOUT: Duration = Duration::from_millis(100);

impl DatabaseConfig {
    /// Starts from the defaults, for the database at a URL such as
    /// `postgres://user:password@host:5432/database`, or in the form `host=.. user=.. password=..`.
    ///
    /// Several hosts with commas between them are tried in their order; the parameters
    /// `target_session_attrs`, `application_name`, `keepalives_idle` and others of the crate
    /// `tokio-postgres` are known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::DatabaseConfig;
    ///
    /// let database = DatabaseConfig::builder("postgres://app:hunter2@db1/errors").build()?;
    /// assert!(!format!("{database:?}").contains("hunter2"));
    /// assert_eq!(database.to_string(), "postgres://db1:5432/errors");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(url: impl Into<String>) -> DatabaseConfigBuilder {
        DatabaseConfigBuilder {
            url: url.into(),
            schema: "gardefou".to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            #[cfg(feature = "tls")]
            root_certificates: None,
        }
    }

    /// Returns the texts that must not leave the program.
    pub(crate) fn secret(&self) -> Option<&str> {
        let password = self.postgres.get_password()?;
        std::str::from_utf8(password).ok()
    }
}

impl DatabaseConfigBuilder {
    /// Sets the schema that holds the tables. It is made if it does not exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::DatabaseConfig;
    ///
    /// let database = |schema| DatabaseConfig::builder("postgres://db1/errors").schema(schema).build();
    /// assert!(database("errors_of_orders").is_ok());
    /// let err = database("errors; --").unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("schema", "must be 1 to 40 of `a` to `z`, digits and `_`, without a digit first"));
    /// ```
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Sets how long connecting may take.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::DatabaseConfig;
    /// use std::time::Duration;
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors");
    /// let err = database.connect_timeout(Duration::ZERO).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("connect_timeout", "must be from 100ms to 600s"));
    /// ```
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long one transaction or query may take. After that the connection is given up, also
    /// where the server does not answer at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::DatabaseConfig;
    /// use std::time::Duration;
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors");
    /// let err = database.timeout(Duration::MAX).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("timeout", "must be from 100ms to 3600s"));
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Trusts the authorities whose certificates are in this text, in the form PEM, and no others;
    /// without it, those that browsers trust.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::DatabaseConfig;
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors?sslmode=require");
    /// let err = database.root_certificates("not a certificate").build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("root_certificates", "must hold certificates in the form PEM"));
    /// ```
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn root_certificates(mut self, pem: impl Into<String>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// Makes the configuration. Nothing is connected.
    ///
    /// # Errors
    ///
    /// Every setting outside its range, in one error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::DatabaseConfig;
    ///
    /// let err = DatabaseConfig::builder("postgres://app:hunter2@db1:port/x").schema("").build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["url", "schema"]);
    /// assert!(!err.to_string().contains("hunter2"));
    /// ```
    pub fn build(self) -> Result<DatabaseConfig, ConfigError> {
        let seconds = |time: &Duration| format!("{time:?}");
        let limits = |longest| MIN_TIMEOUT..=Duration::from_secs(longest);
        // Parts of the text, and of what the parser reports, can be parts of the password.
        let hidden = |rule: &str| ConfigError::new("url", "[redacted]", rule);
        let parsed = self.url.parse::<tokio_postgres::Config>();
        let url = match &parsed {
            Err(_) => Some(hidden(
                "must be `postgres://user:password@host:port/database` or `host=.. user=..`, with special characters of the password as `%..`",
            )),
            Ok(config) if config.get_hosts().is_empty() => Some(hidden("must name a host")),
            Ok(config) if !cfg!(feature = "tls") && config.get_ssl_mode() == SslMode::Require => {
                Some(hidden(
                    "must not have `sslmode=require` without the feature `tls` of gardefou-postgres",
                ))
            }
            Ok(_) => None,
        };
        let problems = [
            url,
            (!is_schema(&self.schema)).then(|| {
                let rule = "must be 1 to 40 of `a` to `z`, digits and `_`, without a digit first";
                ConfigError::new("schema", &self.schema, rule)
            }),
            outside(
                "connect_timeout",
                &self.connect_timeout,
                limits(600),
                seconds,
            ),
            outside("timeout", &self.timeout, limits(3600), seconds),
            self.certificate_problem(),
        ];
        match (ConfigError::join(problems.into_iter().flatten()), parsed) {
            (None, Ok(mut postgres)) => {
                if postgres.get_connect_timeout().is_none() {
                    postgres.connect_timeout(self.connect_timeout);
                }
                if postgres.get_application_name().is_none() {
                    postgres.application_name("gardefou");
                }
                postgres.tcp_user_timeout(self.timeout);
                Ok(DatabaseConfig {
                    postgres,
                    schema: self.schema,
                    connect_timeout: self.connect_timeout,
                    timeout: self.timeout,
                    #[cfg(feature = "tls")]
                    root_certificates: self.root_certificates,
                })
            }
            (Some(err), _) => Err(err),
            (None, Err(_)) => Err(hidden("must be a URL")),
        }
    }

    #[cfg(feature = "tls")]
    fn certificate_problem(&self) -> Option<ConfigError> {
        let pem = self.root_certificates.as_deref()?;
        let rule = "must hold certificates in the form PEM";
        crate::session::tls::roots(Some(pem))
            .is_none()
            .then(|| ConfigError::new("root_certificates", "a text", rule))
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_self, reason = "as with the feature `tls`")]
    fn certificate_problem(&self) -> Option<ConfigError> {
        None
    }
}

fn is_schema(name: &str) -> bool {
    let is_word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    let starts = |c: u8| c.is_ascii_digit();
    (1..=40).contains(&name.len())
        && name.bytes().all(is_word)
        && !name.bytes().next().is_some_and(starts)
        // The server keeps these names for itself.
        && !name.starts_with("pg_")
}

/// Returns the error for a value outside of its range.
pub(crate) fn outside<T: PartialOrd, S: fmt::Display>(
    field: &'static str,
    value: &T,
    range: RangeInclusive<T>,
    show: impl Fn(&T) -> S,
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

/// The address without user, password and parameters.
impl fmt::Display for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        let ports = self.postgres.get_ports();
        for (i, host) in self.postgres.get_hosts().iter().enumerate() {
            let port = ports.get(i).or(ports.first()).copied().unwrap_or(5432);
            if i > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => write!(f, "{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(folder) => write!(f, "{}:{port}", folder.display())?,
            }
        }
        write!(f, "/{}", self.postgres.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("address", &self.to_string())
            .field("schema", &self.schema)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DatabaseConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfigBuilder")
            .field("schema", &self.schema)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
