//! Code that must compile, code that must not, and the messages: see `tests/`.
