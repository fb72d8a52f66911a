#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod builder;
mod collect;
mod dashboard;
mod earlier;
mod history;
mod page;
mod report;
mod sample;
mod sync;
#[cfg(feature = "axum")]
mod web;

pub use builder::DashboardBuilder;
pub use dashboard::Dashboard;
pub use report::Report;
#[cfg(feature = "axum")]
pub use web::DashboardRouter;
