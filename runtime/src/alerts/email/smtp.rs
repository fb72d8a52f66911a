//! One SMTP conversation with a mail server, within one time limit.
//!
//! The conversation is a future, and not blocking calls, because a future can be dropped at any
//! point: a limit for each read never ends a server that sends a byte now and then.

use super::bounded::Bounded;
use crate::{alerts::channel::with_causes, event::Origin};
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    thread,
    time::Duration,
};
use tokio::{net::TcpStream, runtime, time::timeout};

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmailTls {
    /// Starts in the clear and must change to TLS before anything else; port 587 by default.
    #[default]
    StartTls,
    /// TLS from the first byte on; port 465 by default.
    Implicit,
    /// None: the notifications can be read on the network, and no credentials are sent; port 25 by
    /// default.
    None,
}

/// A mail server, and how to connect to it.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: EmailTls,
    pub(super) parameters: TlsParameters,
    pub(super) hello_name: Option<ClientId>,
    pub(super) credentials: Option<Credentials>,
    pub(super) limit: Duration,
}

/// The envelope and content of a mail.
pub(super) struct OutgoingMail<'a> {
    pub(super) from: &'a Address,
    pub(super) to: &'a [Address],
    pub(super) content: &'a [u8],
}

/// The outcome of a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing is known, or the server requests another attempt.
    Pending,
    Accepted,
    /// Refused permanently, with the server's reply.
    Refused(String),
}

/// Why a conversation ended early.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) text: String,
    pub(super) is_permanent: bool,
}

/// How many bytes a server may send in the clear within one conversation, far above what a mail needs.
const MAX_READ: usize = 1024 * 1024;

impl Server {
    /// Sends a mail to every recipient whose outcome is pending, and records the outcomes.
    ///
    /// First in one envelope for all. Where the server refuses that, each recipient gets an envelope
    /// of their own, so that a refused one does not affect the others.
    pub(super) fn send(
        &self,
        mail: &OutgoingMail<'_>,
        outcomes: &mut [Outcome],
    ) -> Result<(), Failure> {
        if runtime::Handle::try_current().is_err() {
            return self.send_blocking(mail, outcomes);
        }
        // A runtime cannot be entered from within another one.
        let joined =
            thread::scope(|scope| scope.spawn(|| self.send_blocking(mail, outcomes)).join());
        joined.unwrap_or_else(|_| {
            Err(Failure::transient(
                "the conversation with the mail server panicked",
            ))
        })
    }

    fn send_blocking(
        &self,
        mail: &OutgoingMail<'_>,
        outcomes: &mut [Outcome],
    ) -> Result<(), Failure> {
        let built = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build();
        let runtime =
            built.map_err(|err| Failure::transient(format!("no runtime for the mail: {err}")))?;
        let ended =
            runtime.block_on(async { timeout(self.limit, self.converse(mail, outcomes)).await });
        // A name that is still being resolved has a thread of its own, which is not waited for.
        runtime.shutdown_background();
        ended.unwrap_or_else(|_| {
            Err(Failure::transient(format!(
                "the time limit of {:?} has passed",
                self.limit
            )))
        })
    }

    async fn converse(
        &self,
        mail: &OutgoingMail<'_>,
        outcomes: &mut [Outcome],
    ) -> Result<(), Failure> {
        let mut connection = self.connect().await?;
        let pending: Vec<usize> = (0..outcomes.len())
            .filter(|at| matches!(outcomes[*at], Outcome::Pending))
            .collect();
        if let [_, _, ..] = pending[..] {
            let all: Vec<&Address> = pending.iter().map(|at| &mail.to[*at]).collect();
            match envelope(&mut connection, mail, &all).await? {
                Ok(()) => {
                    pending
                        .into_iter()
                        .for_each(|at| outcomes[at] = Outcome::Accepted);
                    let _ = connection.quit().await;
                    return Ok(());
                }
                Err(_) => drop(connection.command(Rset).await?),
            }
        }
        let mut last = None;
        for at in pending {
            match envelope(&mut connection, mail, &[&mail.to[at]]).await? {
                Ok(()) => outcomes[at] = Outcome::Accepted,
                Err(error) => {
                    if error.is_permanent() {
                        outcomes[at] = Outcome::Refused(with_causes(&error));
                    } else {
                        last = Some(Failure::from(error));
                    }
                    connection.command(Rset).await?;
                }
            }
        }
        let _ = connection.quit().await;
        last.map_or(Ok(()), Err)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let server = (self.host.as_str(), self.port);
        let mut connection = if self.tls == EmailTls::Implicit {
            let hello = self.hello_name(None);
            AsyncSmtpConnection::connect_tokio1(
                server,
                None,
                &hello,
                Some(self.parameters.clone()),
                None,
            )
            .await?
        } else {
            let stream = TcpStream::connect(server).await?;
            let hello = self.hello_name(stream.local_addr().ok());
            let stream = Box::new(Bounded::new(stream, MAX_READ));
            let mut connection =
                AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
            if self.tls == EmailTls::StartTls {
                connection.starttls(self.parameters.clone(), &hello).await?;
            }
            connection
        };
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// Returns the name to greet with: the configured one, else this machine's where it is a full domain
    /// name, else the address that the connection has here (RFC 5321, section 4.1.4).
    fn hello_name(&self, local: Option<SocketAddr>) -> ClientId {
        let of_host = || {
            let name = Origin::default()
                .on_this_host()
                .host
                .filter(|name| name.contains('.'))?;
            parse_hello_name(&name)
        };
        let of_address = || match local? {
            SocketAddr::V4(address) => Some(ClientId::Ipv4(*address.ip())),
            SocketAddr::V6(address) => Some(ClientId::Ipv6(*address.ip())),
        };
        self.hello_name
            .clone()
            .or_else(of_host)
            .or_else(of_address)
            .unwrap_or_default()
    }
}

/// Reads a domain name, or an address literal of RFC 5321.
pub(super) fn parse_hello_name(text: &str) -> Option<ClientId> {
    if let Some(address) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        return match address.strip_prefix("IPv6:") {
            Some(address) => address.parse::<Ipv6Addr>().ok().map(ClientId::Ipv6),
            None => address.parse::<Ipv4Addr>().ok().map(ClientId::Ipv4),
        };
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (text.len() <= 255 && text.split('.').all(is_label)).then(|| ClientId::Domain(text.to_owned()))
}

/// Sends one mail in one envelope. The inner error is a reply of the server to a recipient or to
/// the mail, after which the conversation can go on.
async fn envelope(
    connection: &mut AsyncSmtpConnection,
    mail: &OutgoingMail<'_>,
    to: &[&Address],
) -> Result<Result<(), Error>, Failure> {
    let mut options = Vec::new();
    let is_plain = |address: &Address| address.to_string().is_ascii();
    if !is_plain(mail.from) || !to.iter().all(|address| is_plain(address)) {
        if !connection
            .server_info()
            .supports_feature(Extension::SmtpUtfEight)
        {
            return Err(Failure::permanent(
                "an address is not ASCII, and the mail server does not support SMTPUTF8",
            ));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !mail.content.is_ascii() {
        if !connection
            .server_info()
            .supports_feature(Extension::EightBitMime)
        {
            return Err(Failure::permanent(
                "the mail is not ASCII, and the mail server does not support 8BITMIME",
            ));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection
        .command(Mail::new(Some(mail.from.clone()), options))
        .await?;
    for address in to {
        if let Err(error) = connection
            .command(Rcpt::new((*address).clone(), Vec::new()))
            .await
        {
            return reply(error);
        }
    }
    if let Err(error) = connection.command(Data).await {
        return reply(error);
    }
    match connection.message(mail.content).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => reply(error),
    }
}

/// Separates a reply of the server from a failure of the connection.
fn reply(error: Error) -> Result<Result<(), Error>, Failure> {
    if error.is_permanent() || error.is_transient() {
        Ok(Err(error))
    } else {
        Err(error.into())
    }
}

impl Failure {
    fn transient(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_permanent: false,
        }
    }

    fn permanent(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_permanent: true,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            text: with_causes(&error),
            is_permanent: error.is_permanent(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::transient(with_causes(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hello_name_is_a_domain_name_or_an_address_literal() {
        for legal in [
            "localhost",
            "shop-1.example.com",
            "[192.0.2.7]",
            "[IPv6:2001:db8::1]",
        ] {
            assert_eq!(
                parse_hello_name(legal)
                    .map(|name| name.to_string())
                    .as_deref(),
                Some(legal)
            );
        }
        let long = format!("{}.com", "a".repeat(64));
        for illegal in [
            "",
            ".",
            "a..b",
            "a b",
            "a\r\nMAIL FROM:<x>",
            "-a.com",
            "[300.0.0.1]",
            "[::1]",
            "é.com",
            &long,
        ] {
            assert_eq!(parse_hello_name(illegal), None, "{illegal}");
        }
    }
}
