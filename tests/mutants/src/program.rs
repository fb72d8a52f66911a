//! Test programs with mutants in them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use serde::Deserialize;

use crate::area::Area;
use crate::mutant::Mutant;
use crate::weave::{Region, SWITCH, Source};

/// A copy of the workspace that mutants are put into.
pub struct Tree {
    root: PathBuf,
    sources: BTreeMap<String, Source>,
}

/// A test binary, as cargo would start it.
#[derive(Clone)]
pub struct Binary {
    pub name: String,
    pub path: PathBuf,
    pub folder: PathBuf,
}

/// Whether one build is run thousands of times, or many builds once each.
#[derive(Clone, Copy)]
pub enum Builds {
    One,
    Many,
}

/// What became of mutants when they were compiled.
#[derive(Default)]
pub struct Sorted {
    pub woven: BTreeSet<usize>,
    pub unviable: Vec<usize>,
    /// In constant functions and in those that return `impl Trait`: they are compiled one by one.
    pub apart: BTreeSet<usize>,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    message: Option<Diagnostic>,
    executable: Option<PathBuf>,
    target: Option<Target>,
    manifest_path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    spans: Vec<DiagnosticSpan>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct DiagnosticSpan {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: DiagnosticSpan,
}

impl Tree {
    /// Copies what git knows or would know.
    pub fn copy(root: PathBuf, mutants: &[Mutant]) -> Result<Self, String> {
        let listed = Command::new("git")
            .args(["ls-files", "-co", "--exclude-standard", "-z"])
            .output()
            .map_err(|error| format!("git: {error}"))?;
        if root.exists() {
            fs::remove_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        }
        for file in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            let to = root.join(file);
            // Removed, but not yet in git.
            if !Path::new(file).is_file() {
                continue;
            }
            to.parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::copy(file, &to))
                .map_err(|error| format!("{file}: {error}"))?;
        }
        let mut sources = BTreeMap::new();
        for file in mutants.iter().map(|mutant| &mutant.file) {
            if !sources.contains_key(file) {
                let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
                sources.insert(
                    file.clone(),
                    Source::parse(text).map_err(|error| format!("{file}: {error}"))?,
                );
            }
        }
        Ok(Self { root, sources })
    }

    fn cargo(&self, area: &Area, builds: Builds, arguments: &[&str]) -> Result<Output, String> {
        let (incremental, optimized) = match builds {
            Builds::One => ("0", "1"),
            Builds::Many => ("1", "0"),
        };
        let mut command = Command::new("cargo");
        command.args(arguments).args([
            "--message-format=json",
            "-p",
            "gardefou",
            "-p",
            "gardefou-sqlite",
            "-p",
            "gardefou-tests",
            "--lib",
        ]);
        if !area.features.is_empty() {
            command.args(["--features", area.features]);
        }
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.root.with_extension("build"))
            .env("CARGO_INCREMENTAL", incremental)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", optimized)
            .env("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "true")
            .env("RUSTFLAGS", "--cap-lints=warn -Awarnings")
            .output()
            .map_err(|error| format!("cargo: {error}"))
    }

    /// Puts mutants into the tree, without those that do not compile.
    pub fn weave(
        &self,
        area: &Area,
        mutants: &[Mutant],
        wanted: &[usize],
    ) -> Result<Sorted, String> {
        let mut sorted = Sorted::default();
        for &index in wanted {
            let mutant = &mutants[index];
            let set = if self.sources[&mutant.file].can_weave(mutant) {
                &mut sorted.woven
            } else {
                &mut sorted.apart
            };
            set.insert(index);
        }
        let library = self.root.join("runtime/src/lib.rs");
        let text = fs::read_to_string(&library).map_err(|error| error.to_string())?;
        fs::write(&library, text + SWITCH).map_err(|error| error.to_string())?;
        loop {
            let mut regions = BTreeMap::new();
            for (file, source) in &self.sources {
                let chosen: Vec<_> = sorted
                    .woven
                    .iter()
                    .filter(|&&index| mutants[index].file == *file)
                    .map(|&index| (index, &mutants[index]))
                    .collect();
                let woven = source.weave(&chosen);
                fs::write(self.root.join(file), woven.text)
                    .map_err(|error| format!("{file}: {error}"))?;
                regions.insert(file.clone(), woven.regions);
            }
            let output = self.cargo(area, Builds::One, &["check", "--profile", "test"])?;
            if output.status.success() {
                return Ok(sorted);
            }
            let before = sorted.woven.len();
            for error in errors(&output) {
                self.sort(&error, &regions, mutants, &mut sorted);
            }
            eprintln!("  {} of {} compile so far", sorted.woven.len(), before);
            if sorted.woven.len() == before {
                let texts: Vec<_> = errors(&output)
                    .into_iter()
                    .filter_map(|error| error.rendered)
                    .collect();
                return Err(format!(
                    "the woven program does not compile:\n{}\n{}",
                    texts.join("\n"),
                    String::from_utf8_lossy(&output.stderr)
                ));
            }
        }
    }

    /// Finds the mutant that an error of the compiler is about.
    fn sort(
        &self,
        error: &Diagnostic,
        regions: &BTreeMap<String, Vec<Region>>,
        mutants: &[Mutant],
        sorted: &mut Sorted,
    ) {
        let mut places = Vec::new();
        error
            .spans
            .iter()
            .filter(|span| span.is_primary)
            .for_each(|span| gather(span, &mut places));
        error
            .spans
            .iter()
            .filter(|span| !span.is_primary)
            .for_each(|span| gather(span, &mut places));
        for (file, range) in &places {
            let Some(regions) = regions
                .iter()
                .find(|(name, _)| file.ends_with(&***name))
                .map(|(_, regions)| regions)
            else {
                continue;
            };
            let around = regions
                .iter()
                .filter(|region| region.range.start <= range.start && range.end <= region.range.end)
                .min_by_key(|region| region.range.len());
            match around {
                Some(Region {
                    mutant: Some(index),
                    ..
                }) => {
                    if sorted.woven.remove(index) {
                        sorted.unviable.push(*index);
                    }
                    return;
                }
                // The copies do not go together.
                Some(Region {
                    mutant: None,
                    siblings,
                    ..
                }) => {
                    for index in siblings {
                        if sorted.woven.remove(index) {
                            sorted.apart.insert(*index);
                        }
                    }
                    return;
                }
                None => {}
            }
        }
        // A constant needs the function that is no constant one any more: "non-const fn `a::b`".
        for name in error
            .message
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(|path| path.rsplit("::").next())
        {
            let (needed, others): (BTreeSet<_>, _) = std::mem::take(&mut sorted.woven)
                .into_iter()
                .partition(|&index| {
                    self.sources[&mutants[index].file].is_in_constant(&mutants[index], name)
                });
            sorted.woven = others;
            sorted.apart.extend(needed);
        }
    }

    /// Puts one mutant alone into the tree.
    pub fn change(&self, mutant: &Mutant) -> Result<(), String> {
        for (file, source) in &self.sources {
            let text = if *file == mutant.file {
                source.changed(mutant)
            } else {
                source.weave(&[]).text
            };
            let path = self.root.join(file);
            if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                fs::write(path, text).map_err(|error| format!("{file}: {error}"))?;
            }
        }
        Ok(())
    }

    /// Builds the unit tests and the integration tests of an area; `None` where they do not
    /// compile.
    pub fn build(&self, area: &Area, builds: Builds) -> Result<Option<Vec<Binary>>, String> {
        let mut arguments = vec!["test", "--no-run"];
        area.tests
            .iter()
            .for_each(|test| arguments.extend(["--test", test]));
        let output = self.cargo(area, builds, &arguments)?;
        if !output.status.success() {
            for error in errors(&output) {
                eprintln!("{}", error.rendered.unwrap_or(error.message));
            }
            return Ok(None);
        }
        let mut binaries = Vec::new();
        for message in messages(&output) {
            let (Some(path), Some(target), Some(manifest)) =
                (message.executable, message.target, message.manifest_path)
            else {
                continue;
            };
            // The library of the tests has none of its own.
            if message.reason == "compiler-artifact" && target.name != "gardefou_tests" {
                let folder = manifest.parent().unwrap_or(&self.root).to_owned();
                binaries.push(Binary {
                    name: target.name,
                    path,
                    folder,
                });
            }
        }
        Ok(Some(binaries))
    }
}

/// The folder for everything that is built.
pub fn scratch() -> PathBuf {
    env::current_dir()
        .unwrap_or_default()
        .join("target/mutants")
}

fn messages(output: &Output) -> Vec<Message> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn errors(output: &Output) -> Vec<Diagnostic> {
    messages(output)
        .into_iter()
        .filter_map(|message| message.message)
        .filter(|error| error.level == "error")
        .collect()
}

fn gather(span: &DiagnosticSpan, places: &mut Vec<(String, Range<usize>)>) {
    places.push((span.file_name.clone(), span.byte_start..span.byte_end));
    if let Some(expansion) = &span.expansion {
        gather(&expansion.span, places);
    }
}
