//! The order service as a client sees it, started as a program.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may panic")]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::Instant;

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

impl Service {
    /// Sends a signal to the program.
    #[cfg(unix)]
    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits until the program has ended, at most `limit`.
    #[cfg(unix)]
    fn ends_within(&mut self, limit: Duration) -> (std::process::ExitStatus, String) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < limit, "it has not ended after {limit:?}");
            wait(Duration::from_millis(20));
        };
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status, said)
    }

    /// Asks until the answer has this status.
    fn until(&self, path: &str, status: u16) {
        let begin = Instant::now();
        while self.get(path).0 != status {
            assert!(begin.elapsed() < Duration::from_secs(30), "{path} does not answer {status}");
            wait(Duration::from_millis(50));
        }
    }

    /// Opens a connection and sends half a request.
    #[cfg(unix)]
    fn half_a_request(&self) -> std::net::TcpStream {
        use std::io::Write as _;
        let mut stream = std::net::TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        stream.write_all(b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{").unwrap();
        // An answer to a later request says that this one has been taken up as well.
        assert_eq!(self.get("/livez").0, 200);
        stream
    }
}

#[expect(clippy::disallowed_methods, reason = "the program runs in real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
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

    #[cfg(unix)]
    {
        service.signal("TERM");
        let (ended, said) = service.ends_within(Duration::from_secs(30));
        assert!(ended.success(), "{said}");
        assert!(said.contains("the error system was shut down") && said.contains("journal: "), "{said}");
    }
}

#[test]
fn it_is_not_ready_while_no_order_can_be_written() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    service.until("/readyz", 200);
    // Reading goes on, writing does not: somebody else writes and does not come to an end.
    let other = rusqlite::Connection::open(data.path().join("orders.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    service.until("/readyz", 503);
    assert_eq!(service.get("/livez").0, 200, "a restart would not help");
    assert!(service.get("/readyz?verbose").2.contains("orders-db"));
    other.execute_batch("ROLLBACK").unwrap();
    service.until("/readyz", 200);
    assert_eq!(service.get("/metrics").2.matches("orders{").count(), 0, "what a check writes is taken back");
}

#[cfg(unix)]
#[test]
fn half_a_request_does_not_keep_it_from_ending() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());
    let _open = service.half_a_request();
    service.signal("TERM");
    let (ended, said) = service.ends_within(Duration::from_secs(30));
    assert!(ended.success() && said.contains("cut off") && said.contains("was shut down"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_it_at_once() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());
    let _open = service.half_a_request();
    service.signal("INT");
    let mut said = String::new();
    BufReader::new(service.child.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("ending"), "{said}");
    service.signal("TERM");
    let (ended, said) = service.ends_within(Duration::from_millis(2_500));
    assert_eq!(ended.code(), Some(1), "{said}");
}
