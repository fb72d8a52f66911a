//! `functions`: the functions that a service guards, and which of them were never called.

use crate::{
    args::FunctionsArguments,
    http::{self, Answer},
    output::Output,
    render::{
        json,
        style::Tone,
        text::{cut, escaped, fitted, grouped, width},
    },
    run::{Failure, Outcome},
};
use serde_json::{Map, Value};
use std::io::Write;

/// Below the address of a dashboard.
const SNAPSHOT: &str = "/api/v1/snapshot";

/// A function as the dashboard of a service lists it.
type Function = Map<String, Value>;

/// Asks the dashboard of a service, and lists the functions.
pub(crate) fn run(arguments: &FunctionsArguments, output: &mut Output) -> Result<Outcome, Failure> {
    let url = arguments.service.url.trim_end_matches('/');
    let url = match url.strip_suffix(SNAPSHOT) {
        Some(_) => url.to_owned(),
        None => format!("{url}{SNAPSHOT}"),
    };
    let Answer { status, body } = http::get(&url, &arguments.service, "application/json")?;
    let Some(functions) = functions(&body).filter(|_| (200..300).contains(&status)) else {
        let rule = "must be the address of a dashboard";
        return Err(Failure::new(format!(
            "`URL` is `{}`: it {rule}, and {url} answers HTTP {status} without a list of functions",
            arguments.service.url
        )));
    };
    let all = functions.len();
    let never_called = functions.iter().filter(|it| was_never_called(it)).count();
    let shown = functions
        .into_iter()
        .filter(|it| !arguments.never_called || was_never_called(it));
    if arguments.json {
        for function in shown {
            let line = json::line(&function).map_err(|err| Failure::from_error(&err))?;
            writeln!(output, "{line}")?;
        }
    } else {
        print(&shown.collect::<Vec<_>>(), output)?;
        let [all, never_called] = [all, never_called].map(|number| grouped(number as u64));
        writeln!(
            output,
            "{all} guards of functions, {never_called} never called"
        )?;
    }
    Ok(Outcome::Done)
}

/// Returns the functions in the JSON of a dashboard.
fn functions(body: &str) -> Option<Vec<Function>> {
    let Value::Object(mut snapshot) = serde_json::from_str(body).ok()? else {
        return None;
    };
    let Value::Array(functions) = snapshot.remove("functions")? else {
        return None;
    };
    let object = |function| match function {
        Value::Object(function) => Some(function),
        _ => None,
    };
    functions.into_iter().map(object).collect()
}

/// Returns whether a function was called; not every attribute knows.
fn was_called(function: &Function) -> Option<bool> {
    function.get("called").and_then(Value::as_bool)
}

fn was_never_called(function: &Function) -> bool {
    was_called(function) == Some(false)
}

fn text(function: &Function, key: &str) -> String {
    let text = function.get(key).and_then(Value::as_str);
    escaped(text.unwrap_or_default())
}

/// Prints a line for each attribute of a function: whether it was called, its path, the attribute, and
/// where it stands.
fn print(functions: &[Function], output: &mut Output) -> Result<(), Failure> {
    let row = |function: &Function| {
        let line = function.get("line").and_then(Value::as_u64).unwrap_or(0);
        [
            format!("{}::{}", text(function, "module"), text(function, "name")),
            format!("#[{}]", text(function, "attribute")),
            format!("{}:{line}", text(function, "file")),
        ]
    };
    let rows: Vec<_> = functions.iter().map(row).collect();
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max();
    let (names, attributes) = (widest(0).unwrap_or(0), widest(1).unwrap_or(0));
    for (function, [name, attribute, place]) in functions.iter().zip(&rows) {
        let (state, tone) = match was_called(function) {
            Some(true) => ("called", Tone::Good),
            Some(false) => ("never ", Tone::Warning),
            None => ("?     ", Tone::Plain),
        };
        let rest = format!(
            "  {}  {}  {place}",
            fitted(name, names),
            fitted(attribute, attributes)
        );
        let rest = match output.columns {
            Some(columns) => cut(&rest, columns.saturating_sub(state.len())),
            None => rest,
        };
        writeln!(output, "{}{rest}", output.style.paint(tone, state))?;
    }
    Ok(())
}
