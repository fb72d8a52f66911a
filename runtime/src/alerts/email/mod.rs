//! Notifications as e-mail (feature `alert-email`).

mod bounded;
mod channel;
mod config;
mod smtp;

pub use channel::EmailChannel;
pub use config::EmailBuilder;
pub use smtp::EmailTls;
