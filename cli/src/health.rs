//! `health`: whether a service is healthy.

use crate::{
    args::HealthArguments,
    http::{self, Answer},
    output::Output,
    render::{
        json,
        style::Tone,
        text::{escaped, fitted, width},
    },
    run::{Failure, Outcome},
};
use serde_json::{Map, Value};
use std::io::Write;

const MEDIA_TYPES: &str = "application/health+json, application/json";

/// Asks a service, and shows its answer.
pub(crate) fn run(arguments: &HealthArguments, output: &mut Output) -> Result<Outcome, Failure> {
    let url = &*arguments.service.url;
    let Answer { status, body } = http::get(url, &arguments.service, MEDIA_TYPES)?;
    let report = report(&body);
    let is_success = (200..300).contains(&status);
    let Some(report) = report else {
        // A balancer in front of a service has texts of its own.
        return if status >= 500 {
            output.complain(&format!("{url}: HTTP {status} without a health report"));
            Ok(Outcome::Negative)
        } else {
            let rule = "must be the address of a health report";
            Err(Failure::new(format!(
                "`URL` is `{url}`: it {rule}, and the answer is HTTP {status} without one"
            )))
        };
    };
    if arguments.json {
        let line = json::line(&report).map_err(|err| Failure::from_error(&err))?;
        writeln!(output, "{line}")?;
    } else if !arguments.quiet {
        print(url, status, &report, output)?;
    }
    let is_healthy = is_success && tone(&report) != Tone::Bad;
    Ok(if is_healthy {
        Outcome::Done
    } else {
        Outcome::Negative
    })
}

/// Returns the health report in a body: a JSON object with a status.
fn report(body: &str) -> Option<Map<String, Value>> {
    let Ok(Value::Object(report)) = serde_json::from_str(body) else {
        return None;
    };
    let status = report.get("status")?.as_str()?.to_lowercase();
    let known = ["pass", "ok", "up", "warn", "fail", "error", "down"];
    known.contains(&&*status).then_some(report)
}

/// Returns the tone of a status; the draft of `application/health+json` has synonyms.
fn tone(report: &Map<String, Value>) -> Tone {
    let status = text(report, "status").to_lowercase();
    match &*status {
        "pass" | "ok" | "up" => Tone::Good,
        "warn" => Tone::Warning,
        _ => Tone::Bad,
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn print(
    url: &str,
    status: u16,
    report: &Map<String, Value>,
    output: &mut Output,
) -> Result<(), Failure> {
    let style = output.style;
    let state = style.paint(tone(report), &escaped(text(report, "status")));
    let phase = match text(report, "phase") {
        "" => String::new(),
        phase => format!(", {}", escaped(phase)),
    };
    writeln!(output, "{state}  {} (HTTP {status}{phase})", escaped(url))?;
    let checks = checks(report);
    let names = checks.iter().map(|(name, _)| width(name));
    let name = names.max().unwrap_or(0).min(40);
    let criticality = checks.iter().map(|(_, check)| text(check, "criticality"));
    let criticality = criticality.map(|text| width(&escaped(text)));
    let criticality = criticality.max().unwrap_or(0).min(14);
    for (label, check) in &checks {
        let state = fitted(&escaped(text(check, "status")), 4);
        let line = format!(
            "  {}  {}  {}  {}",
            style.paint(tone(check), &state),
            fitted(label, name),
            fitted(&escaped(text(check, "criticality")), criticality),
            escaped(text(check, "output")),
        );
        writeln!(output, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Returns the checks of a report: an object of objects, or of lists of them.
fn checks(report: &Map<String, Value>) -> Vec<(String, &Map<String, Value>)> {
    let checks = report.get("checks").and_then(Value::as_object);
    let mut found = Vec::new();
    for (name, check) in checks.into_iter().flatten() {
        let of_name = match check {
            Value::Array(list) => list.iter().collect(),
            check => vec![check],
        };
        let objects = of_name.into_iter().filter_map(Value::as_object);
        found.extend(objects.map(|check| (escaped(name), check)));
    }
    found
}
