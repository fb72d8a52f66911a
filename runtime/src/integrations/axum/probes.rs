//! A router of health probes.

use crate::health::{Health, ProbeResponse, Probes, ShowDetails};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Response, StatusCode, request::Parts},
    routing::any,
};
use std::{fmt, sync::Arc};

/// Begins a router with `/livez`, `/readyz`, `/startupz`, `/healthz` and `/healthz/{check}`; see
/// [`Probes`] for the answers.
///
/// While the background runner is on, every answer comes from memory, so that a probe never waits
/// for a check.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use gardefou::{health, integrations::axum::probes};
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let app = Router::new().route("/", get(async || "hello")).merge(probes(health()).build());
/// let response = app.oneshot(Request::get("/livez").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn probes(health: &Health) -> ProbeRouter {
    ProbeRouter {
        probes: Probes::new(health.clone()),
        may_see: Arc::new(|_| false),
    }
}

/// Configures the router of [`probes`].
///
/// # Defaults
///
/// No details.
#[derive(Clone)]
#[must_use = "a configuration does nothing until `build`"]
pub struct ProbeRouter {
    probes: Probes,
    may_see: Arc<dyn Fn(&Parts) -> bool + Send + Sync>,
}

impl ProbeRouter {
    /// Shows the details of checks, redacted, to requests for which `may_see` returns `true`:
    /// [`ShowDetails::WhenAllowed`] with its rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::{Body, to_bytes}, http::{Request, header::AUTHORIZATION}};
    /// use gardefou::{health, integrations::axum::probes};
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// health().register_check("queue", || Err::<(), _>("7 of 5 jobs"))?;
    /// health().run_all_checks();
    /// let app: Router = probes(health())
    ///     .allow_details(|request| request.headers.get(AUTHORIZATION).is_some_and(|token| token == "Bearer ops"))
    ///     .build();
    /// for (token, shown) in [("Bearer ops", true), ("Bearer me", false)] {
    ///     let request = Request::get("/healthz").header(AUTHORIZATION, token).body(Body::empty())?;
    ///     let body = to_bytes(app.clone().oneshot(request).await?.into_body(), 65_536).await?;
    ///     assert_eq!(String::from_utf8_lossy(&body).contains("7 of 5 jobs"), shown);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn allow_details(
        mut self,
        may_see: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.probes = self.probes.show_details(ShowDetails::WhenAllowed);
        self.may_see = Arc::new(may_see);
        self
    }

    /// Sets to whom the details of checks are shown, redacted; to no one by default.
    /// [`ShowDetails::WhenAllowed`] is no one without
    /// [`allow_details`](Self::allow_details).
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::{Body, to_bytes}, http::Request};
    /// use gardefou::{health, health::ShowDetails, integrations::axum::probes};
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// health().register_check("queue", || Err::<(), _>("7 of 5 jobs"))?;
    /// health().run_all_checks();
    /// for (show, shown) in [(ShowDetails::Always, true), (ShowDetails::Never, false)] {
    ///     let app: Router = probes(health()).show_details(show).build();
    ///     let response = app.oneshot(Request::get("/healthz").body(Body::empty())?).await?;
    ///     let body = to_bytes(response.into_body(), 65_536).await?;
    ///     assert_eq!(String::from_utf8_lossy(&body).contains("7 of 5 jobs"), shown);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn show_details(mut self, show: ShowDetails) -> Self {
        self.probes = self.probes.show_details(show);
        self
    }

    /// Makes the router; merge it into the one of the program.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, extract::State, http::Request, routing::get};
    /// use gardefou::{health, integrations::axum::probes};
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let app = Router::new().route("/", get(async |State(name): State<&'static str>| name));
    /// let app = app.merge(probes(health()).build()).with_state("orders");
    /// let response = app.oneshot(Request::get("/healthz/queue").body(Body::empty())?).await?;
    /// assert_eq!(response.status(), 404, "no such check");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn build<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let handler = move |request: Request| {
            let this = self.clone();
            async move {
                let (parts, _body) = request.into_parts();
                let target = parts
                    .uri
                    .path_and_query()
                    .map_or("/", |target| target.as_str());
                let allowed = (this.may_see)(&parts);
                response(
                    this.probes
                        .respond_async(parts.method.as_str(), target, allowed)
                        .await,
                )
            }
        };
        PATHS.iter().fold(Router::new(), |router, path| {
            router.route(path, any(handler.clone()))
        })
    }
}

const PATHS: [&str; 5] = [
    "/livez",
    "/readyz",
    "/startupz",
    "/healthz",
    "/healthz/{check}",
];

fn response(answer: ProbeResponse) -> Response<Body> {
    let (status, headers, body) = answer.into_parts();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        // Values are made by this crate of digits and constants.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

impl fmt::Debug for ProbeRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeRouter")
            .field("probes", &self.probes)
            .finish_non_exhaustive()
    }
}
