//! Attempts of one request, each as a call of a service.

use super::{
    call::{BoxError, Call},
    retry::CloneRequest,
};
use crate::hedge::MakeAttempts;
use std::fmt;
use tower_service::Service;

/// Attempts of one request: the first one calls the service that was ready, where there is one, and
/// each further one a clone that is polled ready inside the attempt.
pub(super) struct CallAttempts<S, R, C> {
    /// Taken by the first attempt.
    ready: Option<S>,
    /// What further attempts clone, where there may be some.
    source: Option<S>,
    /// The request of the next attempt; `None` where there is none.
    request: Option<R>,
    requests: C,
}

impl<S, R, C> CallAttempts<S, R, C> {
    /// At least one of the two services is there.
    pub(super) fn new(ready: Option<S>, source: Option<S>, request: R, requests: C) -> Self {
        Self {
            ready,
            source,
            request: Some(request),
            requests,
        }
    }
}

impl<S, R, C> MakeAttempts<Call<S, R>> for CallAttempts<S, R, C>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    C: CloneRequest<R>,
{
    fn make(&mut self, may_follow: bool) -> Call<S, R> {
        let Some(request) = self.request.take() else {
            unreachable!("the hedge asks before whether there is a request")
        };
        if may_follow && self.source.is_some() {
            self.request = self.requests.clone_request(&request);
        }
        next_call(&mut self.ready, &self.source, request)
    }

    fn can_make(&self) -> bool {
        self.request.is_some()
    }
}

/// Makes a call of the service that was ready, or else of a clone of the other one.
pub(super) fn next_call<S: Service<R> + Clone, R>(
    ready: &mut Option<S>,
    source: &Option<S>,
    request: R,
) -> Call<S, R> {
    match (ready.take(), source) {
        (Some(ready), _) => Call::new(ready, request),
        (None, Some(source)) => Call::unready(source.clone(), request),
        (None, None) => unreachable!("a clone is kept wherever an attempt may follow"),
    }
}

impl<S, R, C> fmt::Debug for CallAttempts<S, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallAttempts").finish_non_exhaustive()
    }
}
