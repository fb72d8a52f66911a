//! `health`, against a small HTTP server.

use super::*;
use gardefou::health::{Check, CheckResult, Health, HealthConfig, Probes, ShowDetails};
use service::{AUTHORITY, KEY, response, server, tls_server};
use std::net::TcpListener;

fn ask(url: &str, arguments: &[&str]) -> Printed {
    printed(program(&[&["health", url], arguments].concat()))
}

/// What a service with a warning and a failing check answers.
fn probed(criticality_of_failure: bool) -> String {
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    let warns = || CheckResult::warn("the queue grows");
    health.register(Check::internal("worker", warns)).unwrap();
    let fails = Check::dependency("database", || Err::<(), _>("no route to host"));
    let fails = if criticality_of_failure {
        fails.critical()
    } else {
        fails
    };
    health.register(fails).unwrap();
    health.mark_started();
    health.run_all_checks();
    let probes = Probes::new(health).show_details(ShowDetails::Always);
    let answer = probes.respond("GET", "/readyz?verbose", true);
    response(answer.status(), answer.body())
}

#[test]
fn answers_of_a_real_registry_are_shown_with_their_checks() {
    let warns = ask(&server(probed(false)), &[]);
    assert_eq!((warns.status, &*warns.stderr), (0, ""));
    let lines = warns.lines();
    assert!(lines[0].starts_with("warn  http://127.0.0.1:"), "{lines:?}");
    assert!(
        lines[0].ends_with("/readyz (HTTP 200, started)"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "  fail  database  important  no route to host");
    assert_eq!(lines[2], "  warn  worker    important  the queue grows");

    let fails = ask(&server(probed(true)), &[]);
    assert_eq!((fails.status, &*fails.stderr), (1, ""));
    let lines = fails.lines();
    assert!(
        lines[0].starts_with("fail  ") && lines[0].contains("HTTP 503"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "  fail  database  critical   no route to host");
}

#[test]
fn exit_status_is_the_verdict() {
    for (status, body, expected) in [
        (200, r#"{"status":"pass"}"#, 0),
        (200, r#"{"status":"UP"}"#, 0),
        (200, r#"{"status":"warn"}"#, 0),
        (200, r#"{"status":"fail"}"#, 1),
        (503, r#"{"status":"fail"}"#, 1),
        (503, r#"{"status":"pass"}"#, 1),
        (503, "upstream connect error", 1),
        (502, "", 1),
        (200, "<html>hello</html>", 2),
        (200, "", 2),
        (200, "[]", 2),
        (200, r#"{"status":7}"#, 2),
        (200, r#"{"status":"splendid"}"#, 2),
        (404, r#"{"type":"about:blank","status":404}"#, 2),
    ] {
        let printed = ask(&server(response(status, body)), &[]);
        assert_eq!(
            printed.status, expected,
            "{status} {body}: {}",
            printed.stderr
        );
        assert_eq!(
            printed.stdout.is_empty(),
            !body.contains(r#""status":""#) || expected == 2
        );
    }
}

#[test]
fn json_is_the_report_and_quiet_prints_nothing() {
    let body = r#"{"status":"warn","checks":{"a":[{"status":"warn","output":"\u001b[2J"}]}}"#;
    let printed = ask(&server(response(200, body)), &["--json"]);
    let found: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(
        found,
        serde_json::from_str::<serde_json::Value>(body).unwrap()
    );
    let printed = ask(&server(response(503, body)), &["--quiet"]);
    assert_eq!(
        (printed.status, &*printed.stdout, &*printed.stderr),
        (1, "", "")
    );
    let printed = ask(&server(response(200, body)), &[]);
    assert!(printed.stdout.contains("\\u{1b}[2J"), "{}", printed.stdout);
}

#[test]
fn service_that_does_not_answer_has_status_2() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = ask(&format!("http://{port}/"), &[]);
    assert_eq!((refused.status, &*refused.stdout), (2, ""));
    assert!(
        refused.stderr.contains("Connection refused"),
        "{}",
        refused.stderr
    );

    // It listens, and accepts nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let late = ask(&url, &["--timeout", "50ms"]);
    assert_eq!((late.status, &*late.stdout), (2, ""));
    assert!(
        late.stderr.ends_with("no answer within 50ms\n"),
        "{}",
        late.stderr
    );

    let cut = ask(
        &server("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
        &[],
    );
    assert_eq!(cut.status, 2, "{}", cut.stderr);
    let no_http = ask(&server("220 mail.example.com ESMTP\r\n"), &[]);
    assert_eq!(no_http.status, 2, "{}", no_http.stderr);
    let nowhere = ask("http://no-such-host.invalid/", &[]);
    assert_eq!(nowhere.status, 2, "{}", nowhere.stderr);
}

#[test]
fn https_needs_tls_on_the_other_side() {
    let url = server("HTTP/1.1 200 OK\r\n\r\n").replace("http:", "https:");
    let printed = ask(&url, &["--timeout", "10s"]);
    assert_eq!(
        (printed.status, &*printed.stdout),
        (2, ""),
        "{}",
        printed.stderr
    );
}

#[test]
fn https_is_trusted_by_the_authorities_that_are_named() {
    let answer = response(200, r#"{"status":"pass"}"#);
    let trusted = ask(&tls_server(&answer), &["--ca-certificate", AUTHORITY]);
    assert_eq!((trusted.status, &*trusted.stderr), (0, ""));
    assert!(trusted.stdout.starts_with("pass  https://localhost:"));

    let stranger = ask(&tls_server(&answer), &[]);
    assert_eq!((stranger.status, &*stranger.stdout), (2, ""));
    assert!(
        stranger.stderr.contains("UnknownIssuer"),
        "{}",
        stranger.stderr
    );
}

#[test]
fn file_without_a_certificate_is_refused() {
    for (file, rule) in [
        (
            KEY,
            "it must be a file with a certificate in the form of PEM",
        ),
        ("/nowhere/authority.pem", "No such file"),
    ] {
        let refused = ask("https://localhost:1/", &["--ca-certificate", file]);
        assert_eq!((refused.status, &*refused.stdout), (2, ""));
        assert!(
            refused.stderr.contains(file) && refused.stderr.contains(rule),
            "{}",
            refused.stderr
        );
    }
}
