//! The order service as a client sees it, started as a program.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may panic")]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The running program; it is killed if the test ends before it.
struct Service {
    child: Child,
    url: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(data: &std::path::Path) -> Service {
    let mut child = Command::new(env!("CARGO_BIN_EXE_service"))
        .args(["--port", "0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url =
        line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().trim_end_matches(',').to_owned();
    Service { child, url }
}

fn ask(request: ureq::http::Request<String>) -> (u16, ureq::http::HeaderMap, String) {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(30)));
    let agent: ureq::Agent = config.http_status_as_error(false).proxy(None).build().into();
    let (parts, mut body) = agent.run(request).unwrap().into_parts();
    (parts.status.as_u16(), parts.headers, body.read_to_string().unwrap())
}

impl Service {
    fn get(&self, path: &str) -> (u16, ureq::http::HeaderMap, String) {
        ask(ureq::http::Request::get(format!("{}{path}", self.url)).body(String::new()).unwrap())
    }

    fn post(&self, path: &str, body: &str) -> (u16, ureq::http::HeaderMap, String) {
        ask(ureq::http::Request::post(format!("{}{path}", self.url)).body(body.to_owned()).unwrap())
    }
}

const ORDER: &str = r#"{"item":"tea","cents":450}"#;

#[test]
fn it_takes_orders_stays_ready_while_the_provider_fails_and_ends_in_order() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());

    let (status, _, body) = service.post("/orders", ORDER);
    assert_eq!((status, body.contains(r#""state":"paid""#)), (201, true), "{body}");
    assert_eq!(service.get("/orders/1").0, 200);
    assert_eq!(service.get("/orders/77").0, 404);
    let (status, headers, body) = service.post("/orders", "no json");
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (400, "application/problem+json"));
    assert!(body.contains("urn:uuid:") && !body.contains("expected"), "{body}");

    service.post("/provider/fail", "");
    let answers: Vec<_> = (0..3).map(|_| service.post("/orders", ORDER)).collect();
    let (status, headers, _) = answers.last().unwrap();
    assert_eq!(*status, 503, "after two orders of three attempts each the circuit is open");
    assert!(headers.contains_key("retry-after"));
    assert_eq!((service.get("/livez").0, service.get("/readyz").0), (200, 200));
    let (_, _, body) = service.get("/readyz?verbose");
    assert!(body.contains("breaker:payments"), "{body}");
    let (_, _, metrics) = service.get("/metrics");
    assert!(metrics.contains(r#"orders{state="withdrawn"} 3"#), "{metrics}");

    if cfg!(unix) {
        let terminate = Command::new("kill").arg(service.child.id().to_string()).status().unwrap();
        assert!(terminate.success());
        let ended = service.child.wait().unwrap();
        let mut said = String::new();
        service.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(ended.success(), "{said}");
        assert!(said.contains("the error system was shut down") && said.contains("journal: "), "{said}");
    }
}
