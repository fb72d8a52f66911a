//! Reading a file from its end, line by line.

use std::io::{self, Read, Seek, SeekFrom};

/// The lines of a file before a position, last first, each with the position of its first byte.
///
/// What follows the last newline is given too: it is a line that was torn, or that is being written.
#[derive(Debug)]
pub(super) struct Backwards<F> {
    file: F,
    /// Where `held` begins in the file.
    start: u64,
    /// Bytes that were read and belong to lines that were not given yet.
    held: Vec<u8>,
    /// How many bytes at the end of `held` are known to hold no newline.
    searched: usize,
    done: bool,
}

const CHUNK: u64 = 64 * 1024;

impl<F: Read + Seek> Backwards<F> {
    /// Reads the lines that end at or before `end`, which is the start of a line or the end of the file.
    pub(super) fn new(file: F, end: u64) -> Self {
        Self { file, start: end, held: Vec::new(), searched: 0, done: false }
    }

    /// The next line up, without its newline; empty lines are left out.
    pub(super) fn next_line(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            let unsearched = self.held.len() - self.searched;
            if let Some(newline) = self.held[..unsearched].iter().rposition(|byte| *byte == b'\n') {
                let line = self.held.split_off(newline + 1);
                self.held.truncate(newline);
                self.searched = 0;
                if !line.is_empty() {
                    return Ok(Some((self.start + newline as u64 + 1, line)));
                }
            } else if self.start > 0 {
                self.searched = self.held.len();
                self.read_more()?;
            } else if !self.done {
                self.done = true;
                let line = std::mem::take(&mut self.held);
                self.searched = 0;
                return Ok((!line.is_empty()).then_some((0, line)));
            } else {
                return Ok(None);
            }
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        let size = CHUNK.min(self.start);
        self.file.seek(SeekFrom::Start(self.start - size))?;
        // At most 64 KiB.
        let mut chunk = vec![0; size as usize];
        self.file.read_exact(&mut chunk)?;
        chunk.append(&mut self.held);
        self.held = chunk;
        self.start -= size;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn all(bytes: &[u8], end: usize) -> Vec<(u64, String)> {
        let mut reader = Backwards::new(Cursor::new(bytes.to_vec()), end as u64);
        let mut lines = Vec::new();
        while let Some((at, line)) = reader.next_line().unwrap() {
            lines.push((at, String::from_utf8(line).unwrap()));
        }
        lines
    }

    #[test]
    fn lines_come_last_first_with_their_places() {
        let bytes = b"one\n\ntwo\nthr";
        let expected = [(9, "thr"), (5, "two"), (0, "one")].map(|(at, line)| (at, line.to_owned()));
        assert_eq!(all(bytes, bytes.len()), expected);
        assert_eq!(all(bytes, 9), expected[1..]);
        assert_eq!(all(bytes, 5), expected[2..]);
        assert_eq!(all(b"", 0), []);
        assert_eq!(all(b"\n\n", 2), []);
    }

    #[test]
    fn lines_longer_than_a_chunk_and_lines_across_chunks_are_whole() {
        let lines: Vec<String> = (0..300).map(|i| format!("{i}:{}", "x".repeat(i * 977 % 150_000))).collect();
        let bytes: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
        let found: Vec<String> = all(&bytes, bytes.len()).into_iter().map(|(_, line)| line).rev().collect();
        assert!(found == lines);
    }
}
