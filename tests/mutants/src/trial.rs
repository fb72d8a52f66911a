//! Runs of the tests beside one mutant, ended by the first test that fails.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::area::Area;
use crate::program::Binary;
use crate::weave::VARIABLE;

/// A test binary with its arguments, and how long it may take.
pub struct Step {
    binary: Binary,
    arguments: Vec<String>,
    limit: Duration,
}

/// What one run of a step showed.
enum End {
    Passed,
    /// With the name of the test.
    Failed(String),
    TimedOut,
}

/// The unit tests of the area, its integration tests and all other unit tests.
pub fn steps(area: &Area, binaries: &[Binary]) -> Vec<Step> {
    let limit = Duration::from_secs(600);
    let step = |binary: &Binary, arguments: &[&str]| Step {
        binary: binary.clone(),
        arguments: arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect(),
        limit,
    };
    let unit = binaries.iter().filter(|binary| binary.name == "gardefou");
    let integration = area
        .tests
        .iter()
        .filter_map(|test| binaries.iter().find(|binary| binary.name == *test));
    let first = unit.clone().map(|binary| step(binary, &[area.module]));
    // The long walks speak of the breaker alone.
    let last =
        unit.map(|binary| step(binary, &["--skip", area.module, "--skip", "breaker::model"]));
    first
        .chain(integration.map(|binary| step(binary, &[])))
        .chain(last)
        .collect()
}

/// Runs all steps without a mutant, gives each a limit from the time that it took, and puts the
/// fastest first.
pub fn measure(steps: &mut [Step], folder: &Path) -> Result<(), String> {
    for step in steps.iter_mut() {
        let start = Instant::now();
        match step.run(0, folder)? {
            End::Passed => {}
            End::Failed(test) => {
                return Err(format!(
                    "{} fails without a mutant: {test}",
                    step.binary.name
                ));
            }
            End::TimedOut => {
                return Err(format!(
                    "{} does not end without a mutant",
                    step.binary.name
                ));
            }
        }
        let taken = start.elapsed();
        eprintln!(
            "  {} {} {taken:.1?}",
            step.binary.name,
            step.arguments.join(" ")
        );
        step.limit = taken * 5 + Duration::from_secs(15);
    }
    steps.sort_by_key(|step| step.limit);
    Ok(())
}

/// Whether the tests detect a mutant: `caught`, `missed` or `timeout`.
pub fn run(steps: &[Step], id: usize, folder: &Path) -> Result<&'static str, String> {
    for step in steps {
        match step.run(id, folder)? {
            End::Passed => {}
            End::Failed(_) => return Ok("caught"),
            End::TimedOut => return Ok("timeout"),
        }
    }
    Ok("missed")
}

impl Step {
    fn run(&self, id: usize, folder: &Path) -> Result<End, String> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        // A mutant must not fill the memory.
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -v 24000000; exec \"$0\" \"$@\""])
            .arg(&self.binary.path)
            .args(&self.arguments)
            .current_dir(&self.binary.folder)
            .env("CARGO_MANIFEST_DIR", &self.binary.folder)
            .env("TMPDIR", folder)
            .env("RUST_BACKTRACE", "0")
            .env(VARIABLE, id.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.binary.name))?;
        let end = self.watch(&mut child);
        kill(&child);
        let status = child.wait().map_err(|error| error.to_string())?;
        match end {
            Some(end) => Ok(end),
            None if status.success() => Ok(End::Passed),
            None => Ok(End::Failed(status.to_string())),
        }
    }

    /// Reads what the tests print until one fails, all have ended or the time is over.
    fn watch(&self, child: &mut Child) -> Option<End> {
        let output = child.stdout.take()?;
        let (sender, lines) = mpsc::channel();
        // Ends with its pipe.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let start = Instant::now();
        loop {
            match lines.recv_timeout(self.limit.saturating_sub(start.elapsed())) {
                Ok(line) if line.ends_with("FAILED") || line.starts_with("test result: FAILED") => {
                    return Some(End::Failed(line));
                }
                // Processes that outlive their test keep the pipe open.
                Ok(line) if line.starts_with("test result: ok") => return Some(End::Passed),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Some(End::TimedOut),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

/// Ends the processes of a test too.
fn kill(child: &Child) {
    // The builtin of the shell: `kill` of procps reads `-123` as `-1`, all processes, in some
    // versions.
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -s KILL -- -{}", child.id())])
        .stderr(Stdio::null())
        .status();
}
