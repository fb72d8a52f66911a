//! Small HTTP servers, each for one request.

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

pub(crate) const AUTHORITY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/data/tls/authority.pem"
);
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/tls/server.pem");
pub(crate) const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/tls/server.key");

/// Answers one request with these bytes, and returns the address of the server.
pub(crate) fn server(answer: impl Into<Vec<u8>>) -> String {
    let (listener, answer) = (TcpListener::bind("127.0.0.1:0").unwrap(), answer.into());
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        respond(listener.accept().unwrap().0, &answer);
    });
    format!("http://{address}/readyz")
}

/// As [`server`], without a path in the address; ends with the lines of the request.
pub(crate) fn asked(answer: String) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || respond(listener.accept().unwrap().0, answer.as_bytes()));
    (format!("http://{address}"), server)
}

/// As [`server`], over TLS, with a certificate of an authority that only [`AUTHORITY`] names.
pub(crate) fn tls_server(answer: &str) -> String {
    let certificate = CertificateDer::from_pem_file(SERVER).unwrap();
    let key = PrivateKeyDer::from_pem_file(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let (listener, answer) = (TcpListener::bind("127.0.0.1:0").unwrap(), answer.to_owned());
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let stream = StreamOwned::new(connection, listener.accept().unwrap().0);
        respond(stream, answer.as_bytes());
    });
    format!("https://localhost:{port}/readyz")
}

/// Reads the lines of a request up to an empty one, and answers it.
fn respond(stream: impl Read + Write, answer: &[u8]) -> Vec<String> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|length| length > 2) {
        lines.push(line.trim_end().to_owned());
        line.clear();
    }
    let _ = stream.get_mut().write_all(answer);
    let _ = stream.get_mut().flush();
    lines
}

pub(crate) fn response(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}
