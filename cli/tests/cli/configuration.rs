//! `config`: files that are right, and files that are not.

use super::*;
use std::{fs, io::Write, process::Stdio};

/// Checks a file with this text; its name is `gardefou.toml` in the output.
fn check(text: &str, arguments: &[&str]) -> Printed {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gardefou.toml"), text).unwrap();
    let mut command = program(&[&["config", "check", "gardefou.toml"], arguments].concat());
    command.current_dir(folder.path());
    printed(command)
}

#[test]
fn each_problem_is_shown_with_its_line_and_a_caret() {
    let text =
        "[breaker.payments]\nfailure_treshold = 3\n\n[bulkhead.\"é\"]\nmax_concurrent = \"8\"\n";
    let printed = check(text, &[]);
    assert_eq!((printed.status, &*printed.stderr), (1, ""));
    let expected = "\
error: `failure_treshold` is no setting of [breaker.*]; did you mean `failure_threshold`?
 --> gardefou.toml:2:1
  |
2 | failure_treshold = ..
  | ^^^^^^^^^^^^^^^^

error: `max_concurrent` = \"8\": must be a whole number from 0 to 4294967295; did you mean `8`?
 --> gardefou.toml:5:18
  |
5 | max_concurrent = \"8\"
  |                  ^^^

gardefou.toml: 2 problems
";
    assert_eq!(printed.stdout, expected);
}

#[test]
fn file_without_problems_is_right() {
    let printed = check("[breaker.payments]\nfailure_threshold = 3\n", &[]);
    assert_eq!(
        (printed.status, &*printed.stdout),
        (0, "gardefou.toml: no problems\n")
    );
    let printed = check("", &["--json"]);
    assert_eq!(
        (printed.status, &*printed.stdout),
        (0, "{\"file\":\"gardefou.toml\",\"problems\":[]}\n")
    );
}

#[test]
fn every_section_is_known_to_the_program() {
    let printed = check(include_str!("../../../docs/gardefou.toml"), &[]);
    assert_eq!(
        (printed.status, &*printed.stdout),
        (0, "gardefou.toml: no problems\n")
    );
}

#[test]
fn json_has_the_place_and_the_parts_of_each_problem() {
    let printed = check("[retry.a]\njitter = \"ful\"\n", &["--json"]);
    assert_eq!(printed.status, 1);
    let report: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    let problem = &report["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["column"], &problem["end_column"]),
        (&2.into(), &10.into(), &15.into())
    );
    assert_eq!(
        (&problem["section"], &problem["field"]),
        (&"retry.a".into(), &"jitter".into())
    );
    assert_eq!(
        (&problem["value"], &problem["suggestion"]),
        (&"\"ful\"".into(), &"\"full\"".into())
    );
}

#[test]
fn file_that_cannot_be_read_is_no_answer() {
    let printed = printed(program(&["config", "check", "/no/such/gardefou.toml"]));
    assert_eq!((printed.status, &*printed.stdout), (2, ""));
    assert!(
        printed
            .stderr
            .contains("/no/such/gardefou.toml: cannot be read"),
        "{}",
        printed.stderr
    );
}

#[test]
fn standard_input_is_checked() {
    let mut command = program(&["config", "check", "-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"[timeout.x]\nlimit = 0\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout.contains("--> <stdin>:2:9") && stdout.ends_with("<stdin>: 1 problem\n"),
        "{stdout}"
    );
}

#[test]
fn hostile_text_and_secrets_do_not_reach_the_terminal() {
    let text = "[alerts.mail]\nhost = \"smtp\"\npassword = 7 # hunter2\n[\"\u{1b}[2Jx\".y]\n";
    let printed = check(text, &[]);
    assert_eq!(printed.status, 1);
    assert!(
        !printed.stdout.contains('\u{1b}') && !printed.stdout.contains("hunter2"),
        "{}",
        printed.stdout
    );
    assert!(
        printed.stdout.contains("password = .."),
        "{}",
        printed.stdout
    );
}

#[test]
fn schema_is_the_shipped_one() {
    let printed = printed(program(&["config", "schema"]));
    assert_eq!(printed.status, 0);
    assert_eq!(
        printed.stdout,
        include_str!("../../../docs/gardefou.schema.json")
    );
}
