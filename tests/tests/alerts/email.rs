//! Mail against a real SMTP server. `tests/real/smtp/run` starts one and runs this with the environment that it needs;
//! a plain `cargo test` says that it was left out. What needs no server is tested here too.

use super::*;
use gardefou::alerts::{EmailBuilder, EmailChannel, EmailTls};
use std::{env, fs, net::TcpListener, time::Duration};

fn mail() -> EmailBuilder {
    EmailChannel::builder("mail", "localhost").from("Alerts <alerts@example.com>").to("ops@example.com")
}

fn notices() -> Vec<Notice> {
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    report(ErrorCode::DB_WRITE_ERROR, "cannot save déjà-vu.wav: password=hunter2\r\nBcc: all@example.com");
    alerts.run();
    ops.take()
}

/// The server of `tests/real/smtp` takes mail after STARTTLS and a login alone.
#[test]
fn a_mail_arrives_at_a_real_server_over_tls_and_never_without() {
    let Ok(folder) = env::var("GARDEFOU_TEST_SMTP") else {
        println!("left to tests/real/smtp/run: mail to a real server");
        return;
    };
    let _alone = alone();
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let port = |name: &str| read(name).trim().parse::<u16>().unwrap();
    let signed = || mail().ca_certificate(read("cert.pem")).credentials("alerts", "correct horse");
    let notice = notices().remove(0);

    signed().port(port("starttls.port")).build().unwrap().deliver(&notice).unwrap();
    let arrived = read("mail.json");
    let json: serde_json::Value = serde_json::from_str(arrived.lines().last().unwrap()).unwrap();
    assert_eq!((json["tls"].as_bool(), json["user"].as_str()), (Some(true), Some("alerts")));
    assert_eq!((json["from"].as_str(), json["to"][0].as_str()), (Some("alerts@example.com"), Some("ops@example.com")));
    assert_eq!(
        json["subject"],
        "[ERROR] tests: DB_WRITE_ERROR: cannot save déjà-vu.wav: password=[redacted]\\r\\nBcc: all@example.com"
    );
    let body = json["body"].as_str().unwrap();
    assert!(body.contains(&notice.error.as_ref().unwrap().id.to_string()) && !arrived.contains("hunter2"), "{body}");
    assert_eq!(json["bcc"], serde_json::Value::Null);

    signed().tls(EmailTls::Implicit).port(port("tls.port")).build().unwrap().deliver(&notice).unwrap();

    let unknown = mail().credentials("alerts", "correct horse").port(port("starttls.port")).build().unwrap();
    assert!(unknown.deliver(&notice).is_err(), "nobody vouches for the certificate");
    let wrong = signed().credentials("alerts", "wrong").port(port("starttls.port")).build().unwrap();
    assert!(wrong.deliver(&notice).unwrap_err().is_permanent());
    let plain = signed().port(port("plain.port")).build().unwrap();
    assert!(plain.deliver(&notice).is_err(), "a server without STARTTLS gets nothing");
    assert_eq!(read("mail.json").lines().count(), 2);
}

/// A server that says nothing costs its time limit.
#[test]
fn a_silent_mail_server_costs_its_time_limit_and_may_be_tried_again() {
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
    let err = channel.deliver(&notices().remove(0)).unwrap_err();
    assert!(!err.is_permanent(), "{err}");
}

#[test]
fn a_server_that_is_not_there_may_be_tried_again() {
    let _alone = alone();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channel = EmailChannel::builder("mail", "127.0.0.1").from("a@example.com").to("b@example.com").port(port);
    assert!(!channel.build().unwrap().deliver(&notices().remove(0)).unwrap_err().is_permanent());
}
