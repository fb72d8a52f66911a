//! Webhooks against a real HTTP server that fails, hangs and redirects.

use super::*;
use gardefou::{
    alerts::{WebhookBuilder, WebhookChannel, WebhookFormat, verify_signature},
    time::Timestamp,
};
use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
    time::Duration,
};

pub(super) struct Request {
    pub(super) headers: Vec<String>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The requests to a server.
pub(super) struct Served {
    pub(super) requests: Vec<Request>,
}

/// Serves one answer per connection, in order.
pub(super) fn serve(answers: Vec<String>) -> (String, JoinHandle<Served>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks/T0", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut served = Served {
            requests: Vec::new(),
        };
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            served.requests.push(read(&stream));
            // A client that has read enough of a long answer closes the connection.
            let _ = stream.write_all(answer.as_bytes());
        }
        served
    });
    (url, server)
}

pub(super) fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => headers.push(line.to_owned()),
        }
    }
    let mut request = Request {
        headers,
        body: String::new(),
    };
    let length: u64 = request.header("content-length").unwrap().parse().unwrap();
    reader
        .take(length)
        .read_to_string(&mut request.body)
        .unwrap();
    request
}

pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

pub(super) fn local(url: &str) -> WebhookBuilder {
    WebhookChannel::builder("hook", url)
        .allow_http(true)
        .allow_private_addresses(true)
}

pub(super) fn notification() -> Notification {
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    alerts.test();
    alerts.run();
    ops.take().remove(0)
}

#[test]
fn request_is_signed_and_has_version_and_identity() {
    let _alone = alone();
    let (url, server) = serve(vec![answer("204 No Content", "", "")]);
    let notification = notification();
    local(&url)
        .secret("a secret of enough bytes")
        .build()
        .unwrap()
        .deliver(&notification)
        .unwrap();
    let request = server.join().unwrap().requests.remove(0);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.header("x-gardefou-notification"),
        Some(notification.id.to_string().as_str())
    );
    let json: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        (json["version"].as_u64(), json["title"].as_str()),
        (Some(1), Some("a test of this channel"))
    );
    let signature = request.header("x-gardefou-signature").unwrap();
    let seconds: i64 = signature[2..].split(',').next().unwrap().parse().unwrap();
    let then = Timestamp::from_unix_millis(seconds * 1000);
    let verify = |body: &str| {
        verify_signature(
            b"a secret of enough bytes",
            signature,
            body.as_bytes(),
            then,
            Duration::from_secs(1),
        )
    };
    assert!(verify(&request.body).is_ok());
    assert!(verify(&request.body.replace("test", "best")).is_err());
}

#[test]
fn status_decides_whether_the_failure_is_permanent() {
    let _alone = alone();
    let answers = [
        answer("500 Oops", "", "broken\r\nX: y"),
        answer("429 Slow down", "Retry-After: 7\r\n", ""),
        answer("400 Bad Request", "", "no such hook"),
        answer("404 Not Found", "", ""),
        "garbage\r\n\r\n".to_owned(),
        answer("200 OK", "", "ok"),
    ];
    let (url, server) = serve(answers.to_vec());
    let (channel, notification) = (local(&url).build().unwrap(), notification());
    let results: Vec<_> = (0..6).map(|_| channel.deliver(&notification)).collect();
    let seen: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().map_err(DeliveryError::is_permanent))
        .collect();
    assert_eq!(
        seen,
        [
            Err(false),
            Err(false),
            Err(true),
            Err(true),
            Err(false),
            Ok(&())
        ]
    );
    let texts: Vec<String> = results
        .iter()
        .filter_map(|result| result.as_ref().err().map(ToString::to_string))
        .collect();
    assert!(
        texts[0].starts_with("status 500: broken") && texts[2] == "status 400: no such hook",
        "{texts:?}"
    );
    assert!(
        texts.iter().all(|text| !text.contains("/hooks/T0")),
        "the path of a hook is its secret: {texts:?}"
    );
    assert_eq!(server.join().unwrap().requests.len(), 6);
}

#[test]
fn failing_server_is_retried_and_gets_the_notification_once() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (url, server) = serve(vec![
        answer("503 Busy", "", ""),
        answer("503 Busy", "", ""),
        answer("200 OK", "", ""),
    ]);
    let alerts = start(config(&clock).channel(local(&url).build().unwrap()));
    report(ErrorCode::SYNC_ERROR, "late");
    for _ in 0..3 {
        alerts.run();
        clock.advance(Duration::from_secs(60));
    }
    let requests = server.join().unwrap().requests;
    let ids: Vec<_> = requests
        .iter()
        .map(|request| request.header("x-gardefou-notification").unwrap())
        .collect();
    assert_eq!((ids.len(), ids[0] == ids[1] && ids[1] == ids[2]), (3, true));
    let status = &alerts.status().channels[0];
    assert_eq!((status.attempts, status.sent, status.failed), (3, 1, 0));
}

#[test]
fn hanging_server_is_a_transient_failure_after_the_timeout() {
    let _alone = alone();
    // It accepts no connection, and so answers none, however late the request comes.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    let channel = local(&url)
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let err = channel.deliver(&notification()).unwrap_err();
    assert_eq!(
        (err.to_string().as_str(), err.is_permanent()),
        ("the time limit has passed", false)
    );
}

#[test]
fn failed_connection_has_its_cause_without_the_url() {
    let (_alone, clock) = (alone(), ManualClock::new());
    // Nobody serves the port of tcpmux, and no test is given it; one that was free a moment ago may be
    // another test's.
    let channel = local("http://127.0.0.1:1/hooks/T0").build().unwrap();
    let alerts = start(config(&clock).channel(channel));
    let lines = log::captured(|| {
        report(ErrorCode::SYNC_ERROR, "late");
        alerts.run();
    });
    let status = alerts.status().channels.remove(0);
    let in_health = gardefou::health::health_check()
        .health_status()
        .check("monitor:alerts")
        .cloned();
    let texts = [
        status.last_error.unwrap(),
        lines[0]["error"].clone(),
        in_health.unwrap().output.unwrap(),
    ];
    for text in texts {
        assert!(
            text.contains("the request failed: ") && text.to_lowercase().contains("refused"),
            "{text}"
        );
        assert!(!text.contains("T0"), "{text}");
    }
}

#[test]
fn redirect_is_refused_and_not_followed() {
    let _alone = alone();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let location = format!("Location: http://{}/\r\n", target.local_addr().unwrap());
    let (url, server) = serve(vec![
        answer("302 Found", &location, ""),
        answer("307 Temporary Redirect", &location, ""),
    ]);
    let (channel, notification) = (local(&url).build().unwrap(), notification());
    for _ in 0..2 {
        let err = channel.deliver(&notification).unwrap_err();
        assert!(
            err.is_permanent() && err.to_string().contains("redirects are not followed"),
            "{err}"
        );
    }
    server.join().unwrap();
    assert_eq!(target.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn private_address_is_refused_unless_allowed() {
    let _alone = alone();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let port = server.local_addr().unwrap().port();
    let notification = notification();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let url = format!("http://{host}:{port}/");
        let channel = WebhookChannel::builder("hook", url)
            .allow_http(true)
            .build()
            .unwrap();
        let err = channel.deliver(&notification).unwrap_err();
        assert!(
            err.is_permanent() || err.to_string().contains("no address"),
            "{host}: {err}"
        );
        assert_eq!(
            server.accept().unwrap_err().kind(),
            ErrorKind::WouldBlock,
            "{host}"
        );
    }
}

#[test]
fn slack_format_is_text_in_json() {
    let _alone = alone();
    let (url, server) = serve(vec![answer("200 OK", "", "ok")]);
    local(&url)
        .format(WebhookFormat::Slack)
        .build()
        .unwrap()
        .deliver(&notification())
        .unwrap();
    let body: serde_json::Value =
        serde_json::from_str(&server.join().unwrap().requests[0].body).unwrap();
    assert!(
        body["text"]
            .as_str()
            .unwrap()
            .starts_with("[INFO] a test of this channel"),
        "{body}"
    );
}

#[test]
fn invalid_settings_are_reported_together_without_their_secrets() {
    let url = "http://ann:hunter2@example.com/";
    let err = WebhookChannel::builder("", url)
        .secret("short")
        .timeout(Duration::ZERO)
        .build()
        .unwrap_err();
    let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["url", "url", "secret", "timeout", "name"]);
    assert!(
        !err.to_string().contains("hunter2") && !err.to_string().contains("short"),
        "{err}"
    );
    assert!(WebhookChannel::builder("h", "/relative").build().is_err());
}
