//! The first of two futures.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

/// The output of the future that was ready first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum First<L, R> {
    Left(L),
    Right(R),
}

/// Waits for the first of two futures and drops the other one. If both are ready, the left one is
/// first.
pub(super) async fn first_of<L: Future, R: Future>(
    left: L,
    right: R,
) -> First<L::Output, R::Output> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|cx: &mut Context<'_>| {
        if let Poll::Ready(output) = left.as_mut().poll(cx) {
            return Poll::Ready(First::Left(output));
        }
        right.as_mut().poll(cx).map(First::Right)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn future_that_is_ready_first_wins_and_the_left_one_of_two() {
        assert_eq!(first_of(ready(1), pending::<()>()).await, First::Left(1));
        assert_eq!(first_of(pending::<()>(), ready(2)).await, First::Right(2));
        assert_eq!(first_of(ready(1), ready(2)).await, First::Left(1));
    }
}
