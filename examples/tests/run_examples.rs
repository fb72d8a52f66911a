//! Every file of `examples/examples` runs to its end.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A part of the output of each example.
const OUTPUT: [(&str, &str); 20] = [
    ("alerts", "notification: circuit `payments`"),
    ("axum_service", "orders/7: 404 {"),
    ("boundaries", "3 errors recorded"),
    ("breaker", "closed again after 1 rejected call"),
    ("cli", " lines"),
    ("codes", "MODEL_VERSION_ERROR answers 409"),
    ("dashboard", r#""payments": "open", {"#),
    ("fleet", "| shared | 1000 | "),
    ("health", "status: "),
    ("library", "the service does not answer: "),
    ("monitor", "in the journal: no database at port 5434"),
    ("outage", "| naive retry | "),
    ("reqwest_client", "rejected: "),
    ("retry", "succeeded after 3 calls"),
    (
        "sentry",
        "sent to Sentry: DB_WRITE_ERROR: cannot save order 12, ",
    ),
    ("testing", "2 tests passed"),
    ("tour", "notification: circuit `archive` opened"),
    ("tower_service", "a caller without time: 504"),
    ("transaction", "rolled back: the account is closed"),
    ("worker", "2 jobs done, 1 failed"),
];

/// The example that needs servers.
const FLEET: &str = "fleet_service";

#[test]
#[ignore = "needs Redis and PostgreSQL: examples/fleet/run --check"]
fn fleet_runs() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fleet/run");
    let status = Command::new(script).arg("--check").status().unwrap();
    assert!(status.success());
}

#[test]
fn every_example_runs() {
    for (name, line) in OUTPUT {
        let output = run(name, arguments(name));
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {text}{errors}");
        assert!(
            text.contains(line),
            "{name} prints no {line:?}: {text}{errors}"
        );
    }
}

/// Returns the arguments of an example that would take long without any.
fn arguments(example: &str) -> &'static [&'static str] {
    match example {
        "outage" => &["failures"],
        _ => &[],
    }
}

#[test]
fn every_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed = OUTPUT.map(|(name, _)| name).into_iter().chain([FLEET]);
    assert_eq!(files, listed.map(str::to_owned).collect());
}

#[test]
fn command_line_tool_fails_with_a_status_and_the_chain_of_causes() {
    let output = run("cli", &["no/such/file"]);
    assert_eq!(output.status.code(), Some(66), "{output:?}");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.starts_with("error: cannot read no/such/file: "),
        "{errors}"
    );
}

fn run(example: &str, arguments: &[&str]) -> Output {
    let program = program(example);
    Command::new(program).args(arguments).output().unwrap()
}

/// Returns the path of an example. Cargo puts examples into a folder beside that of the tests.
fn program(example: &str) -> PathBuf {
    let mut path = env::current_exe().unwrap();
    path.pop();
    path.set_file_name("examples");
    path.push(format!("{example}{}", env::consts::EXE_SUFFIX));
    // `cargo test --test run_examples` builds no examples, `cargo test` does.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let sources = match fs::read_dir(folder.join(example)) {
        Ok(files) => files.map(|file| file.unwrap().path()).collect(),
        Err(_) => vec![folder.join(format!("{example}.rs"))],
    };
    let modified = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
    assert!(
        modified(&path) >= sources.iter().filter_map(modified).max(),
        "{example} is out of date: cargo build -p gardefou-examples --examples"
    );
    path
}
