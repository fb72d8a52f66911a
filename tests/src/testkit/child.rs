//! Child processes: the test binary, started again for one of its tests.

use std::{
    any, env,
    ffi::OsStr,
    io::{BufRead, BufReader},
    process::{self, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
};

/// The environment variable that makes a test a child, and holds its orders.
const ORDERS: &str = "GARDEFOU_TEST_ORDERS";

/// Returns `true` in a child process.
pub fn is_child() -> bool {
    env::var_os(ORDERS).is_some()
}

/// Returns the orders of a child, `N` words of which the last one takes the rest, and `None` in any
/// other process.
pub fn orders<const N: usize>() -> Option<[String; N]> {
    let orders = env::var(ORDERS).ok()?;
    let words: Vec<String> = orders.splitn(N, ' ').map(str::to_owned).collect();
    Some(words.try_into().unwrap())
}

/// Makes a child of a command that runs one test of this binary.
pub fn order<'a>(
    command: &'a mut Command,
    test: &str,
    orders: impl AsRef<OsStr>,
) -> &'a mut Command {
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ORDERS, orders)
}

/// Returns a command that runs one test of this binary as a child.
pub fn command(test: &str, orders: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    order(&mut command, test, orders);
    command
}

/// Runs the body of a test in a fresh process, for process-wide state that is set once.
pub fn in_own_process<F: FnOnce()>(body: F) {
    if is_child() {
        return body();
    }
    // `crate::module::test::{{closure}}`
    let path = any::type_name::<F>();
    let test = path
        .split_once("::")
        .and_then(|(_, path)| path.strip_suffix("::{{closure}}"))
        .unwrap();
    let output = command(test, "").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{errors}"
    );
    println!("{text}");
}

/// A child whose output is read; it is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts a test of this binary as a child.
    pub fn start(test: &str, orders: impl AsRef<OsStr>) -> Self {
        let mut process = command(test, orders)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Returns its further lines as it prints them; they end with its output.
    pub fn lines(&mut self) -> impl Iterator<Item = String> {
        (&mut self.output).lines().map_while(Result::ok)
    }

    /// Returns the rest of each further line that begins with a prefix.
    pub fn lines_after(&mut self, prefix: &'static str) -> impl Iterator<Item = String> {
        self.lines()
            .filter_map(move |line| line.strip_prefix(prefix).map(str::to_owned))
    }

    /// Takes the end of its standard input that closes it when it is dropped.
    pub fn stdin(&mut self) -> ChildStdin {
        self.process.stdin.take().unwrap()
    }

    /// Returns the number of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it, and waits for its end.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.wait();
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }
}

/// Returns the rest of each line that begins with a prefix, of children that run at the same time
/// and must succeed. A thread reads the output of each: a child stops when its pipe is full.
pub fn lines_of_all(
    children: impl IntoIterator<Item = Child>,
    prefix: &'static str,
) -> Vec<String> {
    let read = move |mut child: Child| {
        let lines: Vec<_> = child.lines_after(prefix).collect();
        assert!(child.wait().success());
        lines
    };
    let readers: Vec<_> = children
        .into_iter()
        .map(|child| thread::spawn(move || read(child)))
        .collect();
    readers
        .into_iter()
        .flat_map(|reader| reader.join().unwrap())
        .collect()
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
