//! The program in a real terminal, at two widths.

use super::*;
use std::{
    io::{self, Write},
    thread,
};

/// A pane of a terminal multiplexer with a server of its own.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// Starts a command in a terminal of so many columns.
    fn start(fixture: &Fixture, columns: u16, arguments: &str) -> Self {
        let socket = fixture.root.path().join(format!("tmux-{columns}"));
        let terminal = Self { socket };
        let (program, folder) = (env!("CARGO_BIN_EXE_gardefou"), fixture.folder());
        let folder = folder.display();
        // `cat` keeps the pane open.
        let script = format!(
            "env -u NO_COLOR -u COLUMNS LC_ALL=C.UTF-8 '{program}' journal {arguments} --journal '{folder}'; echo END; cat"
        );
        let columns = columns.to_string();
        let started = terminal.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            "50",
            &script,
        ]);
        assert!(started.status == 0, "{}", started.stderr);
        terminal
    }

    fn run(&self, arguments: &[&str]) -> Printed {
        let mut command = Command::new("tmux");
        command
            .arg("-u")
            .arg("-S")
            .arg(&self.socket)
            .args(arguments);
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        printed(command)
    }

    /// Returns the lines of the pane once one of them is found.
    fn wait_for(&self, text: &str) -> Vec<String> {
        for _ in 0..600 {
            let pane = self.run(&["capture-pane", "-p"]);
            if pane.stdout.lines().any(|line| line.contains(text)) {
                return pane.lines();
            }
            thread::park_timeout(Duration::from_millis(100));
        }
        panic!(
            "{text} did not appear: {}",
            self.run(&["capture-pane", "-p"]).stdout
        );
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

/// Returns `false`, and prints what is left out, where there is no terminal to test with.
fn has_tmux(test: &str) -> bool {
    let found = Command::new("tmux").arg("-V").output().is_ok();
    if !found {
        // Not captured, as the output of a test that passes is.
        let _ = writeln!(io::stderr(), "cli {test}: tmux is missing; left out");
    }
    found
}

#[test]
fn list_fits_into_the_terminal() {
    if !has_tmux("list_fits_into_the_terminal") {
        return;
    }
    let fixture = Fixture::with_errors();
    fixture.add(
        "load",
        ErrorCode::SYNC_ERROR,
        Severity::Error,
        &"漢字 ".repeat(100),
    );
    let narrow = Terminal::start(&fixture, 60, "list").wait_for("END");
    assert_eq!(
        narrow[0],
        "TIME (UTC)      LEVEL     CODE            MESSAGE"
    );
    assert!(
        narrow[1].ends_with('…') && narrow[1].contains("漢字"),
        "{narrow:#?}"
    );
    assert_eq!(narrow[2], "11-16 00:13:20  error     TIMEOUT_ERROR   last");
    assert_eq!(narrow[5], "11-14 22:13:20  warning   SYNC_ERROR      first");
    assert_eq!(narrow[6], "END", "no line is wrapped: {narrow:#?}");

    let wide = Terminal::start(&fixture, 130, "list").wait_for("END");
    let heading = "TIME (UTC)           LEVEL     CODE            OPERATION  ID            MESSAGE";
    assert_eq!(wide[0], heading);
    assert!(wide[2].starts_with("2023-11-16 00:13:20  error     TIMEOUT_ERROR   save       "));
    assert_eq!(wide[2].find("last"), heading.find("MESSAGE"), "{wide:#?}");
    assert_eq!(wide[6], "END", "no line is wrapped: {wide:#?}");
}

#[test]
fn stats_fit_into_the_terminal_in_colours() {
    if !has_tmux("stats_fit_into_the_terminal_in_colours") {
        return;
    }
    let fixture = Fixture::with_errors();
    for columns in [40, 130] {
        let terminal = Terminal::start(&fixture, columns, "stats");
        let pane = terminal.wait_for("END");
        assert!(
            pane.iter()
                .any(|line| line.starts_with("  2023-11-14  2  █")),
            "{pane:#?}"
        );
        assert!(
            pane.iter().any(|line| line.starts_with("  critical  1  █")),
            "{pane:#?}"
        );
        let colored = terminal.run(&["capture-pane", "-p", "-e"]).stdout;
        assert!(colored.contains("\u{1b}["), "{colored}");
    }
}

#[test]
fn follow_prints_into_the_terminal_until_it_is_interrupted() {
    if !has_tmux("follow_prints_into_the_terminal_until_it_is_interrupted") {
        return;
    }
    for columns in [60, 130] {
        let fixture = Fixture::with_errors();
        let terminal = Terminal::start(&fixture, columns, "follow");
        terminal.wait_for("TIME (UTC)");
        let mut pane = Vec::new();
        for i in 0..600 {
            fixture.fail(format!("new {i}"));
            pane = terminal.run(&["capture-pane", "-p"]).lines();
            if pane.iter().any(|line| line.contains("new ")) {
                break;
            }
            thread::park_timeout(Duration::from_millis(100));
        }
        assert!(pane[1].contains("error     SYNC_ERROR"), "{pane:#?}");
        terminal.run(&["send-keys", "C-c"]);
        terminal.wait_for("END");
    }
}
