//! Requests to a router, and the events of a viewer.

use axum::{
    Router,
    body::Body,
    http::{Request, Response, request::Parts},
};
use gardefou_dashboard::Dashboard;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const PATHS: [&str; 5] = [
    "/gardefou",
    "/gardefou/",
    "/gardefou/api/v1/snapshot",
    "/gardefou/api/v1/events",
    "/gardefou/api/v1/records?fingerprint=00000000000000ff",
];

/// The router of a dashboard with the defaults, for everybody.
pub(crate) fn open(dashboard: &Dashboard) -> Router {
    dashboard.router().guard(|_: &Parts| true)
}

pub(crate) fn dashboard() -> Dashboard {
    Dashboard::builder().build().unwrap()
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Response<Body> {
    app.clone().oneshot(request).await.unwrap()
}

pub(crate) async fn get(app: &Router, path: &str) -> Response<Body> {
    send(app, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) async fn snapshot(app: &Router) -> Value {
    let response = get(app, "/gardefou/api/v1/snapshot").await;
    assert_eq!(response.status(), 200);
    serde_json::from_str(&text(response).await).unwrap()
}

/// One connection for server-sent events.
pub(crate) struct Viewer(Body);

impl Viewer {
    pub(crate) async fn connect(app: &Router) -> Self {
        Self::from_response(get(app, "/gardefou/api/v1/events").await)
    }

    /// Connects as a page that has the sample of an id.
    pub(crate) async fn connect_after(app: &Router, id: &str) -> Self {
        let path = format!("/gardefou/api/v1/events?after={id}");
        Self::from_response(get(app, &path).await)
    }

    pub(crate) fn from_response(response: Response<Body>) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body())
    }

    /// Returns the next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let frame = self.0.frame().await?.unwrap();
        let data = frame.into_data().unwrap();
        let text = std::str::from_utf8(&data).unwrap();
        let data = text
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        Some(serde_json::from_str(data).unwrap())
    }

    /// Returns the next event that has a field of this name.
    pub(crate) async fn next_with(&mut self, field: &str) -> Value {
        loop {
            let event = self.next().await.expect("the events go on");
            if event.get(field).is_some() {
                return event;
            }
        }
    }
}

/// Returns the entry with this name in a list of a sample.
pub(crate) fn entry<'a>(sample: &'a Value, list: &str, name: &str) -> &'a Value {
    let entries = sample[list].as_array().unwrap();
    let named = entries.iter().find(|entry| entry["name"] == name);
    named.unwrap_or_else(|| panic!("no {name} in {entries:#?}"))
}
