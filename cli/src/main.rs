//! The program: parses its arguments, and runs a command.

mod args;
mod config;
mod functions;
mod health;
mod http;
mod journal;
mod output;
mod render;
mod run;
mod source;
mod time;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    run::run(args::Arguments::parse())
}
