//! `journal follow`: what is printed while a journal is written.

use super::*;
use gardefou_sqlite::SqliteJournal;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

/// A running `follow`, and the lines that it prints.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

const LONG: Duration = Duration::from_secs(60);

impl Follower {
    fn start(fixture: &Fixture, arguments: &[&str]) -> Self {
        let mut command = fixture.command(&[&["follow"], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let reader = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        // Ends with the output.
        thread::spawn(move || {
            for line in reader.lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Adds records until the first one is printed; returns how many were added.
    fn begin(&self, fixture: &Fixture) -> usize {
        for i in 0.. {
            fixture.fail(format!("begin {i}"));
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100)) {
                assert!(line.contains("begin "), "{line}");
                return i + 1;
            }
        }
        unreachable!("the range has no end")
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(LONG).expect("another line")
    }

    /// Reads lines until one of the messages, past those of `begin`.
    fn expect(&self, message: &str) {
        loop {
            let line = self.next();
            if line.ends_with(&format!(" {message}")) {
                return;
            }
            assert!(line.contains("begin "), "{line}, expected {message}");
        }
    }

    /// Ends it by a signal; returns its exit status and what it wrote to the standard error.
    fn interrupt(self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
        ended(self.child)
    }
}

#[test]
fn records_are_printed_as_they_come_over_rotation_and_removal() {
    let fixture = Fixture::with(|folder, clock| {
        let config = JournalConfig::builder(folder)
            .background(false)
            .clock(clock.clone());
        let config = config.max_segment_bytes(4096).max_bytes(16 * 1024);
        Arc::new(FileJournal::open(config.build().unwrap()))
    });
    fixture.fail("before");
    let follower = Follower::start(&fixture, &[]);
    follower.begin(&fixture);
    for i in 0..100 {
        fixture.fail(i.to_string());
        // Files are removed only after they were read.
        if i % 4 == 3 {
            (i - 3..=i).for_each(|i| follower.expect(&i.to_string()));
            fixture.maintain();
        }
    }
    assert!(!fixture.folder().join("errors-00000001.jsonl").exists());
    assert_eq!(follower.interrupt("-INT"), (Some(0), String::new()));
}

#[test]
fn filters_and_json_apply_to_new_records() {
    let fixture = Fixture::with_errors();
    let follower = Follower::start(&fixture, &["--json", "--operation", "save"]);
    let mut added = 0;
    let first = loop {
        fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "other");
        fixture.add("save", ErrorCode::SYNC_ERROR, Severity::Error, "wanted");
        added += 1;
        if let Ok(line) = follower.lines.recv_timeout(Duration::from_millis(100)) {
            break line;
        }
    };
    assert!(added > 0 && parsed(&first).message == "wanted");
    assert_eq!(follower.interrupt("-TERM"), (Some(0), String::new()));
}

#[test]
fn torn_line_is_reported_and_the_next_record_printed() {
    let fixture = Fixture::with_errors();
    let follower = Follower::start(&fixture, &[]);
    follower.begin(&fixture);
    let path = fixture.folder().join("errors-00000001.jsonl");
    let mut file = fs::File::options().append(true).open(path).unwrap();
    file.write_all(b"torn\n").unwrap();
    fixture.fail("after it");
    follower.expect("after it");
    let (status, errors) = follower.interrupt("-INT");
    assert!(
        status == Some(0) && errors.ends_with(" holds no record\n"),
        "{errors}"
    );
}

#[test]
fn closed_pipe_ends_it_without_another_record() {
    let fixture = Fixture::with_errors();
    let mut command = fixture.command(&["follow"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(ended(child), (Some(0), String::new()));
}

#[test]
fn database_is_followed() {
    let fixture = Fixture::with(|folder, clock| {
        let journal = SqliteJournal::builder(folder).background(false);
        Arc::new(journal.clock(clock.clone()).build().unwrap())
    });
    fixture.fail("before");
    let follower = Follower::start(&fixture, &[]);
    follower.begin(&fixture);
    for i in 0..100 {
        fixture.fail(i.to_string());
    }
    (0..100).for_each(|i| follower.expect(&i.to_string()));
    assert_eq!(follower.interrupt("-INT"), (Some(0), String::new()));
}
