//! Changes that cargo-mutants proposes.

use std::collections::HashMap;
use std::process::Command;

use serde::Deserialize;

use crate::area::{Area, TESTS};

/// A place in a file, counted from 1, in characters.
#[derive(Clone, Copy, Deserialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Copy, Deserialize)]
pub struct Span {
    pub start: Place,
    pub end: Place,
}

#[derive(Deserialize)]
struct Listed {
    file: String,
    name: String,
    span: Span,
    replacement: String,
}

/// One change of one file.
pub struct Mutant {
    pub file: String,
    /// The change and its function, without the number of the line, which the next edit changes;
    /// equal ones are numbered.
    pub change: String,
    pub span: Span,
    pub replacement: String,
}

/// All mutants of an area, in the order of cargo-mutants.
pub fn list(area: &Area) -> Result<Vec<Mutant>, String> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--list", "--json", "-p", "gardefou"]);
    for glob in area.files {
        command.args(["-f", glob]);
    }
    for glob in TESTS {
        command.args(["-e", glob]);
    }
    let output = command
        .output()
        .map_err(|error| format!("cargo mutants: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`cargo mutants --list` failed; `cargo install cargo-mutants --locked` installs it\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let listed: Vec<Listed> = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the list of cargo mutants: {error}"))?;
    let mut seen = HashMap::new();
    Ok(listed
        .into_iter()
        .map(
            |Listed {
                 file,
                 name,
                 span,
                 replacement,
             }| {
                // `path:line:column: change`
                let change = name
                    .splitn(4, ':')
                    .nth(3)
                    .unwrap_or(&name)
                    .trim()
                    .to_owned();
                let count: &mut u32 = seen.entry((file.clone(), change.clone())).or_default();
                *count += 1;
                let change = if *count > 1 {
                    format!("{change} ({count})")
                } else {
                    change
                };
                Mutant {
                    file,
                    change,
                    span,
                    replacement,
                }
            },
        )
        .collect())
}
