//! An outage in virtual time: what retries, budgets and breakers do to a service in trouble.
//!
//! `cargo run --release -p gardefou-examples --example outage` prints the tables of `docs/outage.md`;
//! with names of scenarios behind `--`, for example `-- collapse`, it prints those alone, and
//! `-- --write` writes tables and figures into the page.
//!
//! Everything happens on one thread in an event loop ([`simulation`]) that moves a manual clock
//! ([`schedule`]). Many calls are under way at once, so that no closure can hold one: the loop drives
//! the guards by hand. A [`Run`](gardefou::retry::Run) stands for the attempts of a call, and a
//! [`Permit`](gardefou::breaker::Permit) for an attempt that the circuit breaker admitted.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

pub(crate) mod chart;
pub(crate) mod measure;
pub(crate) mod page;
pub(crate) mod random;
pub(crate) mod scenario;
pub(crate) mod schedule;
pub(crate) mod service;
pub(crate) mod simulation;
pub(crate) mod strategy;
pub(crate) mod study;

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let mut names: Vec<String> = env::args().skip(1).collect();
    let write = names.iter().position(|name| name == "--write");
    if let Some(at) = write {
        names.remove(at);
    }
    if names.is_empty() {
        names.extend(page::names().map(str::to_owned));
    }
    let mut sections = Vec::new();
    for name in &names {
        let Some(section) = page::section(name) else {
            let known: Vec<_> = page::names().collect();
            let message = format!("no scenario {name:?}; there are {}", known.join(", "));
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        };
        println!("{}\n\n{}", section.title, section.table);
        sections.push(section);
    }
    if write.is_some() {
        let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
        fs::create_dir_all(docs.join("outage"))?;
        for (path, text) in page::files(docs, &sections)? {
            fs::write(&path, text)?;
        }
    }
    Ok(())
}
