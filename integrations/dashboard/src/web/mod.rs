//! The page and its JSON for axum.

mod access;
mod feed;
mod responses;
mod router;
mod viewer;

pub(crate) use feed::Feed;
pub use router::DashboardRouter;
