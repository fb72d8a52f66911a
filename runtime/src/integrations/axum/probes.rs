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
/// use gardefou::{health_check, integrations::axum::probes};
///
/// let app: axum::Router = axum::Router::new().merge(
///     probes(health_check())
///         .allow_details(|request| request.headers.get("authorization").is_some_and(|token| token == "Bearer ops"))
///         .build(),
/// );
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
    /// Shows the details of checks, redacted, to those for whom `may_see` returns `true`.
    pub fn allow_details(
        mut self,
        may_see: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.probes = self.probes.show_details(ShowDetails::WhenAllowed);
        self.may_see = Arc::new(may_see);
        self
    }

    /// Sets to whom the details of checks are shown, redacted; to no one by default.
    pub fn show_details(mut self, show: ShowDetails) -> Self {
        self.probes = self.probes.show_details(show);
        self
    }

    /// Makes the router; merge it into the one of the program.
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
