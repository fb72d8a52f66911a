//! A fleet in virtual time: what shared breakers do when a dependency fails, for up to a thousand instances.
//!
//! `cargo run --release -p gardefou-examples --example fleet` prints the table of `docs/fleet.md`, and with `-- --write`
//! writes table and figure into the page.
//!
//! Each instance has a breaker and the [`Driver`](gardefou::fleet::Driver) that a real fleet runs on its threads; here one
//! thread moves a manual clock and carries operations, replies and updates, ten milliseconds later each.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

pub(crate) mod chart;
pub(crate) mod page;
pub(crate) mod scenario;
pub(crate) mod simulation;

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let result = page::make();
    println!("{}", result.table());
    if env::args().any(|arg| arg == "--write") {
        let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
        fs::create_dir_all(docs.join("fleet"))?;
        for (path, text) in page::files(docs, &result)? {
            fs::write(path, text)?;
        }
    }
    Ok(())
}
