//! Public behaviour of gardefou, tested from outside; see `tests/`.
