//! Asynchronous waits, and a future that starts once it has a permit.

use super::{handle::RateLimiter, reservation::Reservation};
use crate::{
    chaos::{self, After, Ahead},
    error::Rejection,
    time::Tick,
};
use std::{
    borrow::Borrow,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// The wait of a reservation. Boxed, because a wait is slow anyway, and a timer in place would make
/// the future of every caller larger.
pub(super) type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) fn wait(reservation: Reservation) -> Wait {
    Box::pin(reservation.wait_async())
}

pin_project_lite::pin_project! {
    /// A future that is polled once a limiter has admitted it.
    #[doc(hidden)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Limited<L, F> {
        // The limiter, or a reference to it.
        limiter: L,
        stage: Stage,
        #[pin]
        future: After<F>,
    }
}

enum Stage {
    Asking,
    Waiting(Wait),
    Admitted,
    /// Admitted, and timed since then.
    Timed(Tick),
}

impl<L, F> Limited<L, F> {
    pub(super) fn new(limiter: L, future: F) -> Self {
        Self {
            limiter,
            stage: Stage::Asking,
            future: Ahead::default().before(future),
        }
    }
}

impl<L: Borrow<RateLimiter>, F: Future> Future for Limited<L, F> {
    type Output = Result<F::Output, Rejection>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !matches!(this.stage, Stage::Admitted | Stage::Timed(_)) {
            match admit((*this.limiter).borrow(), this.stage, cx) {
                Poll::Ready(Ok(())) => {
                    let limiter = (*this.limiter).borrow();
                    if let Some(start) = limiter.0.start() {
                        *this.stage = Stage::Timed(start);
                    }
                    chaos::put_ahead(this.future.as_mut(), limiter.inject()?);
                }
                Poll::Ready(Err(rejection)) => return Poll::Ready(Err(rejection)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let polled = this.future.poll(cx);
        if let (Poll::Ready(_), Stage::Timed(start)) = (&polled, &*this.stage) {
            (*this.limiter).borrow().0.note_call(Some(*start));
        }
        polled.map(Ok)
    }
}

#[inline]
fn admit(
    limiter: &RateLimiter,
    stage: &mut Stage,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejection>> {
    if let Stage::Asking = stage {
        let reserved = match limiter.0.take_at_once(1) {
            Ok(()) => None,
            Err(now) => limiter
                .0
                .take_or_reserve(now, 1)
                .map_err(|refusal| limiter.0.rejection(refusal))?,
        };
        *stage = reserved.map_or(Stage::Admitted, |reservation| {
            Stage::Waiting(wait(reservation))
        });
    }
    if let Stage::Waiting(wait) = stage {
        std::task::ready!(wait.as_mut().poll(cx));
        *stage = Stage::Admitted;
    }
    Poll::Ready(Ok(()))
}

impl<L: fmt::Debug, F> fmt::Debug for Limited<L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}
