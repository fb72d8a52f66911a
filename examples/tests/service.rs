//! The order service as a client sees it, started as a program.

#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without may panic"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
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
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap()
        .trim_end_matches(',')
        .to_owned();
    Service { child, url }
}

fn send(
    request: ureq::http::Request<impl ureq::AsSendBody>,
) -> (u16, ureq::http::HeaderMap, String) {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(30)));
    let agent: ureq::Agent = config
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let (parts, mut body) = agent.run(request).unwrap().into_parts();
    (
        parts.status.as_u16(),
        parts.headers,
        body.read_to_string().unwrap(),
    )
}

impl Service {
    fn get(&self, path: &str) -> (u16, ureq::http::HeaderMap, String) {
        send(
            ureq::http::Request::get(format!("{}{path}", self.url))
                .body(String::new())
                .unwrap(),
        )
    }

    fn post(&self, path: &str, body: &str) -> (u16, ureq::http::HeaderMap, String) {
        self.post_bytes(path, body.as_bytes())
    }

    fn post_bytes(&self, path: &str, body: &[u8]) -> (u16, ureq::http::HeaderMap, String) {
        send(
            ureq::http::Request::post(format!("{}{path}", self.url))
                .body(body.to_vec())
                .unwrap(),
        )
    }
}

impl Service {
    /// Sends a signal to the program.
    #[cfg(unix)]
    fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args(["-s", name, &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
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
        let mut output = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut output)
            .unwrap();
        (status, output)
    }

    /// Repeats a request until the answer has this status.
    fn until(&self, path: &str, status: u16) {
        let begin = Instant::now();
        while self.get(path).0 != status {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "{path} does not answer {status}"
            );
            wait(Duration::from_millis(50));
        }
    }

    /// Opens a connection and sends half a request.
    #[cfg(unix)]
    fn half_a_request(&self) -> std::net::TcpStream {
        let mut stream =
            std::net::TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        stream
            .write_all(b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            .unwrap();
        // An answer to a later request shows that this one was accepted as well.
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
fn orders_are_taken_probes_stay_ready_and_the_shutdown_is_orderly() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());

    let (status, _, body) = service.post("/orders", ORDER);
    assert_eq!(
        (status, body.contains(r#""state":"paid""#)),
        (201, true),
        "{body}"
    );
    assert_eq!(service.get("/orders/1").0, 200);
    assert_eq!(service.get("/orders/77").0, 404);
    let (status, headers, body) = service.post("/orders", "no json");
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (400, "application/problem+json")
    );
    assert!(
        body.contains("urn:uuid:") && !body.contains("expected"),
        "{body}"
    );

    service.post("/provider/fail", "");
    let answers: Vec<_> = (0..3).map(|_| service.post("/orders", ORDER)).collect();
    let (status, headers, _) = answers.last().unwrap();
    assert_eq!(
        *status, 503,
        "after two orders of three attempts each the circuit is open"
    );
    assert!(headers.contains_key("retry-after"));
    assert_eq!(
        (service.get("/livez").0, service.get("/readyz").0),
        (200, 200)
    );
    let (_, _, body) = service.get("/readyz?verbose");
    assert!(body.contains("breaker:payments"), "{body}");
    let (_, _, metrics) = service.get("/metrics");
    assert!(
        metrics.contains(r#"orders{state="withdrawn"} 3"#),
        "{metrics}"
    );

    #[cfg(unix)]
    {
        service.signal("TERM");
        let (ended, output) = service.ends_within(Duration::from_secs(30));
        assert!(ended.success(), "{output}");
        assert!(
            output.contains("the error system was shut down") && output.contains("journal: "),
            "{output}"
        );
    }
}

#[test]
fn every_refusal_is_a_problem_document_with_the_reason() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let long = format!(r#"{{"item":"{}","cents":1}}"#, "x".repeat(101));
    let refused = [
        ("no such route", service.get("/nowhere"), 404, ""),
        ("wrong method", service.get("/orders"), 405, ""),
        (
            "no text",
            service.post_bytes("/orders", b"{\"item\":\"caf\xE9\",\"cents\":1}"),
            400,
            "UTF-8",
        ),
        (
            "no text in the path",
            service.get("/orders/%FF"),
            400,
            "UTF-8",
        ),
        (
            "no JSON",
            service.post("/orders", "tea, please"),
            400,
            "no JSON (line 1",
        ),
        ("no order", service.post("/orders", "[1, 2]"), 400, "`item`"),
        (
            "no name",
            service.post("/orders", r#"{"item":"  ","cents":1}"#),
            400,
            "`item`",
        ),
        ("a long name", service.post("/orders", &long), 400, "`item`"),
        (
            "no price",
            service.post("/orders", r#"{"item":"tea","cents":0.5}"#),
            400,
            "`cents`",
        ),
        (
            "a large price",
            service.post("/orders", r#"{"item":"tea","cents":18446744073709551615}"#),
            400,
            "`cents`",
        ),
        (
            "no number",
            service.get("/orders/first"),
            400,
            "is a number",
        ),
        (
            "no such order",
            service.get("/orders/77"),
            404,
            "no order 77",
        ),
        (
            "no such behaviour",
            service.post("/provider/sad", ""),
            400,
            "`hang`",
        ),
    ];
    for (what, (status, headers, body), wanted, detail) in refused {
        assert_eq!(status, wanted, "{what}: {body}");
        assert_eq!(
            headers["content-type"], "application/problem+json",
            "{what}"
        );
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["status"], wanted, "{what}");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap_or_default()
                .contains(detail),
            "{what}: {body}"
        );
        assert_eq!(headers.contains_key("allow"), wanted == 405, "{what}");
    }
    // The answer comes as soon as a body has grown too large, not at its end.
    let mut large =
        std::net::TcpStream::connect(service.url.trim_start_matches("http://")).unwrap();
    let head = "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n";
    large
        .write_all(&[head.as_bytes(), &[b'x'; 16 * 1024 + 1]].concat())
        .unwrap();
    large
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let (mut answer, mut part) = (String::new(), [0; 4096]);
    while !answer.contains("\"title\"") {
        let read = large.read(&mut part).unwrap();
        assert!(read > 0, "{answer}");
        answer.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("application/problem+json"),
        "{answer}"
    );
    assert!(answer.contains("length limit exceeded"), "{answer}");
    // All of these are mistakes of clients: recorded as warnings.
    let (_, _, errors) = service.get("/errors");
    let errors: serde_json::Value = serde_json::from_str(&errors).unwrap();
    let errors = errors["errors"].as_array().unwrap();
    assert!(errors.len() >= 14, "{errors:?}");
    assert!(
        errors.iter().all(|error| error["level"] == "warning"),
        "{errors:?}"
    );
    let operations: Vec<_> = errors
        .iter()
        .filter_map(|error| error["operation"].as_str())
        .collect();
    assert!(
        operations.contains(&"POST /orders") && operations.contains(&"GET /orders/{id}"),
        "{operations:?}"
    );
}

#[test]
fn metrics_are_in_the_format_of_prometheus() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    service.post("/orders", ORDER);
    service.get("/nowhere");
    let (_, headers, page) = service.get("/metrics");
    assert_eq!(
        headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let (mut current, mut seen) = (String::new(), std::collections::HashSet::new());
    for line in page.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["#", "HELP", name, ..] => assert!(seen.insert(name.to_owned()), "{name} comes twice"),
            ["#", "TYPE", name, kind] => {
                assert!(
                    seen.contains(name) && ["counter", "gauge"].contains(&kind),
                    "{line}"
                );
                current = name.to_owned();
            }
            _ => {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let labels = series
                    .strip_prefix(&*current)
                    .map(|labels| labels.trim_matches(['{', '}']));
                let is_well_formed =
                    labels.is_some_and(|labels| labels.is_empty() || labels.ends_with('"'));
                assert!(is_well_formed, "{line} below {current}");
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
    }
    assert_eq!(
        page.matches("gardefou_circuit_breaker_state{name=\"payments\"")
            .count(),
        5,
        "{page}"
    );
    assert!(
        page.contains("gardefou_circuit_breaker_state{name=\"payments\",state=\"closed\"} 1\n"),
        "{page}"
    );
    assert!(
        page.contains("gardefou_circuit_breaker_state{name=\"payments\",state=\"open\"} 0\n"),
        "{page}"
    );
    assert!(
        page.contains(
            "gardefou_errors_total{error_type=\"FILE_NOT_FOUND_ERROR\",severity=\"warning\"} 1\n"
        ),
        "{page}"
    );
}

#[test]
fn no_order_takes_longer_than_the_guards_allow_while_the_provider_hangs() {
    /// Three attempts of 250 ms and two waits of at most 40 ms, and what a busy machine adds.
    const BOUND: Duration = Duration::from_millis(830 + 4_000);
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    service.until("/readyz", 200);
    service.post("/provider/hang", "");
    let waits = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let order = |_| {
                        let begin = Instant::now();
                        let (status, _, body) = service.post("/orders", ORDER);
                        assert!(matches!(status, 503 | 504), "{status}: {body}");
                        assert!(body.contains("withdrawn"), "{body}");
                        begin.elapsed()
                    };
                    (0..6).map(order).collect::<Vec<_>>()
                })
            })
            .collect();
        while clients.iter().any(|client| !client.is_finished()) {
            assert_eq!(
                (service.get("/livez").0, service.get("/readyz").0),
                (200, 200)
            );
            wait(Duration::from_millis(10));
        }
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect::<Vec<_>>()
    });
    let slowest = waits.iter().max().unwrap();
    assert!(*slowest < BOUND, "an order took {slowest:?}");
    assert!(
        *slowest >= Duration::from_millis(250),
        "the first ones waited for the provider, not {slowest:?}"
    );
    let (_, _, metrics) = service.get("/metrics");
    assert!(
        metrics.contains(r#"orders{state="withdrawn"} 48"#) && !metrics.contains("pending"),
        "{metrics}"
    );
}

#[test]
fn help_succeeds_and_invalid_arguments_fail() {
    for program in [
        env!("CARGO_BIN_EXE_service"),
        env!("CARGO_BIN_EXE_service_load"),
    ] {
        let run = |argument: &str| Command::new(program).arg(argument).output().unwrap();
        let help = run("--help");
        assert!(
            help.status.success() && help.stdout.starts_with(b"usage: "),
            "{help:?}"
        );
        let wrong = run("http://127.0.0.1:8080@192.0.2.1/");
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn service_is_not_ready_while_no_order_can_be_written() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    service.until("/readyz", 200);
    // Reading goes on, writing does not: another connection holds the lock.
    let other = rusqlite::Connection::open(data.path().join("orders.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    service.until("/readyz", 503);
    assert_eq!(service.get("/livez").0, 200, "a restart would not help");
    assert!(service.get("/readyz?verbose").2.contains("orders-db"));
    other.execute_batch("ROLLBACK").unwrap();
    service.until("/readyz", 200);
    assert_eq!(
        service.get("/metrics").2.matches("orders{").count(),
        0,
        "what a check writes is taken back"
    );
}

#[cfg(unix)]
#[test]
fn incomplete_request_does_not_delay_the_shutdown() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());
    let _open = service.half_a_request();
    service.signal("TERM");
    let (ended, output) = service.ends_within(Duration::from_secs(30));
    assert!(
        ended.success() && output.contains("cut off") && output.contains("was shut down"),
        "{output}"
    );
}

#[cfg(unix)]
#[test]
fn open_dashboard_does_not_delay_the_shutdown() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());
    let (status, headers, page) = service.get("/gardefou");
    assert_eq!((status, page.contains("<title>orders")), (200, true));
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let mut viewer =
        std::net::TcpStream::connect(service.url.trim_start_matches("http://")).unwrap();
    viewer
        .write_all(b"GET /gardefou/api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut begin = [0; 12];
    viewer.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    service.signal("TERM");
    let (ended, output) = service.ends_within(Duration::from_secs(30));
    assert!(
        ended.success() && output.contains("was shut down"),
        "{output}"
    );
    assert!(
        !output.contains("cut off"),
        "its connection was ended: {output}"
    );
}

#[cfg(unix)]
#[test]
fn second_signal_ends_the_program_at_once() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());
    let _open = service.half_a_request();
    service.signal("INT");
    let mut output = String::new();
    BufReader::new(service.child.stderr.as_mut().unwrap())
        .read_line(&mut output)
        .unwrap();
    assert!(output.contains("ending"), "{output}");
    service.signal("TERM");
    let (ended, output) = service.ends_within(Duration::from_secs(30));
    assert_eq!(ended.code(), Some(1), "{output}");
}
