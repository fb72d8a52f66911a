//! A mail server on loopback, without TLS, with scripted replies and a record of the mail.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A mail that the server accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) to: Vec<String>,
    pub(super) content: String,
}

/// The reply to a command, or `None` for the usual one.
type Replies = dyn Fn(&str) -> Option<&'static str> + Send + Sync;

#[derive(Clone)]
pub(super) struct SmtpServer {
    pub(super) port: u16,
    commands: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl SmtpServer {
    pub(super) fn start(
        replies: impl Fn(&str) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self {
            port,
            commands: Arc::default(),
            mails: Arc::default(),
        };
        let own = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                own.serve(stream.unwrap(), &replies);
            }
        });
        server
    }

    pub(super) fn commands(&self) -> Vec<String> {
        std::mem::take(&mut self.commands.lock().unwrap())
    }

    pub(super) fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut self.mails.lock().unwrap())
    }

    fn serve(&self, stream: TcpStream, replies: &Replies) {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut stream = stream;
        let mut reply = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).is_ok();
        let mut to = Vec::new();
        reply("220 test");
        while let Some(Ok(line)) = lines.next() {
            self.commands.lock().unwrap().push(line.clone());
            let usual = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => "250 test",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            let answer = replies(&line).unwrap_or(usual);
            if !reply(answer) || line == "QUIT" {
                return;
            }
            match line.split_once(':') {
                Some(("RCPT TO", address)) if answer.starts_with("250") => {
                    to.push(address.trim_matches(['<', '>']).to_owned());
                }
                Some(("MAIL FROM", _)) => to.clear(),
                _ => {}
            }
            if answer.starts_with("354") {
                let body: Vec<String> = lines
                    .by_ref()
                    .map_while(Result::ok)
                    .take_while(|line| line != ".")
                    .collect();
                let answer = replies("(content)").unwrap_or("250 accepted");
                if answer.starts_with("250") {
                    self.mails.lock().unwrap().push(Mail {
                        to: to.clone(),
                        content: body.join("\n"),
                    });
                }
                reply(answer);
            }
        }
    }
}
