//! The middleware.

use super::{builder::GuardMiddlewareBuilder, hosts::Breakers};
use crate::{
    breaker::{CircuitBreaker, Classifier, ErrorClassifier},
    call::{self, Granted, wire::DeadlineHeader},
    classify::Verdict,
    error::{ErrorCode, Policy, Rejection, Rejector},
    integrations::http::{
        StatusText, is_retryable_status, retry_after_in, set_deadline, verdict_of_status,
    },
    retry::{FailedValue, Retry, Run},
    time::SharedClock,
};
use http_1::{Extensions, HeaderName};
use reqwest_0_13::{Request, Response, Url};
use reqwest_middleware::{Error, Middleware, Next};
use std::{
    borrow::Cow,
    fmt::{self, Write},
    ops::ControlFlow,
    sync::Arc,
    time::Duration,
};

type Outcome = Result<Response, Error>;

/// The guards of a client, as a middleware: see the [module](super).
///
/// Around each request is the retry; around each attempt the deadline of the call under way, and
/// inside of it the breaker of the host. An attempt that is cut off by the deadline shows nothing
/// about the host.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{integrations::reqwest_middleware::GuardMiddleware, retry::Retry, time::ManualClock};
/// use reqwest_middleware::ClientBuilder;
/// use std::{io::{Read, Write}, net::TcpListener};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// // A server that is overloaded once.
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let url = format!("http://{}/", listener.local_addr()?);
/// std::thread::spawn(move || {
///     for status in ["503 Service Unavailable\r\nretry-after: 7", "200 OK"] {
///         let (mut stream, _) = listener.accept().unwrap();
///         let _ = stream.read(&mut [0; 1024]);
///         let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
///     }
/// });
///
/// let retry = Retry::builder().clock(ManualClock::new()).build()?;
/// let client = ClientBuilder::new(reqwest_0_13::Client::new())
///     .with(GuardMiddleware::builder("stock").retry(retry).build()?)
///     .build();
/// assert_eq!(client.get(url).send().await?.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct GuardMiddleware {
    cut_off: Arc<CutOff>,
    retry: Option<Retry>,
    breakers: Breakers,
    header: Option<DeadlineHeader>,
    every_method: bool,
}

/// Whether a request may be sent more than once, as an extension of the request; it decides before
/// its method does.
///
/// # Examples
///
/// ```
/// use gardefou::integrations::reqwest_middleware::Repeat;
///
/// let client = reqwest_middleware::ClientWithMiddleware::from(reqwest_0_13::Client::new());
/// let mut search = client.post("http://search.example/").with_extension(Repeat::Allowed);
/// assert_eq!(search.extensions().get(), Some(&Repeat::Allowed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It may be sent again, whatever its method.
    Allowed,
    /// It is sent once, unless no connection was made.
    Denied,
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl GuardMiddleware {
    /// Begins a middleware; `name` is that of its breakers and its retry.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::builder("payments").build()?;
    /// assert_eq!(middleware.retry().unwrap().name(), "payments");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(name: impl Into<Cow<'static, str>>) -> GuardMiddlewareBuilder {
        GuardMiddlewareBuilder::new(name.into())
    }

    pub(super) fn new(
        name: Cow<'static, str>,
        retry: Option<Retry>,
        breakers: Breakers,
        header: Option<DeadlineHeader>,
        every_method: bool,
    ) -> Self {
        Self {
            cut_off: Arc::new(CutOff(name)),
            retry,
            breakers,
            header,
            every_method,
        }
    }

    /// Returns the retry, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::builder("payments").build()?;
    /// assert_eq!(middleware.retry().unwrap().config().max_attempts.get(), 4);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn retry(&self) -> Option<&Retry> {
        self.retry.as_ref()
    }

    /// Returns the breaker of a URL, which is made if there was no request to its host before; `None`
    /// for no URL, and where there are no breakers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::builder("payments").build()?;
    /// let name = |url: &str| middleware.circuit_breaker(url).map(|breaker| breaker.name().to_owned());
    /// assert_eq!(name("https://a.example/orders").as_deref(), Some("payments[a.example]"));
    /// assert_eq!(name("http://a.example:8080/").as_deref(), Some("payments[a.example:8080]"));
    /// assert_eq!(name("no url"), None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn circuit_breaker(&self, url: &str) -> Option<CircuitBreaker> {
        self.breakers.of(&Url::parse(url).ok()?)
    }

    /// Returns the header that carries the time that remains, if it is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call::wire::DeadlineHeader, integrations::reqwest_middleware::GuardMiddleware};
    ///
    /// let middleware = GuardMiddleware::builder("payments").build()?;
    /// assert_eq!(middleware.deadline_header(), Some(&DeadlineHeader::ENVOY));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn deadline_header(&self) -> Option<&DeadlineHeader> {
        self.header.as_ref()
    }

    /// Returns `true` if requests of every method are repeated.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::reqwest_middleware::GuardMiddleware;
    ///
    /// assert!(!GuardMiddleware::builder("payments").build()?.repeats_every_method());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn repeats_every_method(&self) -> bool {
        self.every_method
    }

    fn may_repeat(&self, request: &Request, extensions: &Extensions) -> bool {
        match extensions.get::<Repeat>() {
            Some(repeat) => *repeat == Repeat::Allowed,
            None => {
                self.every_method
                    || request.method().is_idempotent()
                    || request.headers().contains_key(IDEMPOTENCY_KEY)
            }
        }
    }

    /// Makes one attempt: under the deadline of the call, and inside of it under the breaker.
    async fn attempt(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
        breaker: Option<&CircuitBreaker>,
    ) -> Outcome {
        let remaining = call::remaining();
        if let Some(header) = &self.header
            && let Err(rejection) = set_deadline(request.headers_mut(), header)
        {
            return rejected(rejection);
        }
        if remaining.is_some_and(|remaining| remaining.is_zero()) {
            return rejected(call::expired("request"));
        }
        let sent = async {
            match breaker.map(CircuitBreaker::admit) {
                None => next.run(request, extensions).await,
                Some(Ok(admitted)) => {
                    let send = next.run(request, extensions);
                    admitted.guard(ByStatus, send).await
                }
                Some(Err(refused)) => rejected(refused.into_rejection()),
            }
        };
        if remaining.is_none() {
            return sent.await;
        }
        let clock = SharedClock::current();
        // Without a limit of its own, so that one that is cut off shows nothing about the host.
        let granted = Granted::at(clock.now(), Duration::MAX, Duration::MAX, clock);
        match granted.limit(sent).await {
            Some(outcome) => outcome,
            None => rejected(self.timed_out()),
        }
    }

    #[cold]
    fn timed_out(&self) -> Rejection {
        let rejector = Arc::clone(&self.cut_off);
        Rejection::new(Policy::Timeout, ErrorCode::TIMEOUT_ERROR, rejector, 0, None)
    }
}

#[async_trait::async_trait]
impl Middleware for GuardMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Outcome {
        let breaker = self.breakers.of(request.url());
        let Some(retry) = &self.retry else {
            return self
                .attempt(request, extensions, next, breaker.as_ref())
                .await;
        };
        let may_repeat = self.may_repeat(&request, extensions);
        let (mut request, mut run) = (request, retry.start());
        loop {
            let is_last = run.attempt().is_last();
            let copy = if is_last { None } else { request.try_clone() };
            let may_follow = is_last || copy.is_some();
            let attempt = self.attempt(request, extensions, next.clone(), breaker.as_ref());
            let outcome = run.limit(attempt).await.unwrap_or_else(rejected);
            let settled = if may_follow {
                settle(&mut run, outcome, may_repeat)
            } else {
                run.settle_if(outcome, |_| false)
            };
            match (settled, copy) {
                (ControlFlow::Break(outcome), _) => return outcome,
                (ControlFlow::Continue(delay), Some(copy)) => {
                    run.wait_async(delay).await;
                    request = copy;
                }
                (ControlFlow::Continue(_), None) => {
                    unreachable!("no attempt follows the last one, nor one that has no copy")
                }
            }
        }
    }
}

/// Decides what follows an attempt.
fn settle(run: &mut Run<'_>, outcome: Outcome, may_repeat: bool) -> ControlFlow<Outcome, Duration> {
    match &outcome {
        Ok(response) if may_repeat && is_retryable_status(response.status()) => {
            let failed = FailedValue {
                text: &StatusText(response.status()),
                retry_after: retry_after_in(response.headers(), SharedClock::current().wall()),
            };
            run.settle_value(outcome, Some(failed))
        }
        Err(error) if !may_repeat && !error.is_connect() => run.settle_if(outcome, |_| false),
        _ => run.settle_value(outcome, None),
    }
}

/// Turns a rejection into the error of the client, which calls around recognise.
#[cold]
fn rejected<T>(rejection: Rejection) -> Result<T, Error> {
    let conversion = rejection.convert();
    let error = Error::middleware(rejection);
    conversion.end();
    Err(error)
}

/// Classifier by the status of a response, and by the class of an error.
struct ByStatus;

impl Classifier<Outcome> for ByStatus {
    fn verdict(&self, outcome: &Outcome) -> Verdict {
        match outcome {
            Ok(response) => verdict_of_status(response.status()),
            Err(_) => ErrorClassifier.verdict(outcome),
        }
    }

    fn write_cause(&self, outcome: &Outcome, out: &mut dyn Write) -> fmt::Result {
        match outcome {
            Ok(response) => write!(out, "{}", StatusText(response.status())),
            Err(_) => ErrorClassifier.write_cause(outcome, out),
        }
    }
}

/// What cuts off an attempt at the deadline of the call.
#[derive(Debug)]
struct CutOff(Cow<'static, str>);

impl Rejector for CutOff {
    fn name(&self) -> &str {
        &self.0
    }

    fn cause(&self, _generation: u64) -> Option<String> {
        Some("the deadline of the call has passed".to_owned())
    }
}
