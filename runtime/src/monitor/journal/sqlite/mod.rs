//! The journal in an SQLite database, for stores too large to be read from end to end.

mod database;
mod incoming;
mod journal;
mod readers;
mod retention;
mod rows;

pub use journal::SqliteJournal;
