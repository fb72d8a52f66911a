//! An HTTP server that answers from a list.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

/// Serves one connection for each answer, on a port of loopback, and returns the URL.
///
/// An answer is a status line without its version and headers, each with its line end, and after an
/// empty line the body.
///
/// # Errors
///
/// A port that cannot be opened.
pub fn serve(answers: Vec<&'static str>) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || {
        // A client that goes away is the end of its own test.
        answers
            .iter()
            .try_for_each(|answer| respond(&listener.accept()?.0, answer))
    });
    Ok(url)
}

fn respond(mut peer: &TcpStream, answer: &str) -> io::Result<()> {
    let lines = BufReader::new(peer).lines();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    write!(peer, "HTTP/1.1 {answer}")
}
