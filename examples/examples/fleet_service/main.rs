//! Three processes of one service, whose circuit breakers share their state through Redis and whose journals are shipped
//! to PostgreSQL. `examples/fleet/run` starts both servers and this program.
//!
//! ```text
//! examples/fleet/run            # an outage step by step, then traffic until Ctrl-C
//! examples/fleet/run --check    # the outage alone; fails where a step does not go as it should
//! ```
//!
//! `instance.rs` is the service: read it first. `outage.rs` has the steps.

mod instance;
mod inventory;
mod outage;
mod processes;

use gardefou::{ErrorCode, Result, ResultExt, bail};
use inventory::Inventory;
use outage::Outage;
use processes::Processes;
use std::{
    env, fmt,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

const USAGE: &str = "\
usage: fleet_service --data FOLDER [--check]

GARDEFOU_REDIS_URL and GARDEFOU_POSTGRES_URL name the servers. `examples/fleet/run` starts them, with a folder.";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let ended = match arguments.next().as_deref() {
        Some(instance::COMMAND) => instance::run(arguments),
        Some("--data") => run_fleet(arguments),
        _ => {
            line(io::stderr(), USAGE);
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            line(io::stderr(), format_args!("fleet_service: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Starts the fleet, and goes through an outage.
#[tokio::main]
async fn run_fleet(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let data = arguments.next().map(PathBuf::from);
    let data = data.code(ErrorCode::CONFIG_ERROR)?;
    let checks = match arguments.next().as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => bail!(
            ErrorCode::CONFIG_ERROR,
            "`{other}` is no argument\n\n{USAGE}"
        ),
    };
    let servers = Servers::from_env()?;
    let inventory = Inventory::start().await?;
    let processes = Arc::new(Processes::start(&data, &inventory)?);
    let outage = Outage::new(Arc::clone(&processes), inventory, servers.postgres.clone());
    let steps = tokio::task::spawn_blocking(move || {
        outage.run()?;
        if checks {
            Ok(())
        } else {
            outage.continue_traffic()
        }
    });
    let ended = tokio::select! {
        steps = steps => steps.code(ErrorCode::UNKNOWN_ERROR).and_then(|steps| steps),
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    if ended.is_err() {
        processes.show_logs();
    }
    processes.end();
    if checks && ended.is_ok() {
        line(io::stdout(), "every step went as it should");
    }
    ended
}

/// The servers that the fleet shares.
struct Servers {
    redis: String,
    postgres: String,
}

impl Servers {
    fn from_env() -> Result<Self> {
        let url = |name| env::var(name).context(ErrorCode::CONFIG_ERROR, name);
        Ok(Self {
            redis: url("GARDEFOU_REDIS_URL")?,
            postgres: url("GARDEFOU_POSTGRES_URL")?,
        })
    }
}

/// Writes a line. A reader that is gone does not stop the program.
fn line(mut to: impl Write, text: impl fmt::Display) {
    let _ = writeln!(to, "{text}");
}
