//! A middleware of reqwest-middleware 0.5, for reqwest 0.13 (feature `reqwest-middleware`): retries, a
//! circuit breaker for each host, and deadlines, around every request of a client.
//!
//! # What is retried
//!
//! | outcome | retried for |
//! | --- | --- |
//! | a response with status 408, 421, 423, 425, 429, or from 500 on except 501 and 505 | requests that may be repeated |
//! | no connection: refused, no address, no route | every request, since nothing of it was sent |
//! | a time limit, a connection that ended, and other transient errors | requests that may be repeated |
//! | every other status, an invalid request, too many redirects, an open circuit | none |
//!
//! A request may be repeated if its method is idempotent (RFC 9110, section 9.2.2: `GET`, `HEAD`,
//! `OPTIONS`, `TRACE`, `PUT`, `DELETE`), or if it has a header `Idempotency-Key`, as Go's client has
//! it. [`Repeat`] as an extension of a request decides for this one,
//! [`repeat_every_method`](GuardMiddlewareBuilder::repeat_every_method) for all. A request whose body
//! is a stream cannot be copied and is sent once.
//!
//! `Retry-After` of a response is obeyed; one that is longer than `max_delay` of the retry, or than
//! the time that remains, ends the series. When no further attempt follows, the last response is
//! returned as it is: an `Ok`.
//!
//! # Errors
//!
//! The errors of reqwest, and a [`Rejection`](crate::Rejection) as
//! [`Error::Middleware`](reqwest_middleware::Error::Middleware), which a breaker or retry around the
//! call recognises. Both have a code and a class: see [`View`](crate::error::View).
//!
//! # Limits
//!
//! A call ends with the head of its response: errors while the body is read come later, and are not
//! seen. The middleware boxes the future of each attempt, as the trait of the crate has it.
//!
//! # Examples
//!
//! ```no_run
//! use gardefou::integrations::reqwest_middleware::GuardMiddleware;
//! use reqwest_middleware::ClientBuilder;
//!
//! # async fn run() -> gardefou::Result<()> {
//! let client = ClientBuilder::new(reqwest_0_13::Client::new())
//!     .with(GuardMiddleware::builder("payments").build()?)
//!     .build();
//! let response = client.get("https://payments.example/orders/7").send().await?;
//! assert!(response.status().is_success());
//! # Ok(())
//! # }
//! ```

mod builder;
mod hosts;
mod middleware;

pub use builder::GuardMiddlewareBuilder;
pub use middleware::{GuardMiddleware, Repeat};
