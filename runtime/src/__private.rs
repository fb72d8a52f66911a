//! What generated code may name; thin, and no part of the public interface.

pub mod boundary;
