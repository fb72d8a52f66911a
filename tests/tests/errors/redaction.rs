//! The rates of the redactor on a corpus: secrets that leave, and harmless texts that are changed.
//!
//! `redaction.json` has texts with invented secrets, each with the parts that must not survive, and
//! texts without any. A text counts once, in whichever sink the redactor fails.

use crate::support::{bytes_in, logged, monitored};
use gardefou::{AppError, ErrorCode, error::Redactor, event::names::field, report};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io;

const MARK: &str = "[redacted]";
/// Of all secrets and of all harmless texts, in percent.
const MAX_MISSED: f64 = 2.0;
const MAX_CHANGED: f64 = 1.0;
const LEAST: usize = 300;

struct Corpus {
    secrets: Vec<Case>,
    harmless: Vec<Case>,
}

struct Case {
    name: String,
    text: String,
    /// What must not survive.
    secrets: Vec<String>,
}

fn corpus() -> Corpus {
    let value: Value = serde_json::from_str(include_str!("redaction.json")).unwrap();
    let cases = |key: &str| {
        value[key]
            .as_array()
            .unwrap()
            .iter()
            .map(Case::from_value)
            .collect()
    };
    Corpus {
        secrets: cases("secrets"),
        harmless: cases("harmless"),
    }
}

impl Case {
    fn from_value(value: &Value) -> Self {
        let strings =
            Vec::<String>::deserialize(value.get("secrets").unwrap_or(&json!([]))).unwrap();
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        let case = Self {
            name: text("name"),
            text: text("text"),
            secrets: strings,
        };
        assert!(
            case.secrets.iter().all(|secret| case.text.contains(secret)),
            "{}: the text has no such part",
            case.name
        );
        case
    }

    /// The text in every form in which it leaves the program other than through a sink of events.
    fn forms(&self) -> Vec<(&'static str, String)> {
        let redactor = Redactor::new();
        let text = &*self.text;
        let value = |mut value: Value| {
            redactor.value(&mut value);
            value.to_string()
        };
        let err = AppError::new(ErrorCode::DB_QUERY_ERROR, text)
            .with_source(io::Error::other(text))
            .with_detail("note", text)
            .with_public_message(text);
        let mut forms = vec![
            ("text", redactor.text(text).into_owned()),
            ("line", redactor.line(text, 8192).into_owned()),
            (
                "a value of JSON",
                value(json!({"note": text, "list": [text, 7]})),
            ),
            ("a key of JSON", value(json!({text: 7}))),
            ("Display", format!("{err} {err:#}")),
            ("Debug", format!("{err:?}")),
            ("the details", without_identity(err.to_json()).to_string()),
            (
                "the answer",
                err.to_problem().detail().unwrap_or_default().to_owned(),
            ),
        ];
        // Text that is JSON also comes as JSON.
        if let Ok(parsed @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
            forms.push(("JSON", value(parsed)));
        }
        forms
    }

    fn leaks(&self, output: &str) -> bool {
        self.secrets.iter().any(|secret| output.contains(secret))
    }
}

/// Identities, times and places hold digits that may be those of a secret.
fn without_identity(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|key, _| {
            matches!(
                &**key,
                "message" | "details" | "original_error" | "chain" | "causes"
            )
        });
    }
    value
}

/// What the log, the statistics and the journal have of an error with the text.
fn in_sinks(case: &Case) -> [(&'static str, String); 3] {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    let source = io::Error::other(format!("because {}", case.text));
    let err = AppError::new(ErrorCode::DB_QUERY_ERROR, &*case.text)
        .with_source(source)
        .with_detail("note", &case.text);
    let monitor = monitored(folder.path(), || lines = logged(|| report(&err)));
    let [line] = &lines[..] else {
        panic!("{}: {lines:?}", case.name)
    };
    let log = [field::MESSAGE, field::ERROR_DETAILS, field::ERROR_CHAIN]
        .map(|name| line.field(name).unwrap_or_default())
        .join(" ");
    let recent = monitor.stats().recent_errors[0].message.to_string();
    let journal =
        without_identity(serde_json::from_str(bytes_in(folder.path()).trim()).unwrap()).to_string();
    assert!(
        log.contains("note") && journal.contains("note"),
        "{}: the details are there: {journal}",
        case.name
    );
    [
        ("the log", log),
        ("the statistics", recent),
        ("the journal", journal),
    ]
}

/// The names of the cases that fail somewhere, each with where.
fn failures(cases: &[Case], fails: impl Fn(&Case, &str) -> bool) -> Vec<String> {
    let failure = |case: &Case| {
        let mut outputs = case.forms().into_iter().chain(in_sinks(case));
        let (form, output) = outputs.find(|(_, output)| fails(case, output))?;
        Some(format!("{} in {form}: {output}", case.name))
    };
    cases.iter().filter_map(failure).collect()
}

#[expect(clippy::print_stdout, reason = "the rates are what the test is about")]
fn assert_rate(what: &str, failed: &[String], all: usize, most: f64) {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let rate = failed.len() as f64 * 100.0 / all as f64;
    println!("{what}: {} of {all}, {rate:.1} %", failed.len());
    assert!(
        all >= LEAST && rate <= most,
        "{what}: {rate:.1} %, more than {most} %:\n{}",
        failed.join("\n")
    );
}

#[test]
fn at_most_two_percent_of_secrets_are_missed() {
    let cases = corpus().secrets;
    assert!(cases.iter().all(|case| !case.secrets.is_empty()));
    assert_rate(
        "missed secrets",
        &failures(&cases, Case::leaks),
        cases.len(),
        MAX_MISSED,
    );
}

#[test]
fn at_most_one_percent_of_harmless_texts_are_changed() {
    let cases = corpus().harmless;
    let changed = failures(&cases, |_, output| output.contains(MARK));
    assert_rate("changed harmless texts", &changed, cases.len(), MAX_CHANGED);
    let redactor = Redactor::new();
    assert!(
        cases
            .iter()
            .filter(|case| redactor.text(&case.text) == case.text)
            .count()
            + changed.len()
            >= cases.len()
    );
}

#[test]
fn redaction_is_idempotent() {
    let redactor = Redactor::new();
    for case in corpus().secrets {
        let once = redactor.text(&case.text).into_owned();
        assert_eq!(redactor.text(&once), once, "{}", case.name);
    }
}

/// Halves of texts of the corpus, put together at random places.
#[test]
fn any_splice_of_two_texts_is_redacted_without_panic() {
    let corpus = corpus();
    let texts: Vec<&str> = corpus
        .secrets
        .iter()
        .chain(&corpus.harmless)
        .map(|case| &*case.text)
        .collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let redactor = Redactor::new();
    for _ in 0..3_000 {
        let (a, b) = (texts[random(texts.len())], texts[random(texts.len())]);
        let (until, from) = (
            a.floor_char_boundary(random(a.len() + 1)),
            b.floor_char_boundary(random(b.len() + 1)),
        );
        let text = format!("{}{}", &a[..until], &b[from..]);
        assert!(redactor.text(&text).len() <= text.len() + MARK.len() * text.len());
        redactor.value(&mut json!({&text: [text]}));
    }
}
