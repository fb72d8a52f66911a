//! The main job, run as users run it: on the shipped recordings and on folders as bad as folders
//! get.

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
    fn says(&self, words: &[&str]) -> &Self {
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
fn the_shipped_recordings_go_well_from_file_to_report() {
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
        .says(&["[ 1/16]", "answer.wav", "speech-like"])
        .says(&["Classified", "9: silence 1, speech-like 2, music-like 4, noise 2"])
        .says(&["Isolated", "7, 7 of them expected"])
        .says(&[
            "damaged/cut-short.wav: 200 ANALYSIS_DATA_ERROR: cut short: 6400 bytes of samples announced, 2104 present",
        ])
        .says(&["damaged/telephone-alaw.wav: 213 UNSUPPORTED_ENCODING_ERROR: compressed as A-law"])
        .says(&["Stored", "9 of 9"])
        .says(&["Rolled back", "303 DB_INTEGRITY_ERROR"])
        .says(&["rows: 9 before, 9 after; total of speech-like: 2 before, 3 inside the transaction, 2 after"])
        .says(&["Delivered", "9 of 9"])
        .says(&["Breaker", "closed → open (", "→ half-open (", "→ open (", "→ half-open (", "→ closed (", "rejected"])
        .says(&["6  ANALYSIS_DATA_ERROR"])
        .says(&["1  DB_INTEGRITY_ERROR"])
        .says(&["1  UNSUPPORTED_ENCODING_ERROR"])
        // The outage ends with a request that hangs.
        .says(&["1  TIMEOUT_ERROR"])
        .says(&["CIRCUIT_OPEN_ERROR"])
        .says(&["Journal", "written"])
        .says(&["arrived at the webhook: circuit `results` opened: too many failures in a row"])
        .says(&["arrived at the webhook: circuit `results` closed"])
        .says(&["Health", "healthy"])
        .says(&["All went well"]);
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
        "no colours where nobody looks"
    );
}

#[test]
fn the_shipped_recordings_are_what_the_command_makes() {
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
fn a_sound_folder_of_ones_own_goes_well() {
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
        .says(&[
            "Classified",
            "3: silence 0, speech-like 1, music-like 1, noise 1",
        ])
        .says(&["All went well."]);
    assert_eq!(
        run.stored()[0],
        ("a b/deep down/rain outside.WAV".into(), "noise".into())
    );
}

#[test]
fn a_broken_file_is_isolated_the_others_go_on_and_the_exit_status_tells() {
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
        .says(&["1.wav: 200 ANALYSIS_DATA_ERROR: not a WAV file"])
        .says(&["2.wav: 200 ANALYSIS_DATA_ERROR: the file is empty"])
        .says(&["3.wav: 200 ANALYSIS_DATA_ERROR: a recording of zero channels"])
        .says(&["4.wav: 200 ANALYSIS_DATA_ERROR: cut short: 4294967280 bytes"])
        .says(&["Classified", "1:", "music-like 1"])
        .says(&["Skipped", "1 that are no recordings: notes.txt"])
        .says(&["Stored", "1 of 1"])
        .says(&["Delivered", "1 of 1"])
        .says(&["Not all went well"]);
}

#[test]
fn a_failure_that_was_expected_and_did_not_come_is_told() {
    let folder = folder(&[
        ("fine.wav", &whistle()),
        ("EXPECTED.txt", b"# list\nfine.wav ANALYSIS_DATA_ERROR\n"),
    ]);
    Run::on(folder.path())
        .exits_with(1)
        .says(&["fine.wav: ANALYSIS_DATA_ERROR was expected and did not come"]);
}

#[test]
fn a_folder_in_which_everything_is_broken_as_expected_goes_well() {
    let folder = folder(&[
        ("1.wav", b"text"),
        ("EXPECTED.txt", b"1.wav ANALYSIS_DATA_ERROR\n"),
    ]);
    Run::on(folder.path())
        .exits_with(0)
        .says(&["Classified", "0:"])
        .says(&["All went well", "broken on purpose"]);
}

#[test]
fn a_list_of_expected_failures_that_cannot_be_read_is_told() {
    let folder_in_the_way = folder(&[("one.wav", &whistle()), ("EXPECTED.txt/file", b"")]);
    Run::on(folder_in_the_way.path())
        .exits_with(1)
        .says(&["EXPECTED.txt: 2 CONFIG_ERROR", "not a regular file"]);
    let no_text = folder(&[
        ("one.wav", &whistle()),
        ("EXPECTED.txt", b"caf\xE9.wav ANALYSIS_DATA_ERROR\n"),
    ]);
    Run::on(no_text.path())
        .exits_with(1)
        .says(&["EXPECTED.txt: 201", "cannot be read", "UTF-8"]);
}

#[test]
fn a_report_is_of_this_run_and_what_an_earlier_one_left_behind_is_told_apart() {
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
        let failing = CallbackChannel::new("webhook", |_| {
            Err(DeliveryError::temporary("nobody is there"))
        });
        let alerts = Alerts::start(
            AlertsConfig::builder()
                .channel(failing)
                .max_tries(1)
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
    // With an outage the program is there for long enough to deliver what lies about.
    let sound = whistle();
    let files = ["1.wav", "2.wav", "3.wav", "4.wav", "5.wav"].map(|name| (name, &sound[..]));
    let run = Run::with(&[], folder(&files).path(), out);
    run.exits_with(0)
        .says(&["Alerts", "2 sent"])
        .says(&["2 alerts of an earlier run arrived only now"]);
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
    run.says(&["Errors", "0 recorded"])
        .says(&["Journal", "written"])
        .says(&["Alerts", "0 sent"]);
    assert!(
        !run.stdout.contains("the newest error") && !run.stdout.contains("at the webhook"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_folder_that_is_missing_a_file_or_a_wrong_argument_ends_at_once_with_a_code() {
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
fn a_folder_without_recordings_says_so() {
    Run::on(TempDir::new().unwrap().path())
        .exits_with(1)
        .says(&["There was nothing to classify"]);
}

#[test]
fn a_log_that_cannot_be_understood_is_told_and_the_work_goes_on() {
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
fn help_is_no_failure() {
    let output = classify().arg("--help").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Usage: classify") && text.contains("Exit status:"),
        "{text}"
    );
}

#[test]
fn a_database_that_may_not_be_written_costs_the_storing_and_nothing_else() {
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
        .says(&["recordings.sqlite: 501 PERMISSION_ERROR: the database is marked read-only"])
        .says(&["Classified", "2:"])
        .says(&["Stored", "0 of 2"])
        .says(&["Delivered", "2 of 2"]);
    assert_eq!(second.stored().len(), 2, "only the first run's rows");
}

#[test]
fn a_journal_that_cannot_be_written_is_told_and_the_exit_status_tells() {
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
        .says(&["Stored", "1 of 1"])
        .says(&["Delivered", "1 of 1"])
        .says(&["Journal", "incomplete: 0 records written"])
        .says(&["Not all went well"]);
}

#[test]
fn a_database_that_is_no_database_is_left_as_it_is() {
    let recordings = folder(&[("one.wav", &whistle())]);
    let out = TempDir::new().unwrap();
    let database = out.path().join("recordings.sqlite");
    fs::write(
        &database,
        "my diary, thirty years of it, not to be written over by anybody".repeat(9),
    )
    .unwrap();
    let diary = fs::read(&database).unwrap();
    let run = Run::with(&[], recordings.path(), out);
    run.exits_with(1)
        .says(&["300 DB_CONNECTION_ERROR"])
        .says(&["Delivered", "1 of 1"]);
    assert!(
        fs::read(&database).unwrap() == diary,
        "the file was changed"
    );
    let folder_in_the_way = folder(&[("recordings.sqlite/file", b"")]);
    Run::with(&[], recordings.path(), folder_in_the_way)
        .exits_with(1)
        .says(&["300 DB_CONNECTION_ERROR"]);
    let file_in_the_way = folder(&[("file", b"")]);
    let database = file_in_the_way.path().join("file/deep/down.sqlite");
    Run::with(
        &["--database", database.to_str().unwrap()],
        recordings.path(),
        TempDir::new().unwrap(),
    )
    .exits_with(1)
    .says(&[
        "300 DB_CONNECTION_ERROR:",
        "file is a file: a folder is needed there",
    ]);
}

#[test]
fn a_second_run_adds_its_rows_beside_those_of_the_first() {
    let recordings = folder(&[("one.wav", &whistle())]);
    let first = Run::on(recordings.path());
    let second = Run::with(&[], recordings.path(), first.out);
    second.exits_with(0).says(&["rows: 1 before, 1 after"]);
    assert_eq!(second.stored().len(), 2);
}

#[test]
fn hours_of_sound_are_told_and_take_seconds() {
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
        .says(&["hours.wav", "silence", "72000.0 s, 600.0 s heard"])
        .says(&["1 long recording by the beginning alone"]);
}

#[test]
fn many_recordings_all_arrive_past_the_outage() {
    let sound = whistle();
    let names: Vec<String> = (0..40).map(|count| format!("{count:02}.wav")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &sound[..]))
        .collect();
    Run::on(folder(&files).path())
        .exits_with(0)
        .says(&["Stored", "40 of 40"])
        .says(&["Delivered", "40 of 40"]);
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
    fn names_that_are_no_text_are_shown_and_told_apart() {
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
            .says(&["caf\\xE8.wav", "music-like"])
            .says(&["caf\\xE9.wav", "music-like"]);
        assert_eq!(run.stored().len(), 2);
    }

    #[test]
    fn folders_named_like_recordings_pipes_and_dangling_links_are_no_trap() {
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
            .says(&["folder.wav/inside.wav", "music-like"])
            .says(&["dangling.wav: 500 FILE_NOT_FOUND_ERROR"])
            .says(&[
                "round.wav: 201 ANALYSIS_PROCESSING_ERROR:",
                "cannot be read:",
                "symbolic links",
            ])
            .says(&["endless.wav: 200 ANALYSIS_DATA_ERROR: not a regular file"])
            .says(&["pipe.wav: 200 ANALYSIS_DATA_ERROR: not a regular file"])
            .says(&["Classified", "1:"]);
    }

    #[test]
    fn names_that_cannot_be_seen_do_not_reach_the_terminal_and_none_is_taken_for_another() {
        let names = [
            "a\x1b[31m\nb.wav",
            "a\\u{1b}[31m\\nb.wav",
            "x\u{202e}vaw.\u{200b}.wav",
            "x\\u{202e}vaw.\\u{200b}.wav",
        ];
        let sound = whistle();
        let run = Run::on(folder(&names.map(|name| (name, &sound[..]))).path());
        run.exits_with(0)
            .says(&["a\\u{1b}[31m\\nb.wav"])
            .says(&["x\\u{202e}vaw.\\u{200b}.wav"])
            .says(&["Stored", "4 of 4"]);
        assert!(
            !run.stdout.contains(['\x1b', '\u{202e}', '\u{200b}']),
            "{}",
            run.stdout
        );
        assert_eq!(run.stored().len(), 4);
    }

    #[test]
    fn a_reader_that_goes_away_does_not_stop_the_work() {
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
    fn a_report_that_cannot_be_written_ends_with_1() {
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

    /// Runs the program as somebody without rights: as the user `nobody` where the tests run as
    /// root, who may all.
    fn as_somebody(folder: &Path, out: &Path) -> Output {
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
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .expect("folders for temporary files are open to all users")
    }

    const NOBODY: u32 = 65_534;

    fn we_are_root() -> bool {
        fs::metadata(TempDir::new().unwrap().path()).unwrap().uid() == 0
    }

    fn open_to_all(folder: TempDir) -> TempDir {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn a_file_that_may_not_be_read_is_isolated() {
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
        let output = as_somebody(folder.path(), out.path());
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let line = |words: &[&str]| said.lines().any(|line| in_order(line, words));
        assert!(
            line(&[
                "secret.wav: 501 PERMISSION_ERROR:",
                "may not be read: Permission denied"
            ]),
            "{said}"
        );
        assert!(
            line(&["Classified", "1:"])
                && line(&["Stored", "1 of 1"])
                && line(&["Health", "healthy"]),
            "{said}"
        );
    }

    #[test]
    fn a_place_that_belongs_to_another_user_is_told_by_the_owners_name() {
        let folder = open_to_all(folder(&[("one.wav", &whistle())]));
        let taken = open_to_all(TempDir::new().unwrap());
        // Where nobody is root, the root folder stands for what belongs to another user.
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
        let output = as_somebody(folder.path(), out);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let line = |words: &[&str]| said.lines().any(|line| in_order(line, words));
        assert!(
            line(&[
                "recordings.sqlite: ",
                "it belongs to the user root: name another place with",
                "--out"
            ]),
            "{said}"
        );
        assert!(
            line(&[
                "Journal",
                "incomplete",
                "it belongs to the user root: name another place with --out"
            ]),
            "{said}"
        );
        assert!(line(&["database: fail"]), "{said}");
    }
}
