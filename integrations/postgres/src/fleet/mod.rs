//! Queries over the records of all instances.

mod connection;
mod groups;
mod reader;
mod rows;
mod select;
mod tail;

pub use groups::{ErrorGroup, GroupInstance, Instance};
pub use reader::PostgresReader;
pub use tail::PostgresTail;
