//! The monitor as a whole, without a disk.

mod counts;
mod groups;
mod recording;
mod snapshots;
mod support;
