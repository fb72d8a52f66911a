//! The bodies of requests.

use crate::alerts::{Notice, notice::cut};
use serde_json::json;

/// The form of a webhook's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookFormat {
    /// The [`Notice`] as JSON, with its `version`.
    #[default]
    Json,
    /// `{"text": ..}`, which Slack, Mattermost, Rocket.Chat and others take; what Slack reads as
    /// markup is escaped.
    Slack,
}

impl WebhookFormat {
    /// Returns the body for a notice.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{CallbackChannel, Channel, WebhookFormat};
    ///
    /// let channel = CallbackChannel::new("example", |notice| {
    ///     let body = WebhookFormat::Slack.body(notice);
    ///     assert!(body.starts_with(r#"{"text":"#));
    ///     Ok(())
    /// });
    /// assert_eq!(channel.name(), "example");
    /// ```
    #[must_use]
    pub fn body(self, notice: &Notice) -> String {
        match self {
            // A notice is texts, numbers and JSON values: it has a JSON form.
            Self::Json => serde_json::to_string(notice).unwrap_or_default(),
            Self::Slack => {
                let escaped = notice
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
    use crate::{alerts::NoticeKind, event::AlertLevel};

    #[test]
    fn nothing_in_a_title_is_markup_for_slack() {
        let notice = Notice::new(
            NoticeKind::Test,
            AlertLevel::Error,
            "r",
            "<!channel> & <http://x|y>",
        );
        let body = WebhookFormat::Slack.body(&notice);
        assert!(
            body.contains("&lt;!channel&gt; &amp; &lt;http://x|y&gt;"),
            "{body}"
        );
    }
}
