//! Bounded memory: a journal that is larger than what a command may use.

use super::*;
use std::fs;

/// How much address space the program gets, code and libraries included.
const LIMIT_KIB: u64 = 64 * 1024;

/// Runs the program with a limit on its memory.
fn limited(fixture: &Fixture, arguments: &str) -> Printed {
    let mut command = Command::new("sh");
    let script = format!("ulimit -v {LIMIT_KIB} && exec \"$0\" journal {arguments}");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_gardefou")]);
    command.env("GARDEFOU_JOURNAL", fixture.folder());
    printed(command)
}

#[cfg(target_os = "linux")]
#[test]
fn journals_larger_than_the_memory_are_read() {
    let fixture = Fixture::with(|folder, clock| {
        let config = JournalConfig::builder(folder)
            .background(false)
            .clock(clock.clone());
        Arc::new(FileJournal::open(config.build().unwrap()))
    });
    let records = 500;
    for i in 0..records {
        fixture.fail(format!("{i} {}", "x".repeat(3000)));
    }
    let first = fixture.folder().join("errors-00000001.jsonl");
    let size = fs::metadata(&first).unwrap().len();
    // Whole files more, as rotation leaves them.
    let files = 100 * 1024 * 1024 / size + 1;
    for number in 2..=files {
        let path = fixture.folder().join(format!("errors-{number:08}.jsonl"));
        fs::copy(&first, path).unwrap();
    }
    assert!(files * size > LIMIT_KIB * 1024 * 3 / 2);
    let all = records as u64 * files;
    for arguments in [
        "stats --json",
        "list --all --text '499 ' | tail -n 1",
        "export | tail -n 1",
    ] {
        let printed = limited(&fixture, arguments);
        assert_eq!((printed.status, &*printed.stderr), (0, ""), "{arguments}");
        assert!(!printed.stdout.is_empty(), "{arguments}");
        if arguments.starts_with("stats") {
            assert!(
                printed.stdout.contains(&format!("\"total\":{all}")),
                "{}",
                printed.stdout
            );
        }
    }
}
