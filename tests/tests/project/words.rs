//! Words that the code base avoids, in code, comments, log lines and documentation.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Words of an earlier dialect of this code base, for which the field has terms of its own.
const AVOIDED: [&[&str]; 17] = [
    &["told"],
    &["hears"],
    &["somebody"],
    &["lest"],
    &["in", "vain"],
    &["of", "late"],
    &["notice"],
    &["notices"],
    &["noticed"],
    &["crowd"],
    &["ledger"],
    &["keeper"],
    &["sight"],
    &["roll", "up"],
    &["judge"],
    &["judged"],
    &["judges"],
];

/// Where an avoided word is part of a name that others chose, or of a quotation.
const ALLOWED_FILES: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "words.rs"];

/// Returns the words of a line: runs of letters and digits, in lower case, with names in
/// `snake_case` and `CamelCase` taken apart.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in line.chars() {
        let starts_word = c.is_uppercase() && was_lower;
        if !c.is_alphanumeric() || starts_word {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            let word = words.last_mut().expect("never empty");
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the avoided words in a line.
fn avoided(line: &str) -> Vec<String> {
    let words = words(line);
    let is_in = |avoided: &&&[&str]| {
        words
            .windows(avoided.len())
            .any(|window| window == **avoided)
    };
    AVOIDED
        .iter()
        .filter(is_in)
        .map(|avoided| avoided.join(" "))
        .collect()
}

/// Returns the text files of a folder and those below it, without what is built.
fn text_files(folder: &Path) -> Vec<PathBuf> {
    let is_skipped = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name == "target"
            || (name.starts_with('.') && name != ".ci")
            || path.ends_with("tests/mutants/outcomes")
            || ALLOWED_FILES.contains(&&*name)
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if is_skipped(&path) {
            continue;
        }
        if path.is_dir() {
            files.extend(text_files(&path));
        } else if path.extension().is_some_and(|ext| {
            ["rs", "md", "toml", "stderr"]
                .iter()
                .any(|text| ext == *text)
        }) {
            files.push(path);
        }
    }
    files
}

#[test]
fn avoided_words_are_in_no_text_of_the_workspace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = text_files(&root);
    assert!(files.len() > 300, "only {} files were read", files.len());
    let mut found = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let path = path.strip_prefix(&root).unwrap().display();
        for (at, line) in text.lines().enumerate() {
            for word in avoided(line) {
                found.push(format!("{path}:{}: {word}", at + 1));
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn avoided_words_are_found_whole_and_in_names() {
    for (line, expected) in [
        ("// Told to observers.", "told"),
        ("fn each_is_told_once() {", "told"),
        ("struct JournalKeeper;", "keeper"),
        ("mod roll_up;", "roll up"),
        ("it failed in vain, again", "in vain"),
        ("const NOTICE: &str", "notice"),
    ] {
        assert_eq!(avoided(line), [expected], "{line}");
    }
    for line in [
        "retold, insight, unnoticed, bookkeeper",
        "in a vein; of the latest",
        "rolls up",
        "notification",
    ] {
        assert_eq!(avoided(line), [""; 0], "{line}");
    }
}
