#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod builder;
mod database;
mod file_identity;
mod incoming;
mod journal;
mod reader;
mod readers;
mod retention;
mod rows;
mod sync;
mod tail;
#[cfg(test)]
mod testkit;

pub use builder::SqliteJournalBuilder;
pub use journal::SqliteJournal;
pub use reader::SqliteReader;
pub use tail::SqliteTail;
