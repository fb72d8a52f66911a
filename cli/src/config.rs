//! `config`: whether a configuration file is right, and the schema of such files.

use crate::{
    args::ConfigCommand,
    output::Output,
    render::{
        json,
        style::{Style, Tone},
        text::{escaped, width},
    },
    run::{Failure, Outcome},
};
use gardefou::{
    config::{Problem, json_schema},
    system::ConfigFile,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

pub(crate) fn run(command: ConfigCommand, output: &mut Output) -> Result<Outcome, Failure> {
    match command {
        ConfigCommand::Check { file, json } => check(&file, json, output),
        ConfigCommand::Schema => {
            let schema = serde_json::to_string_pretty(&json_schema());
            let schema = schema.map_err(|err| Failure::from_error(&err))?;
            writeln!(output, "{schema}")?;
            Ok(Outcome::Done)
        }
    }
}

fn check(file: &Path, as_json: bool, output: &mut Output) -> Result<Outcome, Failure> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin {
        "<stdin>".to_owned()
    } else {
        file.display().to_string()
    };
    let text = if is_stdin {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    let text = text.map_err(|err| Failure::new(format!("{name}: cannot be read: {err}")))?;
    let checked = ConfigFile::parse(&name, &text);
    let problems = match &checked {
        Ok(_) => &[],
        Err(err) => err.problems(),
    };
    if as_json {
        let problems: Vec<_> = problems.iter().map(as_value).collect();
        let report = json!({ "file": name, "problems": problems });
        let line = json::line(&report).map_err(|err| Failure::from_error(&err))?;
        writeln!(output, "{line}")?;
    } else {
        let style = output.style;
        for problem in problems {
            output.write_all(excerpt(problem, style).as_bytes())?;
        }
        let (name, count) = (escaped(&name), problems.len());
        let (tone, verdict) = match count {
            0 => (Tone::Good, "no problems".to_owned()),
            1 => (Tone::Bad, "1 problem".to_owned()),
            _ => (Tone::Bad, format!("{count} problems")),
        };
        writeln!(output, "{name}: {}", style.paint(tone, &verdict))?;
    }
    Ok(if problems.is_empty() {
        Outcome::Done
    } else {
        Outcome::Negative
    })
}

/// Returns a problem as text: what is wrong, where, and the line with a caret below.
fn excerpt(problem: &Problem, style: Style) -> String {
    let mut text = format!(
        "{} {}\n",
        style.paint(Tone::Bad, "error:"),
        style.paint(Tone::Heading, &escaped(&problem.message()))
    );
    let (Some(line), Some(columns), Some(shown)) =
        (problem.line, problem.columns.clone(), &problem.line_text)
    else {
        return text + &format!("  --> {}\n\n", escaped(&problem.file));
    };
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    text += &format!(
        "{gutter}--> {}:{line}:{}\n",
        escaped(&problem.file),
        columns.start
    );
    // A tab has no width of its own.
    let shown = shown.replace('\t', " ");
    let begin = columns.start.saturating_sub(1) as usize;
    let before: String = shown.chars().take(begin).collect();
    let within: String = shown
        .chars()
        .skip(begin)
        .take((columns.end - columns.start) as usize)
        .collect();
    // A value that is masked is not there to be underlined.
    let is_masked = before.chars().count() < begin;
    text += &format!("{gutter} |\n{number} | {}\n", escaped(&shown));
    if is_masked {
        text += "\n";
    } else {
        let indent = " ".repeat(width(&escaped(&before)));
        let carets = "^".repeat(width(&escaped(&within)).max(1));
        text += &format!("{gutter} | {indent}{}\n\n", style.paint(Tone::Bad, &carets));
    }
    text
}

fn as_value(problem: &Problem) -> Value {
    let columns = problem.columns.as_ref();
    json!({
        "line": problem.line,
        "column": columns.map(|columns| columns.start),
        "end_column": columns.map(|columns| columns.end),
        "section": problem.section,
        "field": problem.field,
        "value": problem.value,
        "rule": problem.rule,
        "suggestion": problem.suggestion,
        "message": problem.message(),
    })
}
