//! How far a spool was read.

use gardefou::monitor::journal::Written;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How far a spool was read, file by file: a process can go on appending to a file after a later one
/// was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// Files up to this number were removed by retention, and what was not read of them is counted.
    through: u64,
    /// How many lines those had, as the journal counts them.
    lines: u64,
    /// All lines that were read, of which each has a number.
    pub(super) read: u64,
    pub(super) files: BTreeMap<u64, FilePosition>,
}

/// How far one file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FilePosition {
    /// The end of the last line that was read.
    pub(super) at: u64,
    /// How many lines were read.
    pub(super) lines: u64,
    /// The identity of the first record, which distinguishes the file from another one under its
    /// number.
    pub(super) first: String,
}

impl Position {
    /// Makes the position of a spool of which nothing was read.
    pub(crate) fn starting(through: u64, lines: u64) -> Self {
        Self {
            through,
            lines,
            ..Self::default()
        }
    }

    pub(super) fn at(&self, number: u64) -> u64 {
        self.files.get(&number).map_or(0, |file| file.at)
    }

    /// Takes into account what retention has removed; returns how many lines of that were not read.
    pub(super) fn settle(&mut self, written: &Written) -> u64 {
        let (through, lines) = (written.removed_through, written.removed_lines);
        let mut lost = 0;
        if through < self.through || lines < self.lines {
            // The folder was made again, or its counts were put aside: there is nothing to compare.
            (self.through, self.lines) = (through, lines);
        } else if through > self.through {
            let kept = self.files.split_off(&(through + 1));
            let removed = std::mem::replace(&mut self.files, kept);
            let read: u64 = removed.values().map(|file| file.lines).sum();
            lost = (lines - self.lines).saturating_sub(read);
            (self.through, self.lines) = (through, lines);
        }
        // Moved away by something else than retention.
        let exists = |number: &u64| written.files.iter().any(|file| file.number == *number);
        self.files.retain(|number, _| exists(number));
        lost
    }

    pub(crate) fn to_json(&self) -> Value {
        let files = self.files.iter().map(|(number, file)| {
            let entry = json!([file.at, file.lines, file.first]);
            (number.to_string(), entry)
        });
        json!({
            "through": self.through,
            "lines": self.lines,
            "read": self.read,
            "files": files.collect::<Map<_, _>>(),
        })
    }

    /// Reads the form that `to_json` writes.
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let file = |(number, entry): (&String, &Value)| {
            let position = FilePosition {
                at: entry[0].as_u64()?,
                lines: entry[1].as_u64()?,
                first: entry[2].as_str()?.to_owned(),
            };
            Some((number.parse().ok()?, position))
        };
        Some(Self {
            through: json["through"].as_u64()?,
            lines: json["lines"].as_u64()?,
            read: json["read"].as_u64()?,
            files: json["files"]
                .as_object()?
                .iter()
                .map(file)
                .collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gardefou::monitor::journal::JournalReader;
    use std::fs;

    /// A folder with these files of one line each, after so many files with so many lines.
    fn written(files: &[u64], removed: (u64, u64)) -> Written {
        let folder = tempfile::tempdir().unwrap();
        for number in files {
            let name = format!("errors-{number:08}.jsonl");
            fs::write(folder.path().join(name), "x\n").unwrap();
        }
        let rollup = json!({ "v": 1, "through": removed.0, "lines": removed.1, "days": {} });
        fs::write(folder.path().join("rollup.json"), rollup.to_string()).unwrap();
        JournalReader::open(folder.path())
            .unwrap()
            .written()
            .unwrap()
    }

    fn read(files: &[(u64, u64)]) -> Position {
        let mut position = Position::starting(3, 40);
        for (number, lines) in files {
            let file = FilePosition {
                at: lines * 2,
                lines: *lines,
                first: String::new(),
            };
            position.files.insert(*number, file);
        }
        position
    }

    #[test]
    fn lines_of_removed_files_are_lost_as_far_as_they_were_not_read() {
        // 4 and 5 had 30 lines together, of which 10 and 15 were read.
        let mut position = read(&[(4, 10), (5, 15), (6, 7)]);
        assert_eq!(position.settle(&written(&[6, 7], (5, 70))), 5);
        assert_eq!(position.files.keys().copied().collect::<Vec<_>>(), [6]);
        assert_eq!(position.settle(&written(&[6, 7], (5, 70))), 0, "once");
        assert_eq!(
            position.settle(&written(&[9], (8, 100))),
            23,
            "files that were never read, too"
        );
    }

    #[test]
    fn folder_that_was_made_again_loses_nothing() {
        let mut position = read(&[(4, 10)]);
        assert_eq!(position.settle(&written(&[1], (0, 0))), 0);
        assert_eq!(position, Position::starting(0, 0));
        assert_eq!(position.settle(&written(&[2], (1, 3))), 3);
    }

    #[test]
    fn position_reads_back() {
        let mut position = read(&[(4, 10), (50, 1)]);
        position.read = 11;
        assert_eq!(Position::from_json(&position.to_json()), Some(position));
        assert_eq!(Position::from_json(&json!({ "through": 1 })), None);
    }
}
