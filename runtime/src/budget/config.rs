//! Configuration of a retry budget, as a plain value.

/// The configuration of a [`RetryBudget`](super::RetryBudget).
///
/// # Defaults
///
/// - `ratio` 0.2: one retry for every five calls
/// - `floor` 10 retries per second, given on top
/// - `burst` 100 tokens are kept at most, and are there from the start
///
/// Ratio and floor are the defaults of Finagle's `RetryBudget`, and the burst is its reserve: ten
/// seconds of the floor.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryBudgetConfig {
    /// How many retries each call allows, 0 to 1000.
    pub ratio: f64,
    /// How many retries are allowed in each second independently of the calls.
    pub floor: u32,
    /// How many tokens are kept at most; a budget starts with that many.
    pub burst: u32,
}

impl Default for RetryBudgetConfig {
    fn default() -> Self {
        Self {
            ratio: 0.2,
            floor: 10,
            burst: 100,
        }
    }
}

/// The longest name of a budget, in bytes.
pub(super) const LONGEST_NAME: usize = 128;
