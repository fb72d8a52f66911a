//! The shipper: copies the records of a spool to the database.

mod builder;
mod handle;
mod rows;
mod status;
mod worker;

pub use builder::PostgresShipperBuilder;
pub(crate) use rows::MAX_TEXT;

pub use handle::PostgresShipper;
pub use status::ShipperStatus;
