//! The channel that sends mail.

use super::smtp::{Failure, Outcome, OutgoingMail, Server};
use crate::{
    alerts::{
        channel::{Channel, DeliveryError},
        notification::{Notification, one_line},
    },
    error::{ErrorId, redact},
    event::{Shown, names},
    sync::Mutex,
};
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use std::{collections::VecDeque, fmt};

/// A channel that sends each notification as a mail.
///
/// All recipients share one mail. Where the server refuses that, each recipient gets a mail of their
/// own, so that a refused recipient does not affect the others. The notification counts as delivered
/// if one recipient is accepted; a warning in the log names the number and the domain of those who are
/// not. Where a recipient is to be tried again, those who have the mail do not get it again. The
/// failure is permanent where every recipient is refused, or the login or the sender.
///
/// Header fields: `Message-ID` with the notification's identity (the same mail when it is sent
/// again), and `Auto-Submitted: auto-generated` (RFC 3834), so that no vacation responder answers.
///
/// # Examples
///
/// ```
/// use gardefou::alerts::EmailChannel;
///
/// let mail = EmailChannel::builder("mail", "smtp.example.com")
///     .from("alerts@example.com")
///     .to("Operations <ops@example.com>")
///     .hello_name("shop-1.example.com")
///     .credentials("alerts", "a password from the environment")
///     .build();
/// assert!(mail.is_ok());
/// let err = EmailChannel::builder("mail", "").to("not an address").build().unwrap_err();
/// assert_eq!(err.problems().map(|problem| problem.field).collect::<Vec<_>>(), ["host", "from", "to"]);
/// ```
pub struct EmailChannel {
    name: String,
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    /// The outcomes of mails that some recipients have and others not yet, oldest first.
    partial: Mutex<VecDeque<(ErrorId, Vec<Outcome>)>>,
}

/// Mails that some recipients wait for; an older one is sent to all again.
const MAX_PARTIAL: usize = 64;

impl EmailChannel {
    pub(super) fn new(name: String, server: Server, from: Mailbox, to: Vec<Mailbox>) -> Self {
        Self {
            name,
            server,
            from,
            to,
            partial: Mutex::default(),
        }
    }

    pub(super) fn message(
        &self,
        notification: &Notification,
    ) -> Result<Message, lettre::error::Error> {
        let level = notification.level.name().to_uppercase();
        let subject = one_line(
            &format!("[{level}] {}: {}", notification.source, notification.title),
            200,
        );
        let domain = self.from.email.domain();
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            // A notification that is sent again is the same mail.
            .message_id(Some(format!("<{}@{domain}>", notification.id)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        message.raw_header(automatic).body(notification.to_text())
    }

    /// Takes the outcomes of an earlier attempt.
    fn take_partial(&self, id: ErrorId) -> Vec<Outcome> {
        let mut partial = self.partial.lock();
        let known = partial
            .iter()
            .position(|(known, _)| *known == id)
            .and_then(|at| partial.remove(at));
        known.map_or_else(
            || vec![Outcome::Pending; self.to.len()],
            |(_, outcomes)| outcomes,
        )
    }

    fn keep_partial(&self, id: ErrorId, outcomes: Vec<Outcome>) {
        let mut partial = self.partial.lock();
        if partial.len() >= MAX_PARTIAL {
            partial.pop_front();
        }
        partial.push_back((id, outcomes));
    }

    /// Masks the addresses in a text of the server.
    fn mask_addresses(&self, text: &str) -> String {
        let all = self
            .to
            .iter()
            .chain([&self.from])
            .map(|mailbox| &mailbox.email);
        all.fold(text.to_owned(), |text, address| {
            text.replace(&address.to_string(), &masked(address))
        })
    }

    fn failed(&self, failure: &Failure) -> DeliveryError {
        let text = self.mask_addresses(&failure.text);
        match failure.is_permanent {
            true => DeliveryError::permanent(format!("the mail server refuses: {text}")),
            false => DeliveryError::transient(format!("the mail was not sent: {text}")),
        }
    }
}

/// An address without its local part, which identifies a person.
fn masked(address: &Address) -> String {
    format!("..@{}", address.domain())
}

impl Channel for EmailChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
        let message = self.message(notification).map_err(|err| {
            DeliveryError::permanent("the mail cannot be written").with_source(err)
        })?;
        let to: Vec<Address> = self
            .to
            .iter()
            .map(|mailbox| mailbox.email.clone())
            .collect();
        let content = message.formatted();
        let mail = OutgoingMail {
            from: &self.from.email,
            to: &to,
            content: &content,
        };
        let before = self.take_partial(notification.id);
        let mut outcomes = before.clone();
        let sent = self.server.send(&mail, &mut outcomes);
        let mut refused = None;
        for (at, outcome) in outcomes.iter().enumerate() {
            let Outcome::Refused(reply) = outcome else {
                continue;
            };
            let reply = self.mask_addresses(reply);
            if before[at] != *outcome {
                let (channel, recipient) = (redact::name(&self.name), masked(&to[at]));
                tracing::warn!(
                    target: names::TARGET_ALERT, channel = &*channel, error = reply,
                    "the mail server refuses recipient {} ({recipient})", at + 1
                );
            }
            refused = refused.or(Some(reply));
        }
        if let Err(failure) = sent {
            if outcomes.iter().any(|outcome| *outcome != Outcome::Pending) {
                self.keep_partial(notification.id, outcomes);
            }
            return Err(self.failed(&failure));
        }
        match refused {
            Some(reply) if !outcomes.contains(&Outcome::Accepted) => Err(DeliveryError::permanent(
                format!("the mail server refuses every recipient: {reply}"),
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for EmailChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailChannel")
            .field("name", &Shown(&self.name))
            .field("to", &self.to.len())
            .finish_non_exhaustive()
    }
}
