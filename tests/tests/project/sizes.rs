//! Sizes of source files: one noun each.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Lines of code that a file of the published crates has at most.
const MAX_LINES: usize = 400;

/// Returns how many lines are code: not blank, no comment, and not behind the tests of the file.
fn lines_of_code(text: &str) -> usize {
    let tests = text
        .lines()
        .zip(text.lines().skip(1))
        .position(|(first, second)| {
            first.starts_with("#[cfg(")
                && first.contains("test")
                && second.starts_with("mod tests {")
        });
    let lines = text.lines().take(tests.unwrap_or(usize::MAX));
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

fn collect(folder: &Path, long: &mut Vec<(PathBuf, usize)>, files: &mut usize) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, long, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *files += 1;
            let lines = lines_of_code(&fs::read_to_string(&path).unwrap());
            if lines > MAX_LINES {
                long.push((path, lines));
            }
        }
    }
}

#[test]
fn no_file_of_the_published_crates_has_more_than_400_lines_of_code() {
    let (mut long, mut files) = (Vec::new(), 0);
    for folder in [
        "../runtime/src",
        "../macros/src",
        "../integrations/sqlite/src",
        "../integrations/postgres/src",
        "../integrations/dashboard/src",
        "../cli/src",
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        collect(&folder, &mut long, &mut files);
    }
    assert!(files > 300, "the test sees {files} files");
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn comments_blank_lines_and_tests_are_no_code() {
    let text = "//! One.\n\nuse x;\n\n/// Two.\nfn f() {\n    // Three.\n}\n\n#[cfg(test)]\nmod tests {\n}\n";
    assert_eq!(lines_of_code(text), 3);
    assert_eq!(lines_of_code("#[cfg(test)]\nmod tests;\nuse x;\n"), 3);
}
