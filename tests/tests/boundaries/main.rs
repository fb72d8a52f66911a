//! What error boundaries and transactions promise.

mod jumps;
