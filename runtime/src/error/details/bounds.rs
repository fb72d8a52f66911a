//! Bounds of details.

/// How deep containers nest before a text stands in their place.
pub(super) const MAX_DEPTH: usize = 32;
/// How many values one detail holds.
pub(super) const MAX_NODES: usize = 4096;
/// How many bytes of one text are kept.
pub(super) const MAX_TEXT: usize = 8 * 1024;
/// How many bytes of text one detail holds, keys included.
pub(super) const MAX_TEXTS: usize = 64 * 1024;
/// How many bytes of a key are kept.
pub(super) const MAX_KEY: usize = 256;

/// Marks a container that was cut.
pub(super) const CUT: &str = "… (cut)";
