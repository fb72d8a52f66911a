//! Configured headers, authorities and proxies, waits that a server requests, and long answers.

use super::*;
use gardefou::{alerts::WebhookChannel, time::Clock};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    time::{Duration, SystemTime},
};
use webhook::{answer, local, notification, read, serve};

#[test]
fn configured_headers_are_sent_and_hidden() {
    let _alone = alone();
    let (url, server) = serve(vec![answer("204 No Content", "", "")]);
    let builder = local(&url)
        .header("Authorization", "Bearer hunter2")
        .header("X-Scope-OrgID", "shop");
    assert!(!format!("{builder:?}").contains("hunter2"));
    let channel = builder.build().unwrap();
    assert!(!format!("{channel:?}").contains("hunter2"));
    channel.deliver(&notification()).unwrap();
    let request = server.join().unwrap().requests.remove(0);
    assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
    assert_eq!(request.header("x-scope-orgid"), Some("shop"));
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[test]
fn invalid_settings_have_field_value_and_rule() {
    let hook = || WebhookChannel::builder("hook", "https://hooks.example.com/");
    let many = (0..33).fold(hook(), |hook, number| {
        hook.header(format!("X-{number}"), "x")
    });
    let cases = [
        (hook().header("bad name", "hunter2"), "header", "bad name"),
        (
            hook().header("X-A", "hunter2\r\nX-B: y"),
            "header",
            "x-a: (hidden)",
        ),
        (hook().header("HOST", "hunter2"), "header", "host"),
        (
            hook().header("X-Gardefou-Signature", "hunter2"),
            "header",
            "x-gardefou-signature",
        ),
        (many, "header", "33"),
        (
            hook().proxy("socks5://ann:hunter2@proxy"),
            "proxy",
            "(hidden)",
        ),
        (hook().proxy("hunter2"), "proxy", "(hidden)"),
        (
            hook().ca_certificate("hunter2"),
            "ca_certificate",
            "(bytes)",
        ),
        (
            hook().template("{\"a\": \"{{hunter}}\"}"),
            "template",
            "{{hunter}}",
        ),
    ];
    for (builder, field, value) in cases {
        let err = builder.build().unwrap_err();
        assert_eq!(
            (err.field(), err.value(), err.problems().count()),
            (field, value, 1)
        );
        assert!(
            err.rule().starts_with("must ") && !err.to_string().contains("hunter2"),
            "{err}"
        );
    }
    let through_proxy = |url: &str| {
        WebhookChannel::builder("hook", url)
            .proxy("http://10.0.0.1:3128")
            .build()
    };
    assert!(through_proxy("https://hooks.example.com/").is_ok());
    let err = through_proxy("https://169.254.169.254/latest").unwrap_err();
    assert_eq!(
        (err.field(), err.rule()),
        ("url", "must not hold a private address")
    );
}

/// The proxy may have a private address, and decides about the addresses behind it.
#[test]
fn requests_go_through_the_proxy_with_its_credentials() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let connect: Vec<String> = lines
            .by_ref()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .unwrap();
        let request = read(&stream);
        stream
            .write_all(answer("200 OK", "", "ok").as_bytes())
            .unwrap();
        (connect, request)
    });
    let hook = WebhookChannel::builder("hook", "http://hooks.example.com/T0").allow_http(true);
    let channel = hook
        .proxy(format!("http://ann:hunter2@{address}"))
        .build()
        .unwrap();
    channel.deliver(&notification()).unwrap();
    let (connect, request) = proxy.join().unwrap();
    assert_eq!(connect[0], "CONNECT hooks.example.com:80 HTTP/1.1");
    assert!(
        connect.contains(&"Proxy-Authorization: Basic YW5uOmh1bnRlcjI=".to_owned()),
        "{connect:?}"
    );
    assert_eq!(
        (request.headers[0].as_str(), request.header("host")),
        ("POST /T0 HTTP/1.1", Some("hooks.example.com"))
    );
}

#[test]
fn refusing_proxy_is_a_cause_without_its_password() {
    let _alone = alone();
    let (url, _server) = serve(Vec::new());
    let proxy = url
        .replace("http://", "http://ann:hunter2@")
        .replace("/hooks/T0", "");
    let channel = WebhookChannel::builder("hook", "https://hooks.example.com/")
        .proxy(proxy)
        .build()
        .unwrap();
    let err = channel.deliver(&notification()).unwrap_err();
    assert!(
        !err.is_permanent() && !format!("{err:?}").contains("hunter2"),
        "{err:?}"
    );
}

/// Returns when the next attempt comes, in whole seconds.
fn next_attempt(clock: &ManualClock, headers: &str) -> u64 {
    let (url, server) = serve(vec![answer("503 Busy", headers, "")]);
    let channel = local(&url).clock(clock.clone()).build().unwrap();
    let alerts = start(config(clock).channel(channel).initial_delay(Duration::ZERO));
    report(ErrorCode::SYNC_ERROR, "late");
    let next = alerts.run().unwrap();
    server.join().unwrap();
    let wait = next.since(clock.now());
    // Without a journal: what waits is lost, and must not be sent to a server that is gone.
    clock.advance(Duration::from_secs(86_400));
    wait.as_secs()
}

/// Formats a time as an HTTP date.
fn date(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // The civil calendar from days, after Howard Hinnant.
    let z = days as i64 + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days as usize % 7];
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let month = months[month as usize - 1];
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

#[test]
fn retry_after_is_read_as_seconds_and_as_a_date_and_is_at_most_an_hour() {
    let (_alone, clock) = (alone(), ManualClock::new());
    assert_eq!(next_attempt(&clock, "Retry-After: 120\r\n"), 120);
    let in_two_minutes = || date(clock.wall() + Duration::from_secs(120));
    let wait = next_attempt(&clock, &format!("Retry-After: {}\r\n", in_two_minutes()));
    assert!((119..=120).contains(&wait), "{wait}");
    assert_eq!(next_attempt(&clock, "Retry-After: 86400\r\n"), 3600);
    let tomorrow = date(clock.wall() + Duration::from_secs(86_400));
    assert_eq!(
        next_attempt(&clock, &format!("Retry-After: {tomorrow}\r\n")),
        3600
    );
    // The server's own clock is an hour behind.
    let (date_there, until) = (
        date(clock.wall() - Duration::from_secs(3600)),
        date(clock.wall() - Duration::from_secs(3570)),
    );
    assert_eq!(
        next_attempt(
            &clock,
            &format!("Date: {date_there}\r\nRetry-After: {until}\r\n")
        ),
        30
    );
}

#[test]
fn long_answer_is_cut_to_its_reason() {
    let _alone = alone();
    let body = format!("no such hook: {}", "x".repeat(2_000_000));
    let cut_short = format!(
        "HTTP/1.1 400 Bad\r\nContent-Length: 5000\r\n\r\n{}",
        "the key is wrong"
    );
    let (url, server) = serve(vec![
        answer("404 Not Found", "", &body),
        answer("400 Bad", "", &body[..5000]),
        cut_short,
    ]);
    let (channel, notification) = (local(&url).build().unwrap(), notification());
    for expected in [
        "status 404: no such hook: xxx",
        "status 400: no such hook: xxx",
        "status 400: the key is wrong",
    ] {
        let text = channel.deliver(&notification).unwrap_err().to_string();
        assert!(
            text.starts_with(expected) && text.chars().count() < 220,
            "{text}"
        );
    }
    drop(server);
}

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/tls/authority.pem");

/// Answers one request over TLS, if the client trusts the certificate; returns the URL.
fn serve_tls() -> (String, std::thread::JoinHandle<bool>) {
    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("../../data/tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../data/tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}/hook",
        listener.local_addr().unwrap().port()
    );
    let server = std::thread::spawn(move || {
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(connection, listener.accept().unwrap().0));
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return false;
            }
            if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        stream
            .get_mut()
            .write_all(answer("200 OK", "", "ok").as_bytes())
            .unwrap();
        true
    });
    (url, server)
}

#[test]
fn configured_authority_replaces_the_well_known_ones() {
    let _alone = alone();
    let hook = |url: &str| WebhookChannel::builder("hook", url).allow_private_addresses(true);
    let deliver = |make: &dyn Fn(&str) -> Result<WebhookChannel, gardefou::ConfigError>| {
        let (url, server) = serve_tls();
        let delivered = make(&url).unwrap().deliver(&notification());
        (delivered, server.join().unwrap())
    };
    let (delivered, asked) = deliver(&|url| {
        hook(url)
            .ca_certificate(std::fs::read(AUTHORITY).unwrap())
            .build()
    });
    assert!(delivered.is_ok() && asked, "{delivered:?}");
    let (delivered, asked) = deliver(&|url| hook(url).build());
    let err = delivered.unwrap_err();
    assert!(!err.is_permanent() && !asked, "{err}");
    let cause = std::error::Error::source(&err).unwrap().to_string();
    assert!(cause.contains("certificate"), "{cause}");
}
