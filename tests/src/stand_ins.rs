//! Stand-ins for what the code of the pages talks to, so that it runs without a network, a database
//! and an account.

#[cfg(feature = "clients")]
pub mod database;
pub mod sentry;
pub mod server;
