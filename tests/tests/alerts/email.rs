//! E-mail, against a real SMTP server where there is one: `tests/real/smtp/run` starts it and runs this
//! with the environment that it needs; a plain `cargo test` prints that it was left out.

use super::*;
use gardefou::alerts::{EmailBuilder, EmailChannel, EmailTls};
use smtp_server::SmtpServer;
use std::{
    env, fs,
    io::Write,
    net::{TcpListener, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

fn mail() -> EmailBuilder {
    EmailChannel::builder("mail", "localhost")
        .from("Alerts <alerts@example.com>")
        .to("ops@example.com")
}

fn notifications() -> Vec<Notification> {
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    report(
        ErrorCode::DB_WRITE_ERROR,
        "cannot save déjà-vu.wav: password=hunter2\r\nBcc: all@example.com",
    );
    alerts.run();
    ops.take()
}

/// The server of `tests/real/smtp` accepts mail only after STARTTLS and a login.
#[test]
fn mail_is_delivered_to_a_real_server_over_tls_only() {
    let Ok(folder) = env::var("GARDEFOU_TEST_SMTP") else {
        println!("left to tests/real/smtp/run: mail to a real server");
        return;
    };
    let _alone = alone();
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let port = |name: &str| read(name).trim().parse::<u16>().unwrap();
    let signed = || {
        mail()
            .ca_certificate(read("cert.pem"))
            .credentials("alerts", "correct horse")
    };
    let notification = notifications().remove(0);

    signed()
        .port(port("starttls.port"))
        .build()
        .unwrap()
        .deliver(&notification)
        .unwrap();
    let arrived = read("mail.json");
    let json: serde_json::Value = serde_json::from_str(arrived.lines().last().unwrap()).unwrap();
    assert_eq!(
        (json["tls"].as_bool(), json["user"].as_str()),
        (Some(true), Some("alerts"))
    );
    assert_eq!(
        (json["from"].as_str(), json["to"][0].as_str()),
        (Some("alerts@example.com"), Some("ops@example.com"))
    );
    assert_eq!(
        json["subject"],
        "[ERROR] tests: DB_WRITE_ERROR: cannot save déjà-vu.wav: password=[redacted]\\r\\nBcc: all@example.com"
    );
    let body = json["body"].as_str().unwrap();
    assert!(
        body.contains(&notification.error.as_ref().unwrap().id.to_string())
            && !arrived.contains("hunter2"),
        "{body}"
    );
    assert_eq!(json["bcc"], serde_json::Value::Null);

    signed()
        .tls(EmailTls::Implicit)
        .port(port("tls.port"))
        .build()
        .unwrap()
        .deliver(&notification)
        .unwrap();

    let unknown = mail()
        .credentials("alerts", "correct horse")
        .port(port("starttls.port"))
        .build()
        .unwrap();
    assert!(
        unknown.deliver(&notification).is_err(),
        "the certificate is not trusted"
    );
    let wrong = signed()
        .credentials("alerts", "wrong")
        .port(port("starttls.port"))
        .build()
        .unwrap();
    assert!(wrong.deliver(&notification).unwrap_err().is_permanent());
    let plain = signed().port(port("plain.port")).build().unwrap();
    assert!(
        plain.deliver(&notification).is_err(),
        "a server without STARTTLS gets nothing"
    );
    assert_eq!(read("mail.json").lines().count(), 2);
}

#[test]
fn silent_mail_server_is_a_transient_failure_after_the_timeout() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let channel = EmailChannel::builder("mail", "127.0.0.1")
        .from("a@example.com")
        .to("b@example.com")
        .port(port)
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let err = channel.deliver(&notifications().remove(0)).unwrap_err();
    assert!(!err.is_permanent(), "{err}");
}

#[test]
fn missing_mail_server_is_a_transient_failure() {
    let _alone = alone();
    // The port of tcpmux: nobody serves it, and no test is given it.
    let channel = EmailChannel::builder("mail", "127.0.0.1")
        .from("a@example.com")
        .to("b@example.com")
        .port(1);
    assert!(
        !channel
            .build()
            .unwrap()
            .deliver(&notifications().remove(0))
            .unwrap_err()
            .is_permanent()
    );
}

/// A channel to a server on loopback, with these recipients.
fn local(port: u16, to: &[&str]) -> EmailBuilder {
    let mail = EmailChannel::builder("mail", "127.0.0.1")
        .from("alerts@example.com")
        .tls(EmailTls::None)
        .port(port);
    to.iter().fold(mail, |mail, address| mail.to(*address))
}

const THREE: [&str; 3] = ["ann@example.com", "bob@example.org", "eve@example.net"];

#[test]
fn all_recipients_share_one_mail_with_the_headers_of_an_automatic_one() {
    let _alone = alone();
    let server = SmtpServer::start(|_| None);
    let notification = notifications().remove(0);
    local(server.port, &THREE)
        .build()
        .unwrap()
        .deliver(&notification)
        .unwrap();
    let [mail] = &server.mails()[..] else {
        panic!("one mail")
    };
    assert_eq!(mail.to, THREE);
    for header in [
        "Auto-Submitted: auto-generated".to_owned(),
        format!("Message-ID: <{}@example.com>", notification.id),
    ] {
        assert!(
            mail.content.lines().any(|line| line == header),
            "{header}: {}",
            mail.content
        );
    }
}

#[test]
fn greeting_is_the_configured_name_or_a_legal_one_by_rfc_5321() {
    let _alone = alone();
    let server = SmtpServer::start(|_| None);
    let notification = notifications().remove(0);
    let mail = || local(server.port, &["ops@example.com"]);
    mail()
        .hello_name("shop-1.example.com")
        .build()
        .unwrap()
        .deliver(&notification)
        .unwrap();
    assert_eq!(server.commands()[0], "EHLO shop-1.example.com");
    mail().build().unwrap().deliver(&notification).unwrap();
    let greeting = server.commands().remove(0);
    assert!(
        greeting == "EHLO [127.0.0.1]" || greeting.contains('.'),
        "{greeting}"
    );
}

#[test]
fn refused_recipient_does_not_affect_the_others() {
    let _alone = alone();
    let server = SmtpServer::start(|line| {
        line.contains("bob")
            .then_some("550 5.1.1 <bob@example.org>: unknown")
    });
    let lines = log::captured(|| {
        local(server.port, &THREE)
            .build()
            .unwrap()
            .deliver(&notifications().remove(0))
            .unwrap();
    });
    let to: Vec<_> = server.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [[THREE[0]], [THREE[2]]]);
    let [.., line] = &lines[..] else {
        panic!("a warning")
    };
    assert_eq!(
        line.message(),
        "the mail server refuses recipient 2 (..@example.org)"
    );
    assert!(
        !line["error"].contains("bob@") && line["error"].contains("550"),
        "{line:?}"
    );
}

/// Some servers refuse one of several recipients only with the mail.
#[test]
fn mail_refused_for_all_recipients_together_is_sent_to_each_separately() {
    let _alone = alone();
    let contents = AtomicUsize::new(0);
    let server = SmtpServer::start(move |line| {
        (line == "(content)" && contents.fetch_add(1, Ordering::SeqCst) == 0)
            .then_some("554 too many recipients")
    });
    local(server.port, &THREE)
        .build()
        .unwrap()
        .deliver(&notifications().remove(0))
        .unwrap();
    assert_eq!(
        server
            .mails()
            .into_iter()
            .flat_map(|mail| mail.to)
            .collect::<Vec<_>>(),
        THREE
    );
}

#[test]
fn mail_refused_for_every_recipient_is_a_permanent_failure() {
    let _alone = alone();
    let server = SmtpServer::start(|line| line.starts_with("RCPT").then_some("550 unknown"));
    let err = local(server.port, &THREE)
        .build()
        .unwrap()
        .deliver(&notifications().remove(0))
        .unwrap_err();
    assert!(
        err.is_permanent()
            && err
                .to_string()
                .starts_with("the mail server refuses every recipient"),
        "{err}"
    );
    assert_eq!(server.mails(), []);
}

/// For example with greylisting: recipients with the mail do not get it again.
#[test]
fn retry_sends_only_to_the_pending_recipients() {
    let _alone = alone();
    let asked = AtomicUsize::new(0);
    let server = SmtpServer::start(move |line| {
        let is_early = line.contains("bob") && asked.fetch_add(1, Ordering::SeqCst) < 2;
        is_early.then_some("451 <bob@example.org>: come back later")
    });
    let (channel, notification) = (
        local(server.port, &THREE).build().unwrap(),
        notifications().remove(0),
    );
    let err = channel.deliver(&notification).unwrap_err();
    assert!(
        !err.is_permanent() && err.to_string().contains("451") && !err.to_string().contains("bob@"),
        "{err}"
    );
    channel.deliver(&notification).unwrap();
    let to: Vec<_> = server.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [[THREE[0]], [THREE[2]], [THREE[1]]]);
    assert_eq!(
        channel.deliver(&notification).ok(),
        Some(()),
        "another mail of the same notification begins anew"
    );
    assert_eq!(server.mails()[0].to, THREE);
}

/// Serves one connection with endless data, until the client hangs up.
fn never_ending(chunk: &'static [u8], pause: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        while stream.write_all(chunk).is_ok() {
            if pause {
                // A line now and then, so that no timeout of a single read would pass.
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    });
    port
}

#[test]
fn endless_greeting_ends_at_the_timeout_of_the_whole_mail() {
    let _alone = alone();
    let notification = notifications().remove(0);
    let port = never_ending(b"220-still busy\r\n", true);
    let channel = local(port, &["ops@example.com"])
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let err = channel.deliver(&notification).unwrap_err();
    assert_eq!(
        err.to_string(),
        "the mail was not sent: the time limit of 100ms has passed"
    );
    assert!(!err.is_permanent());
}

#[test]
fn greeting_without_an_end_of_line_takes_bounded_memory() {
    let _alone = alone();
    let port = never_ending(&[b'x'; 65_536], false);
    let channel = local(port, &["ops@example.com"])
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let err = channel.deliver(&notifications().remove(0)).unwrap_err();
    assert!(
        err.to_string()
            .contains("sends more than a conversation can have"),
        "{err}"
    );
}

/// A runtime cannot be entered within another one.
#[tokio::test]
async fn mail_is_sent_from_within_a_runtime_too() {
    let notification = {
        let _alone = alone();
        notifications().remove(0)
    };
    let server = SmtpServer::start(|_| None);
    local(server.port, &["ops@example.com"])
        .build()
        .unwrap()
        .deliver(&notification)
        .unwrap();
    assert_eq!(server.mails().len(), 1);
}
