//! The public API of a crate as text: one sorted line for each public item, with its signature.
//!
//! The input is the JSON that rustdoc writes. Items are listed under the path by which users name
//! them, so that moving a file inside the crate changes nothing. Left out are blanket and auto trait
//! implementations.
//!
//! `--examples` prints the share of functions whose documentation has an example that asserts, and fails
//! where it is too low.

mod examples;
mod items;
mod json;
mod signature;

use examples::Examples;
use items::Api;
use serde_json::Value;
use std::{env, fs, io::Write, process::ExitCode};

/// The format of rustdoc's JSON that is read. It has no stability guarantee.
const FORMAT: u64 = 57;
/// The status of a step that cannot run.
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let Some(path) = args.next() else {
        eprintln!("usage: gardefou-public-api RUSTDOC_JSON [--examples]");
        return ExitCode::from(2);
    };
    let wants_examples = args.next().is_some_and(|arg| arg == "--examples");
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
    let api = Api::new(&docs);
    let (lines, is_good) = if wants_examples {
        let examples = Examples::of(&api);
        (examples.report(), examples.are_enough())
    } else {
        (api.lines(), true)
    };
    match writeln!(std::io::stdout(), "{}", lines.join("\n")) {
        Ok(()) if is_good => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
