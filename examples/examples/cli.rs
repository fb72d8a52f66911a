//! A command-line tool: one line for the user, an exit status for the caller.
//!
//! `cargo run -p gardefou-examples --example cli -- FILE`

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool prints"
)]

use gardefou::{ErrorCode, Result, ResultExt, enhanced_error_handling};
use std::process::ExitCode;

/// Counts the lines of a file.
#[enhanced_error_handling]
fn count_lines(path: &str) -> Result<usize> {
    let text = std::fs::read_to_string(path)
        .with_context(ErrorCode::FILE_NOT_FOUND_ERROR, || {
            format!("cannot read {path}")
        })?;
    Ok(text.lines().count())
}

fn main() -> ExitCode {
    // A subscriber takes the log. Without one, errors would also go to the standard error.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::OFF)
        .init();

    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned());
    match count_lines(&path) {
        Ok(lines) => {
            println!("{lines} lines");
            ExitCode::SUCCESS
        }
        Err(error) => {
            // `{}` is the outermost message, `{:#}` the whole chain, `{:?}` with the details.
            eprintln!("error: {error:#}");
            // 64 to 78 are the statuses of `sysexits.h`.
            ExitCode::from(match error.code() {
                ErrorCode::FILE_NOT_FOUND_ERROR => 66,
                ErrorCode::CONFIG_ERROR => 78,
                _ => 70,
            })
        }
    }
}
