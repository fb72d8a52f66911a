//! Dependencies and features, and the manifests of the workspace.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

/// Returns the crates that a user compiles for gardefou: with those of build scripts and macros,
/// without gardefou itself and without those of tests.
fn crates(options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--package",
            "gardefou",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(options)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("cargo prints text");
    let crates: BTreeSet<String> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect();
    assert!(crates.len() > 5, "{text}");
    crates
        .into_iter()
        .filter(|name| !name.starts_with("gardefou v"))
        .collect()
}

#[test]
fn default_features_add_at_most_thirty_crates() {
    let crates = crates(&[]);
    assert!(crates.len() <= 30, "{}: {crates:#?}", crates.len());
}

#[test]
fn no_async_runtime_without_default_features() {
    let (all, sync) = (crates(&[]), crates(&["--no-default-features"]));
    let runtime = |name: &&String| name.starts_with("tokio ") || name.starts_with("futures");
    assert_eq!(sync.iter().find(runtime), None);
    assert!(
        all.iter().any(|name| runtime(&name)),
        "the default features have a runtime"
    );
    assert!(sync.len() < all.len());
}

#[test]
fn readme_lists_every_feature_and_no_other() {
    let manifest = include_str!("../../../runtime/Cargo.toml");
    let (_, features) = manifest
        .split_once("[features]")
        .expect("a table of features");
    let (features, _) = features.split_once("\n[").expect("another table after it");
    let names = features
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" ="));
    let features: BTreeSet<&str> = names
        .map(|(name, _)| name)
        .filter(|name| *name != "default")
        .collect();
    let readme = include_str!("../../../README.md");
    let (_, table) = readme
        .split_once("| feature |")
        .expect("a table of features");
    let (table, _) = table.split_once("\n\n").expect("an end of the table");
    let listed: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(features.contains("async"));
    assert_eq!(listed, features);
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Returns the tables of a manifest: the lines under each heading, without comments.
fn tables(folder: &str) -> BTreeMap<String, Vec<String>> {
    let manifest =
        fs::read_to_string(Path::new(ROOT).join(folder).join("Cargo.toml")).expect("a manifest");
    let (mut tables, mut heading) = (BTreeMap::<_, Vec<String>>::new(), String::new());
    for line in manifest
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line
            .strip_prefix('[')
            .and_then(|line| line.split(']').next().map(str::to_owned))
        {
            // A line with a comma is the second line of a list.
            Some(name) if !line.contains(',') => heading = name,
            _ => tables
                .entry(heading.clone())
                .or_default()
                .push(line.to_owned()),
        }
    }
    tables
}

fn members() -> Vec<String> {
    let workspace = &tables("")["workspace"];
    let members = workspace
        .iter()
        .find_map(|line| line.strip_prefix("members = "))
        .expect("members");
    let members: Vec<String> = members
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    assert!(
        members.len() > 4 && members.contains(&"runtime".to_owned()),
        "{members:?}"
    );
    members
}

#[test]
fn versions_and_lints_are_set_in_the_workspace_alone() {
    for member in members() {
        let tables = tables(&member);
        assert!(
            tables["package"].contains(&"version.workspace = true".to_owned()),
            "the version of {member}"
        );
        assert_eq!(
            tables["lints"],
            ["workspace = true"],
            "the lints of {member}"
        );
        let dependencies = tables
            .iter()
            .filter(|(heading, _)| heading.contains("dependencies"));
        for (heading, line) in
            dependencies.flat_map(|(heading, lines)| lines.iter().map(move |line| (heading, line)))
        {
            let is_ours = line.starts_with("gardefou") && line.contains("path = ");
            let is_shared = line.contains("workspace = true") && !line.contains("version");
            assert!(is_ours || is_shared, "{member} [{heading}] {line}");
        }
    }
}

#[test]
fn lints_of_the_workspace_forbid_unsafe_code_and_require_docs() {
    let lints = &tables("")["workspace.lints.rust"];
    let level = |name: &str| {
        lints
            .iter()
            .find_map(|line| line.strip_prefix(name)?.split('"').nth(1))
    };
    assert_eq!(level("unsafe_code = "), Some("forbid"));
    assert!(
        matches!(level("missing_docs = "), Some("warn" | "deny" | "forbid")),
        "{lints:?}"
    );
}
