//! The settings of the channel that sends mail.

use super::{
    channel::EmailChannel,
    smtp::{EmailTls, Server, parse_hello_name},
};
use crate::{alerts::problems::Problems, error::ConfigError, event::Shown};
use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, TlsParameters},
    },
};
use std::{fmt, time::Duration};

/// Collects the settings of an [`EmailChannel`].
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `from` | none | an address, with or without a name |
/// | `to` | none | at least one address |
/// | `tls` | STARTTLS, required | |
/// | `port` | 587, 465 or 25, by `tls` | at least 1 |
/// | `hello_name` | the machine's name if it is a full domain name, else its address on the connection | a domain name, or an address in brackets |
/// | `credentials` | none | not without TLS |
/// | `ca_certificate` | the well-known authorities | PEM, one or more certificates |
/// | `timeout` | 30 s for the whole conversation | 1 ms to 60 s |
#[derive(Clone)]
#[must_use]
pub struct EmailBuilder {
    name: String,
    host: String,
    port: Option<u16>,
    tls: EmailTls,
    from: String,
    to: Vec<String>,
    hello_name: Option<String>,
    credentials: Option<(String, String)>,
    ca_certificate: Option<Vec<u8>>,
    timeout: Duration,
}

impl EmailChannel {
    /// Starts the configuration of a channel of that name, with a mail server.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Channel, EmailChannel};
    ///
    /// let mail = EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// assert_eq!(mail.build()?.name(), "mail");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(name: impl Into<String>, host: impl Into<String>) -> EmailBuilder {
        EmailBuilder::new(name.into(), host.into())
    }
}

impl EmailBuilder {
    pub(super) fn new(name: String, host: String) -> Self {
        Self {
            name,
            host,
            port: None,
            tls: EmailTls::default(),
            from: String::new(),
            to: Vec::new(),
            hello_name: None,
            credentials: None,
            ca_certificate: None,
            timeout: Duration::from_secs(30),
        }
    }

    /// Sets the sender.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::EmailChannel;
    /// # let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// assert!(mail().from("Shop <shop@example.com>").build().is_ok());
    /// assert_eq!(mail().from("shop").build().unwrap_err().field(), "from");
    /// ```
    pub fn from(mut self, address: impl Into<String>) -> Self {
        self.from = address.into();
        self
    }

    /// Adds a recipient; may be called for several.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::EmailChannel;
    /// # let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// let two = mail().to("Night shift <night@example.com>").build()?;
    /// assert!(format!("{two:?}").contains("to: 2"));
    /// assert_eq!(mail().to("night").build().unwrap_err().field(), "to");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.to.push(address.into());
        self
    }

    /// Sets the port; by default the one that belongs to [`tls`](Self::tls).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::EmailChannel;
    /// # let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// assert!(mail().port(2525).build().is_ok());
    /// assert_eq!(mail().port(0).build().unwrap_err().field(), "port");
    /// ```
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets how the connection is encrypted.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::{EmailChannel, EmailTls};
    /// # let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// let login = || mail().credentials("alerts", "a password from the environment");
    /// assert!(login().tls(EmailTls::Implicit).build().is_ok());
    /// assert_eq!(login().tls(EmailTls::None).build().unwrap_err().rule(), "must not be sent without TLS");
    /// ```
    pub fn tls(mut self, tls: EmailTls) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the user and password for the server. They are sent over TLS only, and are in no error and
    /// in no `Debug` output.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::{EmailChannel, EmailTls};
    /// # let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// let login = mail().credentials("alerts", "hunter2");
    /// assert!(!format!("{login:?}").contains("hunter2"));
    /// let err = login.tls(EmailTls::None).build().unwrap_err();
    /// assert_eq!((err.field(), err.value()), ("credentials", "(hidden)"));
    /// ```
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Trusts these authorities instead of the well-known ones, given as PEM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::EmailChannel;
    /// # let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// let err = mail().ca_certificate("no certificate").build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("ca_certificate", "must hold a certificate as PEM"));
    /// ```
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificate = Some(pem.into());
        self
    }

    /// Sets the name by which the channel greets the server (EHLO), for servers that refuse the
    /// default: a domain name, or an address in brackets.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::EmailChannel;
    ///
    /// let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// assert!(mail().hello_name("shop-1.example.com").build().is_ok());
    /// assert!(mail().hello_name("[192.0.2.7]").build().is_ok());
    /// assert_eq!(mail().hello_name("shop 1").build().unwrap_err().field(), "hello_name");
    /// ```
    pub fn hello_name(mut self, name: impl Into<String>) -> Self {
        self.hello_name = Some(name.into());
        self
    }

    /// Sets how long the whole conversation with the server may take, from the name of the server
    /// to its last reply.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::EmailChannel;
    /// # let mail = || EmailChannel::builder("mail", "smtp.example.com").from("a@example.com").to("ops@example.com");
    /// # use std::time::Duration;
    /// assert!(mail().timeout(Duration::from_secs(10)).build().is_ok());
    /// assert_eq!(mail().timeout(Duration::from_secs(61)).build().unwrap_err().field(), "timeout");
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Checks the settings, without resolving a name or connecting.
    ///
    /// # Errors
    ///
    /// Every setting that cannot work, in one error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::EmailChannel;
    ///
    /// let err = EmailChannel::builder("mail", "").from("shop").build().unwrap_err();
    /// assert_eq!(err.problems().map(|problem| problem.field).collect::<Vec<_>>(), ["host", "from", "to"]);
    /// ```
    pub fn build(self) -> Result<EmailChannel, ConfigError> {
        let mut problems = Problems::default();
        if self.host.trim().is_empty() {
            problems.add("host", &self.host, "must name a mail server");
        }
        let mut address = |field, text: &str| {
            let parsed = text.parse::<Mailbox>();
            if parsed.is_err() {
                // An address with a mistake in it still identifies a person.
                let shown = if text.is_empty() { "" } else { "(hidden)" };
                problems.add(field, shown, "must be a mail address");
            }
            parsed.ok()
        };
        let from = address("from", &self.from);
        let to = self.to.iter().filter_map(|text| address("to", text));
        let to: Vec<Mailbox> = to.collect();
        if self.to.is_empty() {
            problems.add("to", "", "must name a receiver");
        }
        problems.check_name_and_timeout(&self.name, self.timeout);
        if self.port == Some(0) {
            problems.add("port", 0, "must be at least 1");
        }
        if self.tls == EmailTls::None && self.credentials.is_some() {
            problems.add("credentials", "(hidden)", "must not be sent without TLS");
        }
        if let Some(name) = &self.hello_name
            && parse_hello_name(name).is_none()
        {
            let rule = "must be a domain name or an address in brackets";
            problems.add("hello_name", name, rule);
        }
        let server = problems.take(self.server());
        match (problems.join(), from, server) {
            (Ok(()), Some(from), Some(server)) => {
                Ok(EmailChannel::new(self.name, server, from, to))
            }
            (Err(err), ..) => Err(err),
            // A missing part was added as a problem.
            (Ok(()), ..) => Err(ConfigError::new(
                "from",
                "(hidden)",
                "must be a mail address",
            )),
        }
    }

    fn server(&self) -> Result<Server, ConfigError> {
        let mut parameters = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.ca_certificate {
            let problem = |rule| ConfigError::new("ca_certificate", "(bytes)", rule);
            let parsed = Certificate::from_pem(pem);
            let certificates = parsed.map_err(|_| problem("must be certificates as PEM"))?;
            // The parser takes a text without any.
            if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
                return Err(problem("must hold a certificate as PEM"));
            }
            parameters = parameters
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificates);
        }
        let parameters = parameters
            .build()
            .map_err(|err| ConfigError::new("tls", err, "must be usable"))?;
        let port = match self.tls {
            EmailTls::StartTls => 587,
            EmailTls::Implicit => 465,
            EmailTls::None => 25,
        };
        Ok(Server {
            host: self.host.clone(),
            port: self.port.unwrap_or(port),
            tls: self.tls,
            parameters,
            hello_name: self.hello_name.as_deref().and_then(parse_hello_name),
            credentials: self
                .credentials
                .clone()
                .map(|(user, password)| Credentials::new(user, password)),
            limit: self.timeout,
        })
    }
}

/// Without the credentials.
impl fmt::Debug for EmailBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailBuilder")
            .field("name", &Shown(&self.name))
            .field("host", &Shown(&self.host))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alerts::notification::{Notification, NotificationKind, one_line},
        event::Severity,
    };

    #[test]
    fn line_breaks_in_any_text_add_no_header() {
        let channel = EmailChannel::builder("m", "localhost")
            .from("a@example.com")
            .to("b@example.com")
            .build()
            .unwrap();
        let odd = format!(
            "x\r\nBcc: c@example.com\r\n\r\nbody\0 {}",
            "é\n".repeat(5_000)
        );
        let mut notification =
            Notification::new(NotificationKind::Error, Severity::Critical, &odd, &odd);
        notification.source = one_line(&odd, 100);
        let mail = String::from_utf8(channel.message(&notification).unwrap().formatted()).unwrap();
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        let mut names: Vec<&str> = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| line.split_once(':').map(|(name, _)| name))
            .collect();
        names.sort_unstable();
        let expected = [
            "Auto-Submitted",
            "Content-Transfer-Encoding",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To",
        ];
        let unexpected: Vec<_> = names
            .iter()
            .filter(|name| !expected.contains(name))
            .collect();
        assert!(unexpected.is_empty(), "{unexpected:?} in {head}");
        assert!(names.contains(&"Subject") && names.contains(&"To"));
        assert!(
            head.contains("\r\nAuto-Submitted: auto-generated"),
            "{head}"
        );
    }

    #[test]
    fn invalid_address_is_hidden_in_the_error() {
        let err = EmailChannel::builder("m", "h")
            .from("ann@@example.com")
            .to("bob at example.com")
            .build()
            .unwrap_err();
        let text = err.to_string();
        assert!(!text.contains("ann") && !text.contains("bob"), "{text}");
        assert!(
            text.contains("`from` = (hidden): must be a mail address"),
            "{text}"
        );
    }

    #[test]
    fn port_zero_is_rejected() {
        let mail = EmailChannel::builder("m", "h")
            .from("a@example.com")
            .to("b@example.com");
        assert_eq!(mail.port(0).build().unwrap_err().field(), "port");
    }

    #[test]
    fn text_without_a_certificate_is_no_authority() {
        let mail = || {
            EmailChannel::builder("m", "h")
                .from("a@example.com")
                .to("b@example.com")
        };
        for text in ["", "hunter2", "-----BEGIN CERTIFICATE-----\n%\n"] {
            let err = mail().ca_certificate(text).build().unwrap_err();
            assert_eq!((err.field(), err.value()), ("ca_certificate", "(bytes)"));
        }
    }

    #[test]
    fn credentials_without_tls_are_rejected_and_hidden() {
        let builder = EmailChannel::builder("m", "h")
            .from("a@example.com")
            .to("b@example.com")
            .credentials("u", "p");
        let err = builder.clone().tls(EmailTls::None).build().unwrap_err();
        assert_eq!(err.field(), "credentials");
        assert!(!format!("{builder:?}").contains("\"p\""));
        assert!(builder.build().is_ok());
    }
}
