//! A pool of connections to a database that answers from a list.

use sqlx_0_9::Error;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// One answer: the item of an order, none where there is no such order, or an error.
pub type Answer = Result<Option<&'static str>, Error>;

/// Gives one answer for each query; then every query times out.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Mutex<VecDeque<Answer>>>);

impl Pool {
    /// Makes a pool that gives these answers in their order.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new(answers.into_iter().collect())))
    }

    /// Reads the item of an order.
    ///
    /// # Errors
    ///
    /// Those of the list; `PoolTimedOut` after its end.
    #[expect(
        clippy::unused_async,
        reason = "as a query of sqlx, which waits for its answer"
    )]
    pub async fn item(&self, _order: i64) -> Result<Option<String>, Error> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.pop_front().unwrap_or(Err(Error::PoolTimedOut));
        answer.map(|item| item.map(str::to_owned))
    }
}
