//! The program `classify`, run as a user runs it: on the shipped recordings and on damaged folders.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use gardefou_examples::{
    signal::{noise, speech, tone},
    wav_file::{Encoding, WavFile},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};
use tempfile::TempDir;

/// A run of the program with a database of its own.
struct Run {
    out: TempDir,
    status: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn on(folder: impl AsRef<Path>) -> Self {
        Self::with(&[], folder, TempDir::new().unwrap())
    }

    fn with(options: &[&str], folder: impl AsRef<Path>, out: TempDir) -> Self {
        let output = classify()
            .args(options)
            .arg("--out")
            .arg(out.path())
            .arg("--")
            .arg(folder.as_ref())
            .output();
        let Output {
            status,
            stdout,
            stderr,
        } = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("the program prints text");
        Self {
            out,
            status: status.code().expect("no signal"),
            stdout: text(stdout),
            stderr: text(stderr),
        }
    }

    /// Asserts that some line of the output holds all these words in this order.
    #[track_caller]
    fn prints(&self, words: &[&str]) -> &Self {
        assert!(
            self.stdout.lines().any(|line| in_order(line, words)),
            "no line with {words:?} in\n{}",
            self.stdout
        );
        self
    }

    #[track_caller]
    fn exits_with(&self, status: i32) -> &Self {
        assert_eq!(
            self.status, status,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert!(
            !self.stderr.contains("gardefou: error"),
            "the report has them: {}",
            self.stderr
        );
        self
    }

    fn stored(&self) -> Vec<(String, String)> {
        rows(&self.out.path().join("recordings.sqlite"))
    }
}

fn in_order(line: &str, words: &[&str]) -> bool {
    let mut rest = line;
    words.iter().all(|word| {
        rest.split_once(word).is_some_and(|(_, after)| {
            rest = after;
            true
        })
    })
}

fn classify() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_classify"));
    command.env_remove("RUST_LOG");
    command
}

fn rows(database: &Path) -> Vec<(String, String)> {
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut select = connection
        .prepare("SELECT name, class FROM recordings ORDER BY run, name")
        .unwrap();
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

fn whistle() -> Vec<u8> {
    WavFile::new(8_000, 1, Encoding::Signed16, &tone(8_000, 0.2, 880.0, 0.4)).to_bytes()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

#[test]
fn shipped_recordings_are_classified_stored_and_delivered() {
    let temporary = TempDir::new().unwrap();
    let output = classify().env("TMPDIR", temporary.path()).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let run = Run::on(shipped());
    run.exits_with(0)
        .prints(&["[ 1/16]", "answer.wav", "speech-like"])
        .prints(&["Classified", "9: silence 1, speech-like 2, music-like 4, noise 2"])
        .prints(&["Isolated", "7, 7 of them expected"])
        .prints(&[
            "damaged/cut-short.wav: 200 ANALYSIS_DATA_ERROR: cut short: 6400 bytes of samples announced, 2104 present",
        ])
        .prints(&["damaged/telephone-alaw.wav: 213 UNSUPPORTED_ENCODING_ERROR: compressed as A-law"])
        .prints(&["Stored", "9 of 9"])
        .prints(&["Rolled back", "303 DB_INTEGRITY_ERROR"])
        .prints(&["rows: 9 before, 9 after; total of speech-like: 2 before, 3 inside the transaction, 2 after"])
        .prints(&["Delivered", "9 of 9"])
        .prints(&["Breaker", "closed → open (", "→ half-open (", "→ open (", "→ half-open (", "→ closed (", "rejected"])
        .prints(&["6  ANALYSIS_DATA_ERROR"])
        .prints(&["1  DB_INTEGRITY_ERROR"])
        .prints(&["1  UNSUPPORTED_ENCODING_ERROR"])
        // The outage ends with a request that hangs.
        .prints(&["1  TIMEOUT_ERROR"])
        .prints(&["CIRCUIT_OPEN_ERROR"])
        .prints(&["Journal", "written"])
        .prints(&["arrived at the webhook: circuit `results` opened: too many failures in a row"])
        .prints(&["arrived at the webhook: circuit `results` closed"])
        .prints(&["Health", "healthy"])
        .prints(&["As a page", "file:///", "/report.html"])
        .prints(&["All went well"]);
    let page = fs::read_to_string(run.out.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<title>classify"));
    let data = page.split_once(r#"id="data">"#).unwrap().1;
    let data: serde_json::Value =
        serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    let names = |list: &str, key: &str| -> Vec<String> {
        let entries = data[list].as_array().unwrap().iter();
        entries
            .map(|entry| entry[key].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert!(
        names("guards", "name").contains(&"results".to_owned()),
        "{data:#}"
    );
    assert!(names("groups", "code").contains(&"DB_INTEGRITY_ERROR".to_owned()));
    assert!(names("timeline", "to").contains(&"half_open".to_owned()));
    assert!(
        names("notifications", "title")
            .iter()
            .any(|title| title.contains("opened"))
    );
    assert!(names("checks", "name").contains(&"database".to_owned()));
    let journal = contents(&run.out.path().join("journal"));
    let journal: String = journal
        .iter()
        .map(|(_, bytes)| String::from_utf8_lossy(bytes))
        .collect();
    assert_eq!(
        journal.matches("DB_INTEGRITY_ERROR").count(),
        1,
        "{journal}"
    );
    let stored = run.stored();
    assert_eq!(stored.len(), 9);
    assert!(
        stored.contains(&("night.wav".into(), "silence".into())),
        "{stored:?}"
    );
    assert!(
        !run.stdout.contains('\x1b'),
        "no colours without a terminal"
    );
}

#[test]
fn shipped_recordings_equal_those_that_make_recordings_writes() {
    let made = TempDir::new().unwrap();
    let maker = Command::new(env!("CARGO_BIN_EXE_make_recordings"))
        .arg(made.path())
        .status()
        .unwrap();
    assert!(maker.success());
    let (shipped, made) = (contents(&shipped()), contents(made.path()));
    let names = |files: &[(PathBuf, Vec<u8>)]| {
        files
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&shipped), names(&made));
    assert!(shipped.len() > 15);
    for (shipped, made) in shipped.iter().zip(&made) {
        assert!(shipped.1 == made.1, "{} differs", shipped.0.display());
    }
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((
                    path.strip_prefix(folder).unwrap().to_path_buf(),
                    fs::read(&path).unwrap(),
                ));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn folder_of_sound_recordings_succeeds() {
    let rain = WavFile::new(48_000, 2, Encoding::Signed24, &noise(48_000, 0.5, 0.3, 1))
        .extensible()
        .to_bytes();
    let talk = WavFile::new(22_050, 1, Encoding::Float64, &speech(22_050, 1.5, 0.4)).to_bytes();
    let folder = folder(&[
        ("a b/deep down/rain outside.WAV", &rain),
        ("talk.wave", &talk),
        ("no name at all", &whistle()),
    ]);
    let run = Run::on(folder.path());
    run.exits_with(0)
        .prints(&[
            "Classified",
            "3: silence 0, speech-like 1, music-like 1, noise 1",
        ])
        .prints(&["All went well."]);
    assert_eq!(
        run.stored()[0],
        ("a b/deep down/rain outside.WAV".into(), "noise".into())
    );
}

#[test]
fn broken_files_are_isolated_and_the_exit_status_is_1() {
    let zero_channels = WavFile {
        channels: 0,
        ..WavFile::new(8_000, 1, Encoding::Signed16, &[0.1; 100])
    };
    let huge = WavFile::new(8_000, 1, Encoding::Signed16, &[0.1; 10]).claiming(0xFFFF_FFF0);
    let folder = folder(&[
        ("1.wav", b"not a recording"),
        ("2.wav", b""),
        ("3.wav", &zero_channels.to_bytes()),
        ("4.wav", &huge.to_bytes()),
        ("5.wav", &whistle()),
        ("notes.txt", b"about them"),
    ]);
    Run::on(folder.path())
        .exits_with(1)
        .prints(&["1.wav: 200 ANALYSIS_DATA_ERROR: not a WAV file"])
        .prints(&["2.wav: 200 ANALYSIS_DATA_ERROR: the file is empty"])
        .prints(&["3.wav: 200 ANALYSIS_DATA_ERROR: a recording of zero channels"])
        .prints(&["4.wav: 200 ANALYSIS_DATA_ERROR: cut short: 4294967280 bytes"])
        .prints(&["Classified", "1:", "music-like 1"])
        .prints(&["Skipped", "1 that are no recordings: notes.txt"])
        .prints(&["Stored", "1 of 1"])
        .prints(&["Delivered", "1 of 1"])
        .prints(&["Not all went well"]);
}

#[test]
fn expected_failure_that_does_not_occur_is_reported() {
    let folder = folder(&[
        ("fine.wav", &whistle()),
        ("EXPECTED.txt", b"# list\nfine.wav ANALYSIS_DATA_ERROR\n"),
    ]);
    Run::on(folder.path())
        .exits_with(1)
        .prints(&["fine.wav: ANALYSIS_DATA_ERROR was expected and did not come"]);
}

#[test]
fn folder_of_expected_failures_succeeds() {
    let folder = folder(&[
        ("1.wav", b"text"),
        ("EXPECTED.txt", b"1.wav ANALYSIS_DATA_ERROR\n"),
    ]);
    Run::on(folder.path())
        .exits_with(0)
        .prints(&["Classified", "0:"])
        .prints(&["All went well", "broken on purpose"]);
}

#[test]
fn unreadable_list_of_expected_failures_is_reported() {
    let folder_in_the_way = folder(&[("one.wav", &whistle()), ("EXPECTED.txt/file", b"")]);
    Run::on(folder_in_the_way.path())
        .exits_with(1)
        .prints(&["EXPECTED.txt: 2 CONFIG_ERROR", "not a regular file"]);
    let no_text = folder(&[
        ("one.wav", &whistle()),
        ("EXPECTED.txt", b"caf\xE9.wav ANALYSIS_DATA_ERROR\n"),
    ]);
    Run::on(no_text.path())
        .exits_with(1)
        .prints(&["EXPECTED.txt: 201", "cannot be read", "UTF-8"]);
}

#[test]
fn report_separates_this_run_from_what_an_earlier_one_left_behind() {
    use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError};
    use gardefou::{
        AppError, ErrorCode, ErrorSystem, error_monitor, monitor::journal::JournalConfig,
    };
    let out = TempDir::new().unwrap();
    {
        let _earlier = ErrorSystem::builder()
            .journal(JournalConfig::builder(out.path().join("journal")))
            .init()
            .unwrap();
        let failing =
            CallbackChannel::new("webhook", |_| Err(DeliveryError::transient("no receiver")));
        let alerts = Alerts::start(
            AlertsConfig::builder()
                .channel(failing)
                .max_attempts(1)
                .build()
                .unwrap(),
        )
        .unwrap();
        error_monitor().record(&AppError::new(
            ErrorCode::MODEL_LOADING_ERROR,
            "of an earlier run",
        ));
        alerts.test();
        assert!(alerts.flush(Duration::from_secs(10)).in_time);
        assert!(alerts.status().kept > 0, "{:?}", alerts.status());
    }
    // With an outage the program runs long enough to deliver what was left behind.
    let sound = whistle();
    let files = ["1.wav", "2.wav", "3.wav", "4.wav", "5.wav"].map(|name| (name, &sound[..]));
    let run = Run::with(&[], folder(&files).path(), out);
    run.exits_with(0)
        .prints(&["Alerts", "2 sent"])
        .prints(&["2 alerts of an earlier run arrived only now"]);
    assert_eq!(
        run.stdout.matches("arrived at the webhook").count(),
        2,
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains("MODEL_LOADING_ERROR"),
        "{}",
        run.stdout
    );
    // Nothing goes wrong with nothing.
    let run = Run::with(&[], TempDir::new().unwrap().path(), run.out);
    run.prints(&["Errors", "0 recorded"])
        .prints(&["Journal", "written"])
        .prints(&["Alerts", "0 sent"]);
    assert!(
        !run.stdout.contains("the newest error") && !run.stdout.contains("at the webhook"),
        "{}",
        run.stdout
    );
}

#[test]
fn missing_folder_file_or_invalid_argument_ends_with_status_2_and_a_code() {
    let folder = folder(&[("one.wav", &whistle())]);
    let missing = Run::on(folder.path().join("nowhere"));
    missing.exits_with(2);
    assert!(
        in_order(
            &missing.stderr,
            &["500 FILE_NOT_FOUND_ERROR", "nowhere does not exist"]
        ),
        "{}",
        missing.stderr
    );
    let file = Run::on(folder.path().join("one.wav"));
    file.exits_with(2);
    assert!(
        in_order(&file.stderr, &["2 CONFIG_ERROR", "one.wav is a file"]),
        "{}",
        file.stderr
    );
    let wrong = classify().arg("--faster").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("there is no option --faster"));
}

#[test]
fn folder_without_recordings_is_reported() {
    Run::on(TempDir::new().unwrap().path())
        .exits_with(1)
        .prints(&["There was nothing to classify"]);
}

#[test]
fn invalid_log_filter_is_reported_and_the_work_goes_on() {
    let folder = folder(&[("one.wav", &whistle())]);
    let out = TempDir::new().unwrap();
    let output = classify()
        .env("RUST_LOG", "gardefou=loud")
        .arg("--out")
        .arg(out.path())
        .arg(folder.path())
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("RUST_LOG"));
}

#[test]
fn help_succeeds() {
    let output = classify().arg("--help").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Usage: classify") && text.contains("Exit status:"),
        "{text}"
    );
}

#[test]
fn read_only_database_prevents_storing_and_nothing_else() {
    let recordings = folder(&[("one.wav", &whistle()), ("two.wav", &whistle())]);
    let first = Run::on(recordings.path());
    first.exits_with(0);
    let database = first.out.path().join("recordings.sqlite");
    let mut permissions = fs::metadata(&database).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&database, permissions).unwrap();
    let second = Run::with(&[], recordings.path(), first.out);
    second
        .exits_with(1)
        .prints(&["recordings.sqlite: 501 PERMISSION_ERROR: the database is marked read-only"])
        .prints(&["Classified", "2:"])
        .prints(&["Stored", "0 of 2"])
        .prints(&["Delivered", "2 of 2"]);
    assert_eq!(second.stored().len(), 2, "only the first run's rows");
}

#[test]
fn unwritable_journal_is_reported_and_the_exit_status_is_1() {
    let recordings = folder(&[("one.wav", &whistle())]);
    let (out, elsewhere) = (
        folder(&[("journal", b"a file where the folder should be")]),
        TempDir::new().unwrap(),
    );
    let database = elsewhere.path().join("recordings.sqlite");
    let run = Run::with(
        &["--database", database.to_str().unwrap()],
        recordings.path(),
        out,
    );
    run.exits_with(1)
        .prints(&["Stored", "1 of 1"])
        .prints(&["Delivered", "1 of 1"])
        .prints(&["Journal", "incomplete: 0 records written"])
        .prints(&["Not all went well"]);
}

#[test]
fn unwritable_page_is_reported_and_the_exit_status_is_1() {
    let recordings = folder(&[("one.wav", &whistle())]);
    let out = folder(&[("report.html/file", b"a folder where the page should be")]);
    Run::with(&[], recordings.path(), out)
        .exits_with(1)
        .prints(&["Delivered", "1 of 1"])
        .prints(&["As a page", "report.html: "])
        .prints(&["Not all went well"]);
}

#[test]
fn file_that_is_no_database_is_left_unchanged() {
    let recordings = folder(&[("one.wav", &whistle())]);
    let out = TempDir::new().unwrap();
    let database = out.path().join("recordings.sqlite");
    fs::write(
        &database,
        "thirty years of a diary, in a file that must not be overwritten".repeat(9),
    )
    .unwrap();
    let content = fs::read(&database).unwrap();
    let run = Run::with(&[], recordings.path(), out);
    run.exits_with(1)
        .prints(&["300 DB_CONNECTION_ERROR"])
        .prints(&["Delivered", "1 of 1"]);
    assert!(
        fs::read(&database).unwrap() == content,
        "the file was changed"
    );
    let folder_in_the_way = folder(&[("recordings.sqlite/file", b"")]);
    Run::with(&[], recordings.path(), folder_in_the_way)
        .exits_with(1)
        .prints(&["300 DB_CONNECTION_ERROR"]);
    let file_in_the_way = folder(&[("file", b"")]);
    let database = file_in_the_way.path().join("file/deep/down.sqlite");
    Run::with(
        &["--database", database.to_str().unwrap()],
        recordings.path(),
        TempDir::new().unwrap(),
    )
    .exits_with(1)
    .prints(&[
        "300 DB_CONNECTION_ERROR:",
        "file is a file: a folder is needed there",
    ]);
}

#[test]
fn second_run_adds_its_rows_to_those_of_the_first() {
    let recordings = folder(&[("one.wav", &whistle())]);
    let first = Run::on(recordings.path());
    let second = Run::with(&[], recordings.path(), first.out);
    second.exits_with(0).prints(&["rows: 1 before, 1 after"]);
    assert_eq!(second.stored().len(), 2);
}

#[test]
fn hours_of_sound_are_read_in_part_within_seconds() {
    // Twenty hours of 16-bit stereo, as a hole in the file: it takes no room.
    let folder = folder(&[(
        "hours.wav",
        &WavFile::new(44_100, 2, Encoding::Signed16, &[])
            .streamed(u32::MAX)
            .to_bytes(),
    )]);
    let file = fs::File::options()
        .write(true)
        .open(folder.path().join("hours.wav"))
        .unwrap();
    file.set_len(44 + 20 * 3_600 * 44_100 * 4).unwrap();
    Run::on(folder.path())
        .exits_with(0)
        .prints(&["hours.wav", "silence", "72000.0 s, 600.0 s read"])
        .prints(&["1 long recording by the beginning alone"]);
}

#[test]
fn all_results_are_delivered_after_the_outage() {
    let sound = whistle();
    let names: Vec<String> = (0..40).map(|count| format!("{count:02}.wav")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &sound[..]))
        .collect();
    Run::on(folder(&files).path())
        .exits_with(0)
        .prints(&["Stored", "40 of 40"])
        .prints(&["Delivered", "40 of 40"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::{
        ffi::OsStr,
        os::unix::{
            ffi::OsStrExt,
            fs::{MetadataExt, PermissionsExt, symlink},
            process::CommandExt,
        },
    };

    #[test]
    fn names_that_are_not_utf8_are_shown_and_stay_distinct() {
        let folder = folder(&[]);
        for byte in [b"\xE8", b"\xE9"] {
            fs::write(
                folder
                    .path()
                    .join(OsStr::from_bytes(&[b"caf", &byte[..], b".wav"].concat())),
                whistle(),
            )
            .unwrap();
        }
        let run = Run::on(folder.path());
        run.exits_with(0)
            .prints(&["caf\\xE8.wav", "music-like"])
            .prints(&["caf\\xE9.wav", "music-like"]);
        assert_eq!(run.stored().len(), 2);
    }

    #[test]
    fn folders_named_like_recordings_pipes_and_dangling_links_are_handled() {
        let folder = folder(&[("folder.wav/inside.wav", &whistle())]);
        symlink(folder.path(), folder.path().join("loop")).unwrap();
        symlink(
            folder.path().join("gone"),
            folder.path().join("dangling.wav"),
        )
        .unwrap();
        symlink("/dev/zero", folder.path().join("endless.wav")).unwrap();
        symlink("round.wav", folder.path().join("round.wav")).unwrap();
        let pipe = folder.path().join("pipe.wav");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        Run::on(folder.path())
            .exits_with(1)
            .prints(&["folder.wav/inside.wav", "music-like"])
            .prints(&["dangling.wav: 500 FILE_NOT_FOUND_ERROR"])
            .prints(&[
                "round.wav: 201 ANALYSIS_PROCESSING_ERROR:",
                "cannot be read:",
                "symbolic links",
            ])
            .prints(&["endless.wav: 200 ANALYSIS_DATA_ERROR: not a regular file"])
            .prints(&["pipe.wav: 200 ANALYSIS_DATA_ERROR: not a regular file"])
            .prints(&["Classified", "1:"]);
    }

    #[test]
    fn invisible_names_are_escaped_and_stay_distinct() {
        let names = [
            "a\x1b[31m\nb.wav",
            "a\\u{1b}[31m\\nb.wav",
            "x\u{202e}vaw.\u{200b}.wav",
            "x\\u{202e}vaw.\\u{200b}.wav",
        ];
        let sound = whistle();
        let run = Run::on(folder(&names.map(|name| (name, &sound[..]))).path());
        run.exits_with(0)
            .prints(&["a\\u{1b}[31m\\nb.wav"])
            .prints(&["x\\u{202e}vaw.\\u{200b}.wav"])
            .prints(&["Stored", "4 of 4"]);
        assert!(
            !run.stdout.contains(['\x1b', '\u{202e}', '\u{200b}']),
            "{}",
            run.stdout
        );
        assert_eq!(run.stored().len(), 4);
    }

    #[test]
    fn closed_standard_output_does_not_stop_the_work() {
        let out = TempDir::new().unwrap();
        let mut child = classify()
            .arg("--out")
            .arg(out.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert_eq!(rows(&out.path().join("recordings.sqlite")).len(), 9);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn unwritable_report_ends_with_status_1() {
        let (folder, out) = (folder(&[("one.wav", &whistle())]), TempDir::new().unwrap());
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let run = classify()
            .arg("--out")
            .arg(out.path())
            .arg(folder.path())
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(1));
        assert!(
            String::from_utf8_lossy(&run.stderr)
                .contains("standard output cannot be written: No space")
        );
        assert_eq!(
            rows(&out.path().join("recordings.sqlite")).len(),
            1,
            "the work was done"
        );
    }

    /// Runs the program without privileges: as an unprivileged user where the tests run as root.
    fn run_unprivileged(folder: &Path, out: &Path) -> Output {
        let begin = |program: &Path| {
            let mut command = Command::new(program);
            command
                .env_remove("RUST_LOG")
                .arg("--out")
                .arg(out)
                .arg(folder);
            command
        };
        let program = Path::new(env!("CARGO_BIN_EXE_classify"));
        if !we_are_root() {
            return begin(program).output().unwrap();
        }
        // The program itself may lie where only root may go.
        let copy = open_to_all(TempDir::new().unwrap());
        let copied = copy.path().join("classify");
        fs::copy(program, &copied).unwrap();
        begin(&copied)
            .uid(UNPRIVILEGED)
            .gid(UNPRIVILEGED)
            .output()
            .expect("folders for temporary files are open to all users")
    }

    /// The unprivileged user of most systems.
    const UNPRIVILEGED: u32 = 65_534;

    fn we_are_root() -> bool {
        fs::metadata(TempDir::new().unwrap().path()).unwrap().uid() == 0
    }

    fn open_to_all(folder: TempDir) -> TempDir {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn unreadable_file_is_isolated() {
        let folder = open_to_all(folder(&[
            ("open.wav", &whistle()),
            ("secret.wav", &whistle()),
        ]));
        let out = TempDir::new().unwrap();
        fs::set_permissions(
            folder.path().join("secret.wav"),
            fs::Permissions::from_mode(0o0),
        )
        .unwrap();
        fs::set_permissions(out.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let output = run_unprivileged(folder.path(), out.path());
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stdout}");
        let line = |words: &[&str]| stdout.lines().any(|line| in_order(line, words));
        assert!(
            line(&[
                "secret.wav: 501 PERMISSION_ERROR:",
                "may not be read: Permission denied"
            ]),
            "{stdout}"
        );
        assert!(
            line(&["Classified", "1:"])
                && line(&["Stored", "1 of 1"])
                && line(&["Health", "healthy"]),
            "{stdout}"
        );
    }

    #[test]
    fn output_folder_of_another_user_is_reported_with_its_owner() {
        let folder = open_to_all(folder(&[("one.wav", &whistle())]));
        let taken = open_to_all(TempDir::new().unwrap());
        // Without root privileges, the root folder stands for a folder of another user.
        let out = if we_are_root() {
            taken.path()
        } else {
            Path::new("/gardefou-nowhere")
        };
        if we_are_root() {
            Run::with(
                &[
                    "--database",
                    out.join("recordings.sqlite").to_str().unwrap(),
                ],
                folder.path(),
                TempDir::new().unwrap(),
            )
            .exits_with(0);
        }
        let output = run_unprivileged(folder.path(), out);
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stdout}");
        let line = |words: &[&str]| stdout.lines().any(|line| in_order(line, words));
        assert!(
            line(&[
                "recordings.sqlite: ",
                "it belongs to the user root: name another place with",
                "--out"
            ]),
            "{stdout}"
        );
        assert!(
            line(&[
                "Journal",
                "incomplete",
                "it belongs to the user root: name another place with --out"
            ]),
            "{stdout}"
        );
        assert!(line(&["database: fail"]), "{stdout}");
    }
}
