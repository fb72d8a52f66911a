//! Who may see the page, and what every response forbids.

use crate::support::{PATHS, dashboard, get, open, send, snapshot, text};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, request::Parts},
};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn guard_that_refuses_answers_403_on_every_path_and_for_every_method() {
    let dashboard = dashboard();
    let by_function: Router = dashboard.router().guard(|_: &Parts| false);
    let by_future: Router = dashboard.router().guard_async(async |_: Parts| false);
    let without_peer: Router = dashboard.router().loopback_only();
    for app in [by_function, by_future, without_peer] {
        for path in PATHS {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
                let request = Request::builder().method(method.clone()).uri(path);
                let request = request.header("host", "localhost").body(Body::empty());
                let response = send(&app, request.unwrap()).await;
                assert_eq!(response.status(), 403, "{method} {path}");
                let body = text(response).await;
                assert!(
                    !body.contains("taken_at") && !body.contains("<html"),
                    "{body}"
                );
            }
        }
    }
    assert_eq!(dashboard.viewers(), 0);
}

#[tokio::test]
async fn guard_sees_the_request_and_decides_for_each_one() {
    let app: Router = dashboard().router().guard(|request: &Parts| {
        request
            .headers
            .get("x-role")
            .is_some_and(|role| role == "operator")
            && request.uri.path().starts_with("/gardefou")
    });
    for (role, status) in [("operator", 200), ("visitor", 403), ("operator", 200)] {
        let request = Request::get("/gardefou").header("x-role", role);
        let response = send(&app, request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status, "{role}");
    }
}

#[tokio::test]
async fn guard_that_panics_shows_nothing() {
    let app: Router = dashboard()
        .router()
        .guard(|_: &Parts| panic!("no store of sessions"));
    let answered = tokio::spawn(async move { get(&app, "/gardefou").await.status() }).await;
    assert!(answered.unwrap_err().is_panic(), "the connection ends");
}

#[tokio::test]
async fn loopback_peers_see_it_and_others_do_not() {
    let app: Router = dashboard().router().loopback_only();
    for (peer, host, status) in [
        ("127.0.0.1:9", "localhost:3000", 200),
        ("[::1]:9", "[::1]:3000", 200),
        ("10.1.2.3:9", "localhost:3000", 403),
        ("127.0.0.1:9", "rebound.example:3000", 403),
    ] {
        for path in [PATHS[0], PATHS[2]] {
            let mut request = Request::get(path)
                .header("host", host)
                .body(Body::empty())
                .unwrap();
            let peer: SocketAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
            let response = send(&app, request).await;
            assert_eq!(response.status(), status, "{peer} {host} {path}");
        }
    }
}

/// Asks a real server for the page; returns the first line of its answer.
async fn ask(address: SocketAddr, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /gardefou HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn real_server_passes_the_address_of_the_peer_or_is_refused() {
    let dashboard = dashboard();
    let app: Router = dashboard.router().loopback_only();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let with_peers = listener.local_addr().unwrap();
    let service = app
        .clone()
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let without_peers = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });

    let localhost = "host: localhost\r\n";
    assert_eq!(ask(with_peers, localhost).await, "HTTP/1.1 200 OK");
    assert_eq!(
        ask(without_peers, localhost).await,
        "HTTP/1.1 403 Forbidden"
    );
    for refused in [
        "host: evil.example\r\n",
        "host: localhost\r\nx-forwarded-for: 127.0.0.1\r\n",
        "host: localhost\r\nhost: evil.example\r\n",
    ] {
        let answer = ask(with_peers, refused).await;
        assert!(!answer.contains("200"), "{refused}: {answer}");
    }
}

#[tokio::test]
async fn other_sites_get_the_page_to_look_at_and_no_data() {
    let dashboard = dashboard();
    let app = open(&dashboard);
    for path in PATHS {
        for (site, is_allowed) in [
            ("same-origin", true),
            ("none", true),
            ("cross-site", false),
            ("same-site", false),
        ] {
            let request = Request::get(path)
                .header("sec-fetch-site", site)
                .body(Body::empty());
            let status = send(&app, request.unwrap()).await.status();
            let is_page = !path.contains("/api/");
            assert_eq!(
                status != 403,
                is_allowed || is_page,
                "{site} {path}: {status}"
            );
        }
    }
    assert_eq!(dashboard.viewers(), 0, "no place is taken by other sites");
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    let app = open(&dashboard());
    for path in PATHS {
        for method in [
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "OPTIONS",
            "TRACE",
            "FORCE_OPEN",
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty());
            let response = send(&app, request.unwrap()).await;
            assert_eq!(response.status(), 405, "{method} {path}");
            assert_eq!(response.headers()["allow"], "GET, HEAD");
        }
        let head = Request::head(path).body(Body::empty()).unwrap();
        assert_eq!(send(&app, head).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn every_response_forbids_to_be_stored_framed_and_read_by_others() {
    let dashboard = dashboard();
    let refused: Router = dashboard.router().guard(|_: &Parts| false);
    let app = open(&dashboard);
    let wrong = "/gardefou/api/v1/records?fingerprint=x";
    for (app, paths) in [
        (&app, &PATHS[..]),
        (&refused, &PATHS[..]),
        (&app, &[wrong][..]),
    ] {
        for path in paths {
            let response = get(app, path).await;
            let headers = response.headers();
            for (name, value) in [
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(headers[name], value, "{path} {name}");
            }
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert!(
                !headers.contains_key("access-control-allow-origin"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn policy_of_the_page_names_the_hashes_of_its_own_style_and_script() {
    use std::fmt::Write as _;
    let response = get(&open(&dashboard()), "/gardefou").await;
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    let html = text(response).await;
    for (begin, end, directive) in [
        ("<style>", "</style>", "style-src"),
        ("<script>", "</script>", "script-src"),
    ] {
        assert_eq!(html.matches(begin).count(), 1);
        let inside = html.split_once(begin).unwrap().1.split_once(end).unwrap().0;
        let digest = <sha2::Sha256 as sha2::Digest>::digest(inside);
        let hex = digest.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let source = policy
            .split_once(&format!("{directive} 'sha256-"))
            .unwrap()
            .1;
        let source = source.split_once('\'').unwrap().0;
        assert_eq!(decoded(source), hex, "{directive}");
    }
    for directive in [
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "trusted-types 'none'",
    ] {
        assert!(policy.contains(directive), "{policy}");
    }
}

/// Returns bytes in base64 as hexadecimal digits.
fn decoded(base64: &str) -> String {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = base64
        .trim_end_matches('=')
        .chars()
        .map(|digit| format!("{:06b}", digits.find(digit).unwrap()))
        .collect();
    let whole = bits.len() / 8 * 8;
    (0..whole)
        .step_by(4)
        .map(|at| format!("{:x}", u8::from_str_radix(&bits[at..at + 4], 2).unwrap()))
        .collect()
}

#[tokio::test]
async fn page_may_lie_at_any_path_and_below_another_router() {
    let at_root = gardefou_dashboard::Dashboard::builder()
        .path("/")
        .build()
        .unwrap();
    let app = open(&at_root);
    assert_eq!(get(&app, "/").await.status(), 200);
    assert_eq!(get(&app, "/api/v1/snapshot").await.status(), 200);
    assert_eq!(get(&app, "/gardefou").await.status(), 404);
    let nested = Router::new().nest("/internal", open(&dashboard()));
    assert_eq!(get(&nested, "/internal/gardefou").await.status(), 200);
    assert_eq!(
        get(&nested, "/internal/gardefou/api/v1/snapshot")
            .await
            .status(),
        200
    );
    let with_state: Router<u32> = dashboard().router().guard(|_: &Parts| true);
    assert_eq!(snapshot(&with_state.with_state(7)).await["version"], 2);
}
