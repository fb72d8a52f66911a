//! Requests in the process, and what is recorded of them.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use gardefou::{
    error::ErrorId,
    monitor::{ErrorRecord, journal::Query},
    testing::Scope,
};
use serde_json::Value;
use tower::ServiceExt;

/// A response as a client has it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The body of a problem, whose standard members are checked.
    pub(crate) fn problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["status"], self.status.as_u16(), "{body}");
        for member in ["type", "title", "instance", "code_name"] {
            assert!(body[member].is_string(), "{member} in {body}");
        }
        assert!(
            self.headers
                .get("content-length")
                .is_none_or(|length| length == self.body.len().to_string().as_str())
        );
        body
    }

    /// The identity by which the client finds the error.
    pub(crate) fn id(&self) -> ErrorId {
        self.problem()["instance"]
            .as_str()
            .unwrap()
            .strip_prefix("urn:uuid:")
            .unwrap()
            .parse()
            .unwrap()
    }
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

pub(crate) fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

pub(crate) async fn get(app: &Router, path: &str) -> Answer {
    send(app, request(Method::GET, path)).await
}

/// The records of errors in a scope, the newest first, as the journal has them.
pub(crate) fn records(scope: &Scope) -> Vec<ErrorRecord> {
    scope
        .monitor()
        .query(&Query::new().limit(1000))
        .unwrap()
        .records
}

/// The only record.
pub(crate) fn record(scope: &Scope) -> ErrorRecord {
    let mut all = records(scope);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}
