//! The three processes.

use crate::{instance, inventory::Inventory, line};
use gardefou::{ErrorCode, Result, ResultExt};
use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// A running process of the service.
pub(crate) struct Instance {
    pub(crate) name: String,
    /// Where it listens, for example `127.0.0.1:40123`.
    pub(crate) address: String,
    log: PathBuf,
}

/// The processes of the fleet; they end with the value.
pub(crate) struct Processes {
    pub(crate) instances: Vec<Instance>,
    children: Mutex<Vec<Child>>,
}

const NUMBER: usize = 3;

impl Processes {
    /// Starts the processes; each has its journal in a folder of its own, below `data`.
    pub(crate) fn start(data: &Path, inventory: &Inventory) -> Result<Self> {
        let mut processes = Self {
            instances: Vec::new(),
            children: Mutex::default(),
        };
        for number in 1..=NUMBER {
            let name = format!("{}-{number}", instance::SERVICE);
            let log = data.join(format!("{name}.log"));
            let mut child = Command::new(env::current_exe()?)
                .args([instance::COMMAND, &name])
                .arg(data.join(&name))
                .arg(inventory.url())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(fs::File::create(&log)?)
                .spawn()?;
            let output = child.stdout.take();
            processes.lock().push(child);
            let mut address = String::new();
            let mut output = BufReader::new(output.code(ErrorCode::INITIALIZATION_ERROR)?);
            output.read_line(&mut address)?;
            processes.instances.push(Instance {
                name,
                address: address.trim().to_owned(),
                log,
            });
        }
        Ok(processes)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what each process has logged to the standard error.
    pub(crate) fn show_logs(&self) {
        for instance in &self.instances {
            let text = fs::read_to_string(&instance.log).unwrap_or_default();
            line(io::stderr(), format_args!("{}: {text}", instance.name));
        }
    }

    /// Lets the processes end, and waits for them.
    pub(crate) fn end(&self) {
        let mut children = std::mem::take(&mut *self.lock());
        for child in &mut children {
            // The end of their input.
            drop(child.stdin.take());
        }
        for child in &mut children {
            let _ = child.wait();
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.end();
    }
}
