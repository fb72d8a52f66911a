//! Asynchronous call under a breaker that the future holds, for services whose futures borrow nothing.

use super::{
    admission::Admission,
    async_call::{drop_call, poll_call},
    classifier::Classifier,
    permit::{Admitted, Refused},
    shell::Shell,
};
use crate::{
    call::Frame,
    chaos::{self, After, Ahead},
    error::CarriesRejection,
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A call that is admitted or rejected when it is polled first, and records its outcome, its
    /// panic or its drop. It boxes nothing.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct OwnedCall<F, C> {
        #[pin]
        inner: After<F>,
        classifier: C,
        // Taken by the verdict.
        shell: Option<Arc<Shell>>,
        admission: Option<Admission>,
        frame: Frame,
    }

    impl<F, C> PinnedDrop for OwnedCall<F, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // A call that was never polled has no slot.
            if let Some(admission) = *this.admission {
                drop_call(this.shell, admission, this.frame);
            }
        }
    }
}

impl<F, C> OwnedCall<F, C> {
    pub(super) fn new(shell: Arc<Shell>, classifier: C, inner: F) -> Self {
        Self {
            inner: Ahead::default().before(inner),
            classifier,
            shell: Some(shell),
            admission: None,
            frame: Frame::new(),
        }
    }
}

impl<T, E, F, C> Future for OwnedCall<F, C>
where
    E: CarriesRejection,
    F: Future<Output = Result<T, E>>,
    C: Classifier<Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let admission = match (this.admission, &*this.shell) {
            (Some(admission), _) => admission,
            (none, Some(shell)) => {
                let admitted = Admitted::admit(shell).map(Admitted::into_parts);
                match admitted.map_err(Refused::into_rejection) {
                    Ok((_, admission, ahead)) => {
                        chaos::put_ahead(this.inner.as_mut(), ahead);
                        none.insert(admission)
                    }
                    Err(rejection) => {
                        *this.shell = None;
                        return Poll::Ready(rejection.into_result());
                    }
                }
            }
            (None, None) => unreachable!("polled after the rejection"),
        };
        poll_call(
            this.shell,
            admission,
            this.frame,
            this.classifier,
            this.inner,
            cx,
        )
    }
}
