//! The service's own error codes, for requests that no handler has seen.

gardefou::error_codes! {
    /// There is nothing at this path.
    pub(crate) NO_SUCH_ROUTE_ERROR = 2100, http = 404;
    /// What is at this path cannot be asked in this way.
    pub(crate) METHOD_NOT_ALLOWED_ERROR = 2101, http = 405, class = Permanent;
    /// The body is larger than anything that is asked for here.
    pub(crate) BODY_TOO_LARGE_ERROR = 2102, http = 413, class = Permanent;
    /// A path or a body that is no text.
    pub(crate) UNREADABLE_REQUEST_ERROR = 2103, http = 400;
}
