//! Journals that the user of the program cannot read, or cannot write.

use super::*;
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
};

/// The user id of an unprivileged user.
const UNPRIVILEGED: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs a command as a user for whom permissions apply: they do not for root.
fn run_unprivileged(fixture: &Fixture, arguments: &[&str]) -> Printed {
    set_mode(fixture.root.path(), 0o755);
    let program = fixture.root.path().join("gardefou");
    fs::copy(env!("CARGO_BIN_EXE_gardefou"), &program).unwrap();
    set_mode(&program, 0o755);
    let mut command = Command::new(program);
    command
        .arg("journal")
        .args(arguments)
        .arg("--journal")
        .arg(fixture.folder());
    if fs::metadata(fixture.folder()).unwrap().uid() == 0 {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    printed(command)
}

#[test]
fn unreadable_file_is_reported_and_hides_no_other() {
    let fixture = Fixture::new();
    for i in 0..100 {
        fixture.fail(i.to_string());
    }
    set_mode(&fixture.folder(), 0o755);
    for entry in fs::read_dir(fixture.folder()).unwrap() {
        set_mode(&entry.unwrap().path(), 0o644);
    }
    let all = run_unprivileged(&fixture, &["list", "--all"]);
    assert_eq!((all.status, all.lines().len(), &*all.stderr), (0, 100, ""));

    set_mode(&fixture.folder().join("errors-00000001.jsonl"), 0);
    for arguments in [&["list", "--all"][..], &["export"], &["stats"]] {
        let printed = run_unprivileged(&fixture, arguments);
        assert_eq!(printed.status, 2, "{arguments:?}");
        assert!(
            printed.stdout.len() > 100,
            "the others are read: {arguments:?}"
        );
        let errors: Vec<_> = printed.stderr.lines().collect();
        assert!(errors[0].contains("errors-00000001.jsonl: the file cannot be read: "));
        assert_eq!(
            errors[1],
            "gardefou: 1 part of the journal could not be read"
        );
    }

    set_mode(&fixture.folder(), 0);
    let refused = run_unprivileged(&fixture, &["list"]);
    set_mode(&fixture.folder(), 0o755);
    assert_eq!((refused.status, &*refused.stdout), (2, ""));
    assert!(
        refused.stderr.contains("Permission denied"),
        "{}",
        refused.stderr
    );
}

#[test]
fn database_in_a_folder_that_cannot_be_written_is_read() {
    let fixture = Fixture::with(|folder, clock| {
        let journal = gardefou_sqlite::SqliteJournal::builder(folder).background(false);
        Arc::new(journal.clock(clock.clone()).build().unwrap())
    });
    fixture.fail("late");
    let fixture = fixture.closed();
    set_mode(&fixture.folder(), 0o555);
    set_mode(&fixture.folder().join("errors.sqlite"), 0o444);
    let printed = run_unprivileged(&fixture, &["list", "--json"]);
    assert_eq!((printed.status, &*printed.stderr), (0, ""));
    assert_eq!(parsed(&printed.stdout).message, "late");
    set_mode(&fixture.folder(), 0o755);
    assert_eq!(fs::read_dir(fixture.folder()).unwrap().count(), 1);
}
