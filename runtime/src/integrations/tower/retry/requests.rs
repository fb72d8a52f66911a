//! Copies of requests for further attempts.

/// Copies a request, so that it can be sent again.
///
/// A closure `Fn(&Request) -> Option<Request>` is one. It is called before an attempt that another
/// one may follow; `None` says that the request cannot be sent again, and it is sent once.
///
/// # Examples
///
/// ```
/// use gardefou::integrations::tower::{CloneRequest, ClonedRequests};
///
/// assert_eq!(ClonedRequests.clone_request(&"query"), Some("query"));
///
/// let small = |request: &Vec<u8>| (request.len() < 1024).then(|| request.clone());
/// assert_eq!(small.clone_request(&vec![0; 2048]), None);
/// ```
pub trait CloneRequest<R> {
    /// Returns a copy, where the request can be sent again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::tower::CloneRequest;
    ///
    /// struct Once;
    ///
    /// impl<R> CloneRequest<R> for Once {
    ///     fn clone_request(&self, _request: &R) -> Option<R> {
    ///         None
    ///     }
    /// }
    ///
    /// assert_eq!(Once.clone_request(&7), None);
    /// ```
    fn clone_request(&self, request: &R) -> Option<R>;
}

impl<R, F: Fn(&R) -> Option<R>> CloneRequest<R> for F {
    fn clone_request(&self, request: &R) -> Option<R> {
        self(request)
    }
}

/// Clones every request; what a [`RetryLayer`](super::RetryLayer) does by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClonedRequests;

impl<R: Clone> CloneRequest<R> for ClonedRequests {
    fn clone_request(&self, request: &R) -> Option<R> {
        Some(request.clone())
    }
}
