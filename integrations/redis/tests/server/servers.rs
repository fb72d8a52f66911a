//! Servers on loopback, and waits for events.

use redis::{Client, Connection};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{Condvar, Mutex},
    time::Duration,
};

/// What names the program.
pub(crate) const PROGRAM: &str = "GARDEFOU_TEST_REDIS";

/// Ends a test that waits for what does not happen. No speed is tested: a machine that is slow waits longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the program, or says that a test is left out.
pub(crate) fn program() -> Option<String> {
    let program = std::env::var(PROGRAM).ok();
    if program.is_none() {
        eprintln!("left out: {PROGRAM} names no server");
    }
    program
}

/// A server, which ends with the value.
pub(crate) struct Server {
    program: String,
    port: u16,
    extra: Vec<String>,
    child: Child,
}

impl Server {
    /// Starts a server, or returns `None` where there is no program.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(extra: &[&str]) -> Option<Self> {
        let program = program()?;
        let port = free_port();
        let extra: Vec<_> = extra.iter().map(|text| (*text).to_owned()).collect();
        let child = spawn(&program, port, &extra);
        Some(Self {
            program,
            port,
            extra,
            child,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn connect(&self) -> Connection {
        Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Ends the server as a crash does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.program, self.port, &self.extra);
    }

    /// Sends a signal: `STOP` or `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(program: &str, port: u16, extra: &[String]) -> Child {
    let mut child = Command::new(program)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--daemonize", "no", "--dir", "/tmp"])
        .arg("--port")
        .arg(port.to_string())
        .args(extra)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|err| panic!("{PROGRAM} = {program}: {err}"));
    let lines = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    for line in lines.lines() {
        let line = line.unwrap();
        if line.contains("Ready to accept connections") {
            return child;
        }
        seen += &line;
    }
    let _ = child.wait();
    panic!("{program} did not start: {seen}");
}

/// Waits until a condition holds, and looks again every few milliseconds.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let (never, changed) = (Mutex::new(()), Condvar::new());
    let pause = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    while !holds() {
        assert!(waited < PATIENCE, "never: {what}");
        drop(changed.wait_timeout(never.lock().unwrap(), pause).unwrap());
        waited += pause;
    }
}
