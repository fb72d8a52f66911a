//! Notifications as HTTP requests (feature `alert-webhook`).

mod address;
mod channel;
mod config;
mod format;
mod sign;
mod template;

pub use channel::WebhookChannel;
pub use config::WebhookBuilder;
pub use format::WebhookFormat;
pub use sign::{InvalidSignature, verify_signature};
