//! The pages: their links lead somewhere, the index has all of them, their code is compiled, and
//! the two editions of one page agree.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The folder of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every file below a folder whose name ends so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The pages of `docs/`, and those at the root.
fn pages() -> Vec<PathBuf> {
    let mut pages = files(&root().join("docs"), ".md");
    pages.extend(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root().join(name)));
    pages
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// A page as its lines of prose and its blocks of code.
struct Page {
    prose: Vec<String>,
    code: Vec<String>,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = read(path);
        let parts = text.split("```");
        let (mut prose, mut code) = (Vec::new(), Vec::new());
        for (number, part) in parts.enumerate() {
            if number % 2 == 0 {
                prose.extend(part.lines().map(str::to_owned));
            } else {
                code.push(part.to_owned());
            }
        }
        Self { prose, code }
    }

    /// The levels of the headings, in their order.
    fn levels(&self) -> Vec<usize> {
        let headings = self.prose.iter().filter(|line| line.starts_with('#'));
        headings
            .map(|line| line.chars().take_while(|c| *c == '#').count())
            .collect()
    }

    /// The anchors of the headings, as GitHub makes them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose.iter().filter(|line| line.starts_with('#'));
        headings
            .map(|line| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                let kept = title
                    .chars()
                    .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                kept.map(|c| if c == ' ' { '-' } else { c }).collect()
            })
            .collect()
    }

    /// The targets of links to other files and to headings: those in place, and those of
    /// definitions.
    fn links(&self) -> BTreeSet<String> {
        // A link may be broken between its text and its target's line.
        let text = self.prose.join("\n");
        let in_place = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        let in_place = in_place.map(|(target, _)| target);
        let defined = self.definitions().map(|(_, target)| target);
        in_place
            .chain(defined)
            .filter(|target| !target.contains("://") && !target.starts_with("crate::"))
            .map(str::to_owned)
            .collect()
    }

    /// The definitions of reference links: label and target.
    fn definitions(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.prose.iter().filter_map(|line| line.strip_prefix('['));
        lines.filter_map(|line| line.split_once("]: "))
    }
}

/// In the guide of the crate's documentation, links between pages lead to modules.
#[test]
fn guide_has_a_definition_for_each_link_between_pages() {
    let guide = Page::read(&root().join("runtime/src/guide/links.md"));
    let labels: BTreeSet<&str> = guide.definitions().map(|(label, _)| label).collect();
    let mut defined = 0;
    for path in files(&root().join("docs"), ".md") {
        let page = Page::read(&path);
        for link in page.links() {
            let is_page = link.split('#').next().unwrap().ends_with(".md");
            assert!(
                !is_page
                    || page
                        .definitions()
                        .any(|(label, target)| label == link && target == link),
                "{}: write [text][{link}] and define [{link}]: {link}",
                path.display()
            );
            assert!(
                !is_page || labels.contains(&*link),
                "runtime/src/guide/links.md has no [{link}] of {}",
                path.display()
            );
            defined += usize::from(is_page);
        }
    }
    assert!(defined > 40, "the test sees {defined} links");
}

#[test]
fn links_between_pages_lead_to_files_and_headings() {
    let mut broken = Vec::new();
    let mut links = 0;
    for path in pages() {
        for link in Page::read(&path).links() {
            links += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let is_there = target.exists()
                && (anchor.is_empty() || Page::read(&target).anchors().contains(anchor));
            if !is_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(links > 50, "the test sees {links} links");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn index_links_to_every_page() {
    let folder = root().join("docs");
    let links = Page::read(&folder.join("README.md")).links();
    for page in files(&folder, ".md") {
        let name = page.strip_prefix(&folder).unwrap().to_str().unwrap();
        assert!(
            name == "README.md" || links.contains(name),
            "{name} is missing in the index"
        );
    }
}

#[test]
fn code_of_every_page_is_included_in_the_tests() {
    let mut sources = files(&root().join("runtime/src"), ".rs");
    sources.extend(files(&root().join("tests/src"), ".rs"));
    let sources: String = sources.iter().map(|path| read(path)).collect();
    let folder = root().join("docs");
    for page in files(&folder, ".md") {
        let has_code = Page::read(&page)
            .code
            .iter()
            .any(|block| block.starts_with("rust"));
        let name = page.strip_prefix(&folder).unwrap().to_str().unwrap();
        assert!(
            !has_code || sources.contains(&format!("docs/{name}\"")),
            "nothing includes docs/{name}"
        );
    }
}

#[test]
fn french_edition_has_the_headings_and_the_code_of_the_english_one() {
    let folder = root().join("docs/coming-from");
    let english = Page::read(&folder.join("python.md"));
    let french = Page::read(&folder.join("python.fr.md"));
    assert_eq!(french.levels(), english.levels());
    assert!(english.levels().len() > 3 && english.code.len() > 1);
    assert_eq!(french.code, english.code);
    let rows = |page: &Page| {
        page.prose
            .iter()
            .filter(|line| line.starts_with('|'))
            .count()
    };
    assert_eq!(rows(&french), rows(&english));
}
