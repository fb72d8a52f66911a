#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod error;
mod fleet;
mod schema;
mod session;
mod shipper;
mod spool;
mod sync;
mod values;

pub use config::{DatabaseConfig, DatabaseConfigBuilder};
pub use fleet::{ErrorGroup, GroupInstance, Instance, PostgresReader, PostgresTail};
pub use shipper::{PostgresShipper, PostgresShipperBuilder, ShipperStatus};
