//! The public API of a crate as text: one sorted line for each public item, with its signature.
//!
//! The input is the JSON that rustdoc writes. Items are listed under the path by which users name
//! them, so that moving a file inside the crate changes nothing. Left out are blanket and auto trait
//! implementations.

mod items;
mod json;
mod signature;

use items::Api;
use serde_json::Value;
use std::{env, fs, io::Write, process::ExitCode};

/// The format of rustdoc's JSON that is read. It has no stability guarantee.
const FORMAT: u64 = 57;
/// The status of a step that cannot run.
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    let Some(path) = env::args_os().nth(1) else {
        eprintln!("usage: gardefou-public-api RUSTDOC_JSON");
        return ExitCode::from(2);
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    };
    let Ok(docs) = serde_json::from_str::<Value>(&text) else {
        eprintln!("{}: not JSON", path.display());
        return ExitCode::FAILURE;
    };
    if docs["format_version"] != FORMAT {
        eprintln!(
            "rustdoc writes format {}, {FORMAT} is read",
            docs["format_version"]
        );
        return ExitCode::from(SKIPPED);
    }
    let lines = Api::new(&docs).lines().join("\n");
    match writeln!(std::io::stdout(), "{lines}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
