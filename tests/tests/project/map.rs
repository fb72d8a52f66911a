//! The map in `ARCHITECTURE.md`: a line for each file, from the first line of its documentation.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

const BEGIN: &str = "<!-- map: begin -->\n";
const END: &str = "<!-- map: end -->\n";

/// The folders whose files have a line.
const FOLDERS: [&str; 7] = [
    "runtime/src",
    "macros/src",
    "integrations/sqlite/src",
    "integrations/postgres/src",
    "integrations/dashboard/src",
    "integrations/redis/src",
    "cli/src",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the first sentence of the documentation of a file.
fn header(text: &str) -> Option<String> {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let paragraph: Vec<&str> = lines
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let sentence = match paragraph.split_once(". ") {
        Some((first, _)) => first,
        None => paragraph.trim_end_matches('.'),
    };
    // Links of the crate's documentation lead nowhere from here.
    let plain = sentence.replace("[`", "`").replace("`]", "`");
    (!plain.is_empty()).then_some(plain)
}

/// Collects the source files of a folder, by folder, without those of tests.
fn collect(folder: &Path, files: &mut BTreeMap<String, BTreeMap<String, Option<String>>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            if !["tests", "snapshots"].contains(&&*name) {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let folder = folder.strip_prefix(root()).unwrap().to_str().unwrap();
            let header = header(&fs::read_to_string(&path).unwrap());
            let files = files.entry(folder.to_owned()).or_default();
            files.insert(name, header);
        }
    }
}

/// Returns the map, and the files that have no header.
fn map() -> (String, Vec<String>) {
    let mut folders = BTreeMap::new();
    for folder in FOLDERS {
        collect(&root().join(folder), &mut folders);
    }
    let (mut map, mut nameless) = (String::from("\n"), Vec::new());
    for (folder, mut files) in folders {
        let about = files.remove("mod.rs").or_else(|| files.remove("lib.rs"));
        // The module of a folder without them is the file of the same name beside it.
        let beside = || fs::read_to_string(root().join(&folder).with_extension("rs")).ok();
        let about = about.or_else(|| beside().map(|text| header(&text)));
        map += &match about.flatten() {
            Some(about) => format!("**`{folder}/`**: {about}\n\n"),
            None => format!("**`{folder}/`**\n\n"),
        };
        for (file, header) in &files {
            match header {
                Some(header) => map += &format!("- `{file}`: {header}\n"),
                None => nameless.push(format!("{folder}/{file}")),
            }
        }
        if !files.is_empty() {
            map.push('\n');
        }
    }
    (map, nameless)
}

#[test]
fn map_of_the_architecture_has_a_line_for_each_file() {
    let (map, nameless) = map();
    assert!(nameless.is_empty(), "without a header: {nameless:#?}");
    let page = root().join("ARCHITECTURE.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the beginning of the map");
    let (found, after) = rest.split_once(END).expect("the end of the map");
    if env::var_os("UPDATE_MAP").is_some() {
        fs::write(&page, format!("{before}{BEGIN}{map}{END}{after}")).unwrap();
        return;
    }
    assert!(
        found == map,
        "the map is not that of the files: UPDATE_MAP=1 cargo test -p gardefou-tests --test project map"
    );
}

#[test]
fn header_is_the_first_sentence_of_the_documentation() {
    let text = "//! Backoff: the delays\n//! between attempts. Not more.\n//!\n//! More.\nuse x;";
    assert_eq!(
        header(text).as_deref(),
        Some("Backoff: the delays between attempts")
    );
    assert_eq!(header("//! One noun.\nuse x;").as_deref(), Some("One noun"));
    assert_eq!(
        header("//! The [`View`] of it.").as_deref(),
        Some("The `View` of it")
    );
    assert_eq!(header("use x;"), None);
}
