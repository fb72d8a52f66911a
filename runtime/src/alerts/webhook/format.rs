//! The standard bodies of requests.

use crate::alerts::notification::{Notification, cut};
use serde_json::json;

/// The form of a webhook's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookFormat {
    /// The [`Notification`] as JSON, with its `version`.
    #[default]
    Json,
    /// `{"text": ..}`, which Slack, Mattermost, Rocket.Chat and others take; what Slack reads as
    /// markup is escaped.
    Slack,
}

impl WebhookFormat {
    /// Returns the body for a notification.
    pub(super) fn body(self, notification: &Notification) -> String {
        match self {
            // A notification is strings, numbers and JSON values, so it has a JSON form.
            Self::Json => serde_json::to_string(notification).unwrap_or_default(),
            Self::Slack => {
                let escaped = notification
                    .to_text()
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;");
                // Slack cuts at 40,000 characters.
                json!({ "text": cut(&escaped, 35_000) }).to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{alerts::notification::NotificationKind, event::Severity};

    #[test]
    fn markup_in_a_title_is_escaped_for_slack() {
        let notification = Notification::new(
            NotificationKind::Test,
            Severity::Error,
            "r",
            "<!channel> & <http://x|y>",
        );
        let body = WebhookFormat::Slack.body(&notification);
        assert!(
            body.contains("&lt;!channel&gt; &amp; &lt;http://x|y&gt;"),
            "{body}"
        );
    }
}
