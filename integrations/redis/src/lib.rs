#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod builder;
mod connection;
mod script;
mod store;
mod subscription;
mod sync;

pub use builder::RedisStoreBuilder;
pub use store::RedisStore;
