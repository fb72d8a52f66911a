//! One view of an error: all facts that gardefou needs, found in one walk over its chain of
//! sources.
//!
//! "Why was this not retried, not counted, coded `UNKNOWN_ERROR`?" is answered here. A view is made
//! in two ways: by attributes, which know the static type and choose by autoref what it can do
//! (`__private::shape`), and by [`View::from_any`] for calls by hand, which looks up the type
//! through `Any` and the registry of mapped types.

mod classified;
mod error_ref;
mod error_view;
mod facts;
mod hidden;
mod walk;

pub use classified::{Classified, Verdict};
pub use error_ref::ErrorRef;
pub use error_view::{View, Viewable};
pub(crate) use facts::{Known, is_in_std};
pub(crate) use hidden::{Call, answer};
