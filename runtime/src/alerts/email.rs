//! Notices as e-mail (feature `alert-email`).

use super::{Channel, DeliveryError, Notice, notice::one_line};
use crate::ConfigError;
use lettre::{
    Message, SmtpTransport, Transport,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use std::{fmt, time::Duration};

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmailTls {
    /// Begins in the clear and must change to TLS before anything is said; port 587 by default.
    #[default]
    StartTls,
    /// TLS from the first byte on; port 465 by default.
    Implicit,
    /// None: everybody on the way can read the notices. No credentials are sent then; port 25 by default.
    None,
}

/// A channel that sends each notice as a mail.
///
/// # Examples
///
/// ```
/// use gardefou::alerts::EmailChannel;
///
/// let mail = EmailChannel::builder("mail", "smtp.example.com")
///     .from("alerts@example.com")
///     .to("Operations <ops@example.com>")
///     .credentials("alerts", "a password from the environment")
///     .build();
/// assert!(mail.is_ok());
/// let err = EmailChannel::builder("mail", "").to("not an address").build().unwrap_err();
/// assert_eq!(err.problems().map(|problem| problem.field).collect::<Vec<_>>(), ["host", "from", "to"]);
/// ```
pub struct EmailChannel {
    name: String,
    transport: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
}

/// Collects the settings of an [`EmailChannel`].
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `from` | none | an address, with or without a name |
/// | `to` | none | at least one address |
/// | `tls` | STARTTLS, required | |
/// | `port` | 587, 465 or 25, by `tls` | |
/// | `credentials` | none | not without TLS |
/// | `ca_certificate` | the well-known authorities | PEM |
/// | `timeout` | 10 s for each step of a conversation | 1 ms to 60 s |
#[derive(Clone)]
#[must_use]
pub struct EmailBuilder {
    name: String,
    host: String,
    port: Option<u16>,
    tls: EmailTls,
    from: String,
    to: Vec<String>,
    credentials: Option<(String, String)>,
    ca_certificate: Option<Vec<u8>>,
    timeout: Duration,
}

impl EmailChannel {
    /// Starts the configuration of a channel of that name, with a mail server.
    pub fn builder(name: impl Into<String>, host: impl Into<String>) -> EmailBuilder {
        EmailBuilder {
            name: name.into(),
            host: host.into(),
            port: None,
            tls: EmailTls::default(),
            from: String::new(),
            to: Vec::new(),
            credentials: None,
            ca_certificate: None,
            timeout: Duration::from_secs(10),
        }
    }

    fn message(&self, notice: &Notice) -> Result<Message, lettre::error::Error> {
        let level = notice.level.name().to_uppercase();
        let subject = one_line(&format!("[{level}] {}: {}", notice.source, notice.title), 200);
        let domain = self.from.email.domain();
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            // A notice that is sent again is the same mail.
            .message_id(Some(format!("<{}@{domain}>", notice.id)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        message.body(notice.to_text())
    }
}

impl Channel for EmailChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, notice: &Notice) -> Result<(), DeliveryError> {
        let message = self
            .message(notice)
            .map_err(|err| DeliveryError::permanent(format!("the mail cannot be written: {err}")).with_source(err))?;
        match self.transport.send(&message) {
            Ok(_) => Ok(()),
            Err(err) if err.is_permanent() => {
                Err(DeliveryError::permanent(format!("the mail server refuses: {err}")).with_source(err))
            }
            Err(err) => Err(DeliveryError::temporary(format!("the mail was not sent: {err}")).with_source(err)),
        }
    }
}

impl EmailBuilder {
    /// Sets the sender.
    pub fn from(mut self, address: impl Into<String>) -> Self {
        self.from = address.into();
        self
    }

    /// Adds a receiver; may be called for several.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.to.push(address.into());
        self
    }

    /// Sets the port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets how the connection is protected.
    pub fn tls(mut self, tls: EmailTls) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the user and password for the server.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Trusts this authority too, given as PEM.
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificate = Some(pem.into());
        self
    }

    /// Sets how long each step of the conversation with the server may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Checks the settings. Nothing is resolved or connected.
    ///
    /// # Errors
    ///
    /// Every setting that cannot work, in one error.
    pub fn build(self) -> Result<EmailChannel, ConfigError> {
        let mut problems = Vec::new();
        if self.host.trim().is_empty() {
            problems.push(ConfigError::new("host", &self.host, "must name a mail server"));
        }
        let mut address = |field, text: &str| match text.parse::<Mailbox>() {
            Ok(mailbox) => Some(mailbox),
            Err(_) => {
                problems.push(ConfigError::new(field, text, "must be a mail address"));
                None
            }
        };
        let from = address("from", &self.from);
        let to: Vec<Mailbox> = self.to.iter().filter_map(|text| address("to", text)).collect();
        if self.to.is_empty() {
            problems.push(ConfigError::new("to", "", "must name a receiver"));
        }
        if self.name.is_empty() {
            problems.push(ConfigError::new("name", "", "must not be empty"));
        }
        if self.tls == EmailTls::None && self.credentials.is_some() {
            problems.push(ConfigError::new("credentials", "(hidden)", "must not be sent without TLS"));
        }
        if self.timeout < Duration::from_millis(1) || self.timeout > Duration::from_secs(60) {
            let value = format!("{:?}", self.timeout);
            problems.push(ConfigError::new("timeout", value, "must be from 1 ms to 60 s"));
        }
        let transport = match self.transport() {
            Ok(transport) => Some(transport),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        match (ConfigError::join(problems), from, transport) {
            (None, Some(from), Some(transport)) => Ok(EmailChannel { name: self.name, transport, from, to }),
            (Some(err), ..) => Err(err),
            // Whatever is missing was pushed as a problem.
            (None, ..) => Err(ConfigError::new("from", self.from, "must be a mail address")),
        }
    }

    fn transport(&self) -> Result<SmtpTransport, ConfigError> {
        let mut parameters = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.ca_certificate {
            let parsed = Certificate::from_pem(pem);
            let certificate =
                parsed.map_err(|_| ConfigError::new("ca_certificate", "(bytes)", "must be a certificate as PEM"))?;
            parameters = parameters.add_root_certificate(certificate);
        }
        let parameters = parameters.build().map_err(|err| ConfigError::new("tls", err, "must be usable"))?;
        let (tls, port) = match self.tls {
            EmailTls::StartTls => (Tls::Required(parameters), 587),
            EmailTls::Implicit => (Tls::Wrapper(parameters), 465),
            EmailTls::None => (Tls::None, 25),
        };
        let mut builder = SmtpTransport::builder_dangerous(self.host.clone())
            .port(self.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(self.timeout))
            .hello_name(ClientId::Domain("localhost".into()));
        if let Some((user, password)) = &self.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(builder.build())
    }
}

/// Without the credentials.
impl fmt::Debug for EmailBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailBuilder").field("name", &self.name).field("host", &self.host).finish_non_exhaustive()
    }
}

impl fmt::Debug for EmailChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailChannel").field("name", &self.name).field("to", &self.to.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{alerts::NoticeKind, event::AlertLevel};

    /// Whatever is in a name, a code or a message, the headers are those that are meant.
    #[test]
    fn no_text_adds_a_header_or_breaks_the_mail() {
        let channel =
            EmailChannel::builder("m", "localhost").from("a@example.com").to("b@example.com").build().unwrap();
        let odd = format!("x\r\nBcc: c@example.com\r\n\r\nbody\0 {}", "é\n".repeat(5_000));
        let mut notice = Notice::new(NoticeKind::Error, AlertLevel::Critical, &odd, &odd);
        notice.source = one_line(&odd, 100);
        let mail = String::from_utf8(channel.message(&notice).unwrap().formatted()).unwrap();
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        let mut names: Vec<&str> = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| line.split_once(':').map(|(name, _)| name))
            .collect();
        names.sort_unstable();
        let expected = [
            "Content-Transfer-Encoding",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To",
        ];
        let unexpected: Vec<_> = names.iter().filter(|name| !expected.contains(name)).collect();
        assert!(unexpected.is_empty(), "{unexpected:?} in {head}");
        assert!(names.contains(&"Subject") && names.contains(&"To"));
    }

    #[test]
    fn a_password_is_never_sent_in_the_clear() {
        let builder = EmailChannel::builder("m", "h").from("a@example.com").to("b@example.com").credentials("u", "p");
        let err = builder.clone().tls(EmailTls::None).build().unwrap_err();
        assert_eq!(err.field(), "credentials");
        assert!(!format!("{builder:?}").contains("\"p\""));
        assert!(builder.build().is_ok());
    }
}
