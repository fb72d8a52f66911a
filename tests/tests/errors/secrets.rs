//! Secrets planted in every field of an error appear in nothing that it prints.

use crate::support::{bytes_in, logged, monitored};
use gardefou::{
    AppError, ErrorCode, ResultExt, breaker::CircuitBreaker, enhanced_error_handling,
    event::names::field, report,
};
use serde_json::json;
use std::{collections::BTreeMap, error::Error, fmt, io};

/// `postgres://u:p@h/db?password=x&sslkey=y` with recognisable values.
const URL: &str = "postgres://usr-Q1:pw-Q2@db1:5432/orders?password=pw-Q3&sslkey=key-Q4";
const PLANTED: &[&str] = &["Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8", "Q9"];

/// A foreign error with a secret in its text and one in its source.
#[derive(Debug)]
struct Foreign(io::Error);
impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request failed, Authorization: Bearer tok-Q5")
    }
}
impl Error for Foreign {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn planted() -> AppError {
    let foreign = Foreign(io::Error::other(format!("cannot reach {URL}")));
    Err::<(), _>(foreign)
        .map_err(|err| {
            AppError::new(ErrorCode::DB_CONNECTION_ERROR, format!("no route: {URL}"))
                .with_source(err)
                .with_detail("password", "pw-Q6")
                .with_detail("url", URL)
        })
        .context(
            ErrorCode::EXTERNAL_SERVICE_ERROR,
            "failed with api_key=key-Q7",
        )
        .map_err(|err| {
            err.with_public_message("Sent {\"token\": \"tok-Q8\"} without reply.")
                .with_detail("headers", BTreeMap::from([("Cookie", "sid=Q9")]))
                .with_detail("deep", json!([{"db": {"Password": 7}}, URL, {URL: 1}]))
                .with_detail(URL, "as a key")
        })
        .unwrap_err()
}

fn assert_clean(what: &str, text: &str) {
    for secret in PLANTED {
        assert!(!text.contains(secret), "{secret} in {what}: {text}");
    }
}

/// The original printed, mailed and answered with whatever stood in details, texts and stacks.
#[test]
fn secret_in_any_field_or_chain_level_reaches_no_output() {
    let err = planted();
    assert!(
        err.details()[URL] == "as a key" && err.message().contains("Q7"),
        "they are there inside"
    );
    assert_clean("Display", &err.to_string());
    assert_clean("{:#}", &format!("{err:#}"));
    assert_clean("Debug", &format!("{err:?}"));
    assert_clean("{:#?}", &format!("{err:#?}"));
    assert_clean("to_json", &err.to_json().to_string());
    assert_clean("serde", &serde_json::to_string(&err).unwrap());
    let problem = err.to_problem();
    assert_clean(
        "the problem's body",
        &String::from_utf8(problem.body()).unwrap(),
    );
    assert_clean("the problem's Debug", &format!("{problem:?}"));
    let boxed: Box<dyn Error + Send + Sync> = planted().into();
    assert_clean("the box", &format!("{boxed} {boxed:#} {boxed:?}"));
    let io: io::Error = planted().into();
    assert_clean("the io error", &format!("{io} {io:#} {io:?}"));
    let anyhow = planted().wrap(ErrorCode::SYNC_ERROR, URL);
    assert_clean("a wrapping error", &format!("{anyhow:#} {anyhow:?}"));
}

#[test]
fn harmless_fields_stay_readable() {
    let text = format!("{:#}", planted());
    assert!(
        text.contains("postgres://[redacted]@db1:5432/orders?password=[redacted]"),
        "{text}"
    );
    assert!(
        text.starts_with("failed with api_key=[redacted]: no route: "),
        "{text}"
    );
    assert_eq!(
        planted().to_json()["details"]["password"],
        serde_json::Value::Null,
        "only its own details"
    );
}

/// The forms in which secrets stand in texts, each with one of the planted words.
const SHAPES: &[&str] = &[
    "Cfg {\n    password: Some(\n        \"pw-Q1\",\n    ),\n}",
    "ApiKey(key-Q2), Token(\"tok-Q3\")",
    "{\"password\":\n \"pw-Q4\"}",
    "password: |\n  pw-Q5\nuser: ann",
    "Cookie: x=1;\r\n y=Q6\r\n",
    "next=https%3A%2F%2Fh%2F%3Fpassword%3DQ7",
    "<Password>pw-Q8</Password>",
    "root:pw-Q9@tcp(10.0.0.1:3306)/db",
    "jdbc:oracle:thin:scott/Q1@h",
    "postgres://app:2024/Q2@db",
    "Server=db1;Password=correct Q3;Port=1",
    "authorization=foo Q4",
    "DBPASS=Q5 pw=Q6 creds=Q7",
    "https://hooks.slack.com/services/T/B/Q8",
    "whsec_abcdefghQ9",
];

#[test]
fn secret_in_any_form_reaches_no_output() {
    for shape in SHAPES {
        let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, *shape)
            .with_source(io::Error::other(*shape))
            .with_detail("text", shape)
            .with_detail("minio_password", 12_345_678)
            .with_public_message(*shape);
        assert_clean("Display", &format!("{err} {err:#}"));
        assert_clean("Debug", &format!("{err:?} {err:#?}"));
        let json = err.to_json();
        assert_clean("to_json", &json.to_string());
        assert_eq!(json["details"]["minio_password"], "[redacted]");
        assert_clean(
            "the problem's body",
            &String::from_utf8(err.to_problem().body()).unwrap(),
        );
    }
}

#[test]
fn secret_in_the_name_of_a_breaker_reaches_no_output() {
    let breaker = CircuitBreaker::builder("https://u:pw-Q1@h/?token=Q2")
        .build()
        .unwrap();
    breaker.force_open();
    let rejection = breaker.try_acquire().unwrap_err();
    let snapshot = breaker.snapshot();
    assert_clean("a rejection", &format!("{rejection} {rejection:?}"));
    assert_clean(
        "a snapshot",
        &format!("{snapshot:?} {}", serde_json::to_string(&snapshot).unwrap()),
    );
    let plain = CircuitBreaker::builder("auth:token:refresh")
        .build()
        .unwrap();
    assert_eq!(
        serde_json::to_value(plain.snapshot()).unwrap()["name"],
        "auth:token:refresh"
    );
}

/// The original's log, statistics and files had everything in clear.
#[test]
fn secret_in_any_field_or_chain_level_reaches_no_sink() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    let monitor = monitored(folder.path(), || lines = logged(|| report(&planted())));

    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    for name in [field::MESSAGE, field::ERROR_DETAILS, field::ERROR_CHAIN] {
        assert_clean(name, &line[name]);
    }
    assert_clean("another field", &format!("{line:?}"));
    assert_eq!(line[field::MESSAGE], "failed with api_key=[redacted]");
    assert!(
        line[field::ERROR_CHAIN].contains("@db1:5432/orders"),
        "the rest is readable: {line:?}"
    );
    assert!(
        line[field::ERROR_DETAILS].contains("Cookie"),
        "the rest is readable: {line:?}"
    );

    let stats = monitor.stats();
    assert_eq!(
        (stats.total_errors, &*stats.recent_errors[0].message),
        (1, "failed with api_key=[redacted]")
    );
    assert_clean("the statistics", &serde_json::to_string(&stats).unwrap());
    assert_clean("the Debug of the statistics", &format!("{stats:?}"));
    assert_clean(
        "the snapshot",
        &serde_json::to_string(&monitor.snapshot()).unwrap(),
    );
    assert_clean(
        "the Debug of the snapshot",
        &format!("{:?}", monitor.snapshot()),
    );

    let journal = bytes_in(folder.path());
    assert!(
        journal.contains("db1:5432/orders") && journal.contains("Cookie"),
        "it is kept, readable: {journal}"
    );
    assert_clean("the journal's files", &journal);
}

#[test]
fn secret_in_any_form_reaches_no_sink() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    let monitor = monitored(folder.path(), || {
        lines = logged(|| {
            for shape in SHAPES {
                let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, *shape);
                report(
                    &err.with_source(io::Error::other(format!("because {shape}")))
                        .with_detail("text", shape),
                );
            }
        });
    });
    assert_eq!(
        (lines.len(), monitor.stats().total_errors),
        (SHAPES.len(), SHAPES.len() as u64)
    );
    assert_clean("the log", &format!("{lines:#?}"));
    assert_clean(
        "the statistics",
        &serde_json::to_string(&monitor.stats()).unwrap(),
    );
    let journal = bytes_in(folder.path());
    assert_eq!(journal.lines().count(), SHAPES.len());
    assert_clean("the journal's files", &journal);
}

/// An error of another crate's, which carries no marks of ours.
#[derive(Debug)]
struct Refused;
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}
impl Error for Refused {}

#[enhanced_error_handling(error_code = ErrorCode::PERMISSION_ERROR)]
fn login(user: &str, passphrase: &str) -> gardefou::Result<()> {
    gardefou::ensure!(
        user.len() > 100 && !passphrase.is_empty(),
        ErrorCode::PERMISSION_ERROR,
        "refused"
    );
    Ok(())
}

#[enhanced_error_handling(error_code = ErrorCode::PERMISSION_ERROR)]
fn foreign_login(user: &str, passphrase: String) -> Result<(), Refused> {
    if user.len() > 100 && !passphrase.is_empty() {
        Ok(())
    } else {
        Err(Refused)
    }
}

#[enhanced_error_handling(error_code = ErrorCode::PERMISSION_ERROR, capture(user))]
fn asked(user: &str, passphrase: &str) -> Result<(), Refused> {
    if user.len() > 100 && !passphrase.is_empty() {
        Ok(())
    } else {
        Err(Refused)
    }
}

/// The original logged every argument of a failing function, a password among them.
#[test]
fn arguments_are_not_captured_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let (mut shown, mut lines) = (Vec::new(), Vec::new());
    let monitor = monitored(folder.path(), || {
        lines = logged(|| {
            let err = login("user-Q2", "pass-Q1").unwrap_err();
            shown.push(format!("{err:?} {:?} {}", err.details(), err.to_json()));
            let err = foreign_login("user-Q2", "pass-Q1".to_owned()).unwrap_err();
            shown.push(format!("{err:?} {err}"));
        });
    });
    for text in shown {
        assert_clean("an error of a function with arguments", &text);
    }
    assert_eq!(lines.len(), 2);
    let details: Vec<_> = lines
        .iter()
        .map(|line| line.field(field::ERROR_DETAILS))
        .collect();
    assert_eq!(
        details,
        [Some(r#"{"context":["login"]}"#), None],
        "an error of ours lists the boundaries it crossed"
    );
    assert_clean("the log", &format!("{lines:?}"));
    assert_eq!(monitor.stats().total_errors, 2);
    assert_clean("the records", &format!("{:?}", monitor.stats()));
    let journal = bytes_in(folder.path());
    assert_eq!(journal.lines().count(), 2);
    assert_clean("the journal's files", &journal);

    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    monitored(folder.path(), || {
        lines = logged(|| assert!(asked("user-Q2", "pass-Q1").is_err()));
    });
    assert!(
        bytes_in(folder.path()).contains(r#""details":{"user":"\"user-Q2\""}"#),
        "the journal has it too"
    );
    assert_eq!(
        lines[0][field::ERROR_DETAILS],
        r#"{"user":"\"user-Q2\""}"#,
        "what is asked for and no more"
    );
}
