//! What must compile, what must not, and with which message; see `tests/`.
