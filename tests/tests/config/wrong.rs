//! Wrong files, in many forms: each is reported with its line.
//!
//! `UPDATE_WRONG=1` writes the expected texts; they are to be read as prose.

use gardefou::system::ConfigFile;
use std::{collections::BTreeSet, fmt::Write, fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/wrong"))
}

/// The problems of a file as text, with the line of each and a caret below.
fn report(text: &str) -> String {
    let Err(err) = ConfigFile::parse("gardefou.toml", text) else {
        return "no problems\n".to_owned();
    };
    let mut report = String::new();
    for problem in err.problems() {
        writeln!(report, "{problem}").unwrap();
        if let (Some(line), Some(columns)) = (&problem.line_text, &problem.columns) {
            let indent = " ".repeat(columns.start as usize - 1);
            let carets = "^".repeat((columns.end - columns.start) as usize);
            writeln!(report, "    {line}\n    {indent}{carets}").unwrap();
        }
    }
    report
}

#[test]
fn each_wrong_file_is_reported_with_its_line() {
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 40, "{} files", files.len());
    let mut differing = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let report = report(&text);
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let err = ConfigFile::parse("gardefou.toml", &text).expect_err(&name);
        let lines = text.lines().count() as u32;
        for problem in err.problems() {
            assert!(
                problem.line.is_some_and(|line| (1..=lines).contains(&line)),
                "{name}: {problem}"
            );
            assert!(problem.columns.is_some(), "{name}: {problem}");
        }
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE_WRONG").is_some() {
            fs::write(&expected, &report).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != report {
            differing.push(format!("{name}:\n{report}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn several_problems_are_reported_in_one_go_in_the_order_of_their_lines() {
    let text = fs::read_to_string(folder().join("several_problems.toml")).unwrap();
    let err = ConfigFile::parse("gardefou.toml", &text).unwrap_err();
    let lines: Vec<_> = err
        .problems()
        .iter()
        .filter_map(|problem| problem.line)
        .collect();
    assert_eq!(lines, [3, 4, 7, 8, 12, 14]);
    let texts: BTreeSet<_> = err.problems().iter().map(ToString::to_string).collect();
    assert!(
        texts.iter().all(|text| err.to_string().contains(text)),
        "{err}"
    );
}

#[test]
fn text_of_any_kind_is_read_or_refused() {
    proptest::proptest!(|(text in "(\\[(breaker|retry|alerts)\\.?[a-z*\"]{0,4}\\]\n|[a-z_.]{0,12} ?= ?[-\"0-9a-z\\[\\]{}.]{0,9}\n|.{0,12}\n){0,8}")| {
        if let Err(err) = ConfigFile::parse("f", &text) {
            proptest::prop_assert!(!err.problems().is_empty());
            for problem in err.problems() {
                let _ = (problem.to_string(), problem.message());
            }
        }
    });
}

#[test]
fn settings_that_the_code_may_complete_are_no_problems_of_the_file() {
    for text in [
        "[bulkhead.db]\nmax_queue = 8",
        "[bulkhead.db]\nmin = 2",
        "[rate_limit.geocoder]\nburst = 20",
        "[breaker.payments]\nmin_calls = 500",
        "[breaker.payments]\nslow_rate = 0.4",
        "[breaker.payments]\non_store_loss = \"open\"",
        "[breaker.payments]\nmax_recovery_timeout = \"10s\"",
        "[hedge.search]\nmax_hedges = 2",
        "[retry.http]\nmax_delay = \"10ms\"",
        "[breaker.payments]",
        "[journal]\nmax_age = \"7d\"",
        "[alerts.webhook]\nformat = \"slack\"",
        "[alerts.mail]\nhost = \"h\"\nfrom = \"a@example.com\"\nto = \"b@example.com\"\nuser = \"u\"",
        "",
    ] {
        let checked = ConfigFile::parse("f", text);
        assert!(checked.is_ok(), "{text}: {checked:?}");
    }
}
