//! The router.

use super::{
    access::{Access, is_of_other_site},
    feed::Feed,
    responses,
};
use crate::{
    builder::Settings,
    collect::{Found, find},
    page::LivePage,
    sample::SampleId,
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, Response, request::Parts},
    response::{IntoResponse, Sse},
    routing::any,
};
use gardefou::event::Fingerprint;
use serde_json::json;
use std::{fmt, sync::Arc};

/// The router of a [`Dashboard`](crate::Dashboard) before it is known who may see it: there is no
/// router without a guard, or else for other programs of the same machine alone.
///
/// | path, below that of the dashboard | answer |
/// | --- | --- |
/// | (none) | the page |
/// | `/api/v1/snapshot` | everything as JSON |
/// | `/api/v1/events?after=ID` | the differences from the sample with this `id`, or everything; then further differences, as server-sent events |
/// | `/api/v1/records?fingerprint=..&limit=20` | the last records of one group of errors |
///
/// Only `GET` and `HEAD` are answered. Every response forbids to be stored, framed, and read by other
/// sites; that of the page allows its own style and script, by their hashes, and nothing else.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use gardefou_dashboard::Dashboard;
///
/// let dashboard = Dashboard::builder().build()?;
/// let app: Router = Router::new()
///     .route("/", get(async || "hello"))
///     .merge(dashboard.router().guard(|request| {
///         request.headers.get("x-role").is_some_and(|role| role == "operator")
///     }));
/// # drop(app);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
///
/// A router needs one of them:
///
/// ```compile_fail
/// use axum::Router;
/// use gardefou_dashboard::Dashboard;
///
/// let dashboard = Dashboard::builder().build().unwrap();
/// let app: Router = Router::new().merge(dashboard.router());
/// ```
#[must_use = "there is no router until it is known who may see it"]
pub struct DashboardRouter {
    served: Served,
    path: String,
}

#[derive(Clone)]
struct Served {
    feed: Arc<Feed>,
    page: Arc<LivePage>,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Page,
    Snapshot,
    Events,
    Records,
}

impl DashboardRouter {
    pub(crate) fn new(feed: Arc<Feed>, settings: &Settings) -> Self {
        Self {
            served: Served {
                feed,
                page: Arc::new(LivePage::new(&settings.title)),
            },
            path: settings.path.clone(),
        }
    }

    /// Makes a router that answers requests for which `may_see` returns `true`, and refuses others
    /// with the status 403. The function is called for every request, also of a page that is open: at
    /// the latest after 15 minutes, when it connects again.
    ///
    /// A guard that panics refuses: the connection ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request};
    /// use gardefou_dashboard::Dashboard;
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let dashboard = Dashboard::builder().build()?;
    /// let app: Router = dashboard.router().guard(|request| request.headers.contains_key("x-operator"));
    /// for (name, status) in [("x-operator", 200), ("x-visitor", 403)] {
    ///     let request = Request::get("/gardefou").header(name, "yes").body(Body::empty())?;
    ///     assert_eq!(app.clone().oneshot(request).await?.status(), status);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn guard<S: Clone + Send + Sync + 'static>(
        self,
        may_see: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Router<S> {
        self.with_access(&Access::Guard(Arc::new(may_see)))
    }

    /// Makes a router with a guard that awaits, for example the store of sessions; see
    /// [`guard`](Self::guard).
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request};
    /// use gardefou_dashboard::Dashboard;
    /// use tower::ServiceExt;
    ///
    /// async fn is_operator(session: Option<String>) -> bool {
    ///     session.as_deref() == Some("ops")
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let dashboard = Dashboard::builder().build()?;
    /// let app: Router = dashboard.router().guard_async(|request| {
    ///     let session = request.headers.get("x-session").and_then(|value| value.to_str().ok());
    ///     is_operator(session.map(str::to_owned))
    /// });
    /// let request = Request::get("/gardefou").header("x-session", "ops").body(Body::empty())?;
    /// assert_eq!(app.oneshot(request).await?.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn guard_async<S, F>(
        self,
        may_see: impl Fn(Parts) -> F + Send + Sync + 'static,
    ) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
        F: Future<Output = bool> + Send + 'static,
    {
        let may_see = move |parts: Parts| -> futures_util::future::BoxFuture<'static, bool> {
            Box::pin(may_see(parts))
        };
        self.with_access(&Access::AsyncGuard(Arc::new(may_see)))
    }

    /// Makes a router for programs of the same machine alone. Others get the status 403, and so does
    /// every request
    ///
    /// - whose peer is not known: serve the router with
    ///   `into_make_service_with_connect_info::<SocketAddr>()`;
    /// - that came through a proxy, by the headers that proxies add;
    /// - whose host is not `localhost` or a loopback address, as where a page of another site has given
    ///   its name the address of this machine.
    ///
    /// A proxy on the same machine that adds no header and names `localhost` as the host cannot be
    /// recognised: use [`guard`](Self::guard) behind one.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
    /// use gardefou_dashboard::Dashboard;
    /// use std::net::SocketAddr;
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let app: Router = Dashboard::builder().build()?.router().loopback_only();
    /// for (peer, status) in [("127.0.0.1:9000", 200), ("10.1.2.3:9000", 403)] {
    ///     let mut request = Request::get("/gardefou").header("host", "localhost").body(Body::empty())?;
    ///     let peer: SocketAddr = peer.parse()?;
    ///     request.extensions_mut().insert(ConnectInfo(peer)); // as axum's server does
    ///     assert_eq!(app.clone().oneshot(request).await?.status(), status);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn loopback_only<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        self.with_access(&Access::Loopback)
    }

    fn with_access<S: Clone + Send + Sync + 'static>(self, access: &Access) -> Router<S> {
        let below = self.path.trim_end_matches('/');
        let mut routes = vec![
            (self.path.clone(), Target::Page),
            (format!("{below}/api/v1/snapshot"), Target::Snapshot),
            (format!("{below}/api/v1/events"), Target::Events),
            (format!("{below}/api/v1/records"), Target::Records),
        ];
        if !below.is_empty() {
            routes.push((format!("{below}/"), Target::Page));
        }
        routes
            .into_iter()
            .fold(Router::new(), |router, (path, target)| {
                let (served, access) = (self.served.clone(), access.clone());
                let handler = move |request: Request| {
                    let (served, access) = (served.clone(), access.clone());
                    async move {
                        let (parts, _body) = request.into_parts();
                        match access.check(&parts).await {
                            Ok(()) => served.answer(target, &parts).await,
                            Err(why) => responses::forbidden(why),
                        }
                    }
                };
                router.route(&path, any(handler))
            })
    }
}

impl Served {
    async fn answer(&self, target: Target, parts: &Parts) -> Response<Body> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return responses::method_not_allowed();
        }
        if target != Target::Page && is_of_other_site(&parts.headers) {
            return responses::forbidden("This is for the page itself, not for other sites.");
        }
        match target {
            Target::Page => self.page().await,
            Target::Snapshot => match self.feed.snapshot().await {
                Ok(text) => responses::json(text),
                Err(_) => responses::failed(),
            },
            Target::Events if parts.method == Method::HEAD => responses::event_stream_head(),
            Target::Events => self.events(parts).await,
            Target::Records => self.records(parts.uri.query().unwrap_or_default()).await,
        }
    }

    async fn page(&self) -> Response<Body> {
        let page = Arc::clone(&self.page);
        let html = match self.feed.sample().await {
            Ok(sample) => {
                let html = move |_: &_| page.html(&sample.to_text());
                self.feed.read(html).await
            }
            Err(failed) => Err(failed),
        };
        // It connects, and shows what fails.
        let html = html.unwrap_or_else(|_| self.page.html("null"));
        responses::page(html, &self.page.policy)
    }

    async fn events(&self, parts: &Parts) -> Response<Body> {
        let Some(after) = known(parts) else {
            return responses::bad_request("`after` must be the id of a sample.");
        };
        match self.feed.join(after).await {
            Ok(Some(viewer)) => {
                let mut response = Sse::new(viewer.events()).into_response();
                responses::harden(&mut response);
                response
            }
            Ok(None) => responses::busy("There are as many viewers as there may be."),
            Err(_) => responses::failed(),
        }
    }

    async fn records(&self, query: &str) -> Response<Body> {
        let Some((fingerprint, limit)) = parsed(query) else {
            return responses::bad_request(
                "`fingerprint` must be that of a group of errors, and `limit` from 1 to 100.",
            );
        };
        let Ok(_place) = self.feed.readers.try_acquire() else {
            return responses::busy("Other requests are reading the journal.");
        };
        match self.feed.read(move |_| find(fingerprint, limit)).await {
            Ok(Found { source, records }) => {
                let found = json!({ "source": source, "records": records });
                responses::json(found.to_string())
            }
            Err(_) => responses::failed(),
        }
    }
}

/// Returns the id of the sample that a viewer has, if it has one: that of the last event before it
/// connected again, or else that of its page. `None` where it is no id.
fn known(parts: &Parts) -> Option<Option<SampleId>> {
    let last_event = parts.headers.get("last-event-id");
    let last_event = last_event.and_then(|id| SampleId::parse(id.to_str().ok()?));
    if last_event.is_some() {
        return Some(last_event);
    }
    match parts.uri.query().unwrap_or_default() {
        "" => Some(None),
        query => SampleId::parse(query.strip_prefix("after=")?).map(Some),
    }
}

/// Returns the fingerprint and the limit of a query. Neither is ever encoded.
fn parsed(query: &str) -> Option<(Fingerprint, usize)> {
    let (mut fingerprint, mut limit) = (None, None);
    for pair in query.split('&') {
        match pair.split_once('=')? {
            ("fingerprint", text) if fingerprint.is_none() => {
                fingerprint = Some(text.parse().ok()?);
            }
            ("limit", text) if limit.is_none() => limit = Some(text.parse().ok()?),
            _ => return None,
        }
    }
    let limit = limit.unwrap_or(20);
    (1..=100).contains(&limit).then_some((fingerprint?, limit))
}

impl fmt::Debug for DashboardRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DashboardRouter")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_have_a_fingerprint_and_a_limit_in_bounds() {
        let group = Fingerprint::from_parts(&["a"]);
        let query = format!("fingerprint={group}");
        assert_eq!(parsed(&query), Some((group, 20)));
        assert_eq!(parsed(&format!("limit=100&{query}")), Some((group, 100)));
        for wrong in [
            String::new(),
            "fingerprint=".into(),
            "fingerprint=x".into(),
            "limit=5".into(),
            format!("{query}&limit=0"),
            format!("{query}&limit=101"),
            format!("{query}&limit=-1"),
            format!("{query}&{query}"),
            format!("{query}&path=/etc/passwd"),
        ] {
            assert_eq!(parsed(&wrong), None, "{wrong}");
        }
    }
}
