//! `functions`, against small HTTP servers.

use super::*;
use service::{asked, response, server};

/// What a dashboard answers: one attribute whose function was called, two whose functions were not, and one
/// of which it is not known.
const SNAPSHOT: &str = r#"{"version":1,"whole":true,"taken_at":5,"guards":[],"functions":[
    {"id":"f0","name":"charge","module":"shop::payments","file":"src/payments.rs","line":12,
     "attribute":"retry","arguments":"max_retries = 3","key":null,"called":true},
    {"id":"f1","name":"charge","module":"shop::payments","file":"src/payments.rs","line":13,
     "attribute":"with_circuit_breaker","arguments":"","key":null,"called":false},
    {"id":"f2","name":"refund\u001b[2J","module":"shop","file":"src/lib.rs","line":7,
     "attribute":"retry","arguments":"","key":null,"called":false},
    {"id":"f3","name":"sync","module":"shop","file":"src/lib.rs","line":9,
     "attribute":"fallback","arguments":"","key":null,"called":null}]}"#;

fn ask(url: &str, arguments: &[&str]) -> Printed {
    printed(program(&[&["functions", url], arguments].concat()))
}

#[test]
fn each_attribute_of_a_function_has_a_line() {
    let printed = ask(&server(response(200, SNAPSHOT)), &[]);
    assert_eq!((printed.status, &*printed.stderr), (0, ""));
    assert_eq!(
        printed.lines(),
        [
            "called  shop::payments::charge  #[retry]                 src/payments.rs:12",
            "never   shop::payments::charge  #[with_circuit_breaker]  src/payments.rs:13",
            "never   shop::refund\\u{1b}[2J   #[retry]                 src/lib.rs:7",
            "?       shop::sync              #[fallback]              src/lib.rs:9",
            "4 guards of functions, 2 never called",
        ]
    );
}

#[test]
fn functions_that_were_never_called_are_listed_alone() {
    let printed = ask(
        &server(response(200, SNAPSHOT)),
        &["--never-called", "--json"],
    );
    assert_eq!((printed.status, &*printed.stderr), (0, ""));
    let places: Vec<_> = printed
        .lines()
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["line"].clone())
        .collect();
    assert_eq!(places, [13, 7]);
}

#[test]
fn snapshot_below_the_dashboard_is_asked_for_with_the_headers_that_are_given() {
    for slashes in ["", "/", "/api/v1/snapshot"] {
        let (url, request) = asked(response(200, SNAPSHOT));
        let headers = ["--header", "X-Role: operator", "--header", "x-empty:"];
        let printed = ask(&format!("{url}/gardefou{slashes}"), &headers);
        assert_eq!((printed.status, &*printed.stderr), (0, ""));
        let request = request.join().unwrap();
        let first = "GET /gardefou/api/v1/snapshot HTTP/1.1";
        assert_eq!(request.first().map(String::as_str), Some(first));
        assert!(
            request.contains(&"x-role: operator".to_owned()),
            "{request:?}"
        );
        assert!(
            request.contains(&"accept: application/json".to_owned()),
            "{request:?}"
        );
    }
}

#[test]
fn what_is_no_dashboard_has_status_2() {
    for (status, body) in [
        (200, "<html>hello</html>"),
        (200, r#"{"functions":{}}"#),
        (200, r#"{"functions":[1]}"#),
        (200, r#"{"status":"pass"}"#),
        (403, SNAPSHOT),
        (404, ""),
    ] {
        let printed = ask(&server(response(status, body)), &[]);
        assert_eq!(
            (printed.status, &*printed.stdout),
            (2, ""),
            "{status} {body}"
        );
        let rule = "it must be the address of a dashboard";
        let text = printed.stderr;
        assert!(
            text.contains(rule) && text.contains(&format!("HTTP {status}")),
            "{text}"
        );
    }
}

#[test]
fn header_that_is_none_is_refused() {
    for header in [
        "X-Role",
        ": operator",
        "X Role: operator",
        "X-Role: a\r\nX-B: c",
    ] {
        let printed = ask("http://localhost:1/gardefou", &["--header", header]);
        assert_eq!((printed.status, &*printed.stdout), (2, ""), "{header:?}");
        assert!(
            printed.stderr.contains("must be a name of letters"),
            "{}",
            printed.stderr
        );
    }
}

#[gardefou::enhanced_error_handling]
fn import() -> gardefou::Result<()> {
    Ok(())
}

#[gardefou::retry(max_retries = 1)]
fn export() -> gardefou::Result<()> {
    Ok(())
}

/// The program reads what the dashboard of this version writes.
#[test]
fn real_dashboard_lists_the_functions_of_its_process() {
    use std::net::SocketAddr;

    export().unwrap();
    let _never_called = import;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let dashboard = gardefou_dashboard::Dashboard::builder().build().unwrap();
    let app: axum::Router = dashboard.router().loopback_only();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listener.unwrap();
    let url = format!("http://{}/gardefou", listener.local_addr().unwrap());
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, service).await }));

    let printed = ask(&url, &[]);
    assert_eq!((printed.status, &*printed.stderr), (0, ""));
    let line = |name: &str| {
        let name = format!("::functions::{name} ");
        let found = printed
            .lines()
            .into_iter()
            .find(|line| line.contains(&name));
        found.unwrap_or_else(|| panic!("{name} is not in {}", printed.stdout))
    };
    assert!(line("export").starts_with("called "), "{}", line("export"));
    assert!(line("export").contains("#[retry]"), "{}", line("export"));
    assert!(
        line("export").contains("tests/cli/functions.rs:"),
        "{}",
        line("export")
    );
    assert!(line("import").starts_with("? "), "{}", line("import"));
}
