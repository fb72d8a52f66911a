//! What a user's build grows by.

use std::{collections::BTreeSet, process::Command};

/// The crates that a user compiles for gardefou, itself left out: build scripts and macros included, tests not.
fn crates(options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", "gardefou", "--edges", "normal,build", "--prefix", "none"])
        .args(options)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo prints text");
    let crates: BTreeSet<String> = text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect();
    assert!(crates.len() > 5, "{text}");
    crates.into_iter().filter(|name| !name.starts_with("gardefou v")).collect()
}

#[test]
fn the_default_features_add_at_most_thirty_crates() {
    let crates = crates(&[]);
    assert!(crates.len() <= 30, "{}: {crates:#?}", crates.len());
}

#[test]
fn without_default_features_there_is_no_async_runtime() {
    let (all, sync) = (crates(&[]), crates(&["--no-default-features"]));
    let runtime = |name: &&String| name.starts_with("tokio ") || name.starts_with("futures");
    assert_eq!(sync.iter().find(runtime), None);
    assert!(all.iter().any(|name| runtime(&name)), "the other half of the test looks for nothing");
    assert!(sync.len() < all.len());
}

#[test]
fn the_readme_lists_every_feature_and_no_other() {
    let manifest = include_str!("../../../runtime/Cargo.toml");
    let (_, features) = manifest.split_once("[features]").expect("a table of features");
    let (features, _) = features.split_once("\n[").expect("another table after it");
    let names = features.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" ="));
    let features: BTreeSet<&str> = names.map(|(name, _)| name).filter(|name| *name != "default").collect();
    let readme = include_str!("../../../README.md");
    let (_, table) = readme.split_once("| feature |").expect("a table of features");
    let (table, _) = table.split_once("\n\n").expect("an end of the table");
    let listed: BTreeSet<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(features.contains("async"));
    assert_eq!(listed, features);
}
