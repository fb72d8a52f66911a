//! Lines of a file, backwards or forwards, in bounded memory.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// The lines of a file before a position, last first, each with the position of its first byte.
///
/// The bytes after the last newline are a line too: it was torn, or is being written.
#[derive(Debug)]
pub(super) struct ReverseLines<F> {
    file: F,
    /// Where `chunk` begins in the file.
    start: u64,
    /// Bytes that were read and not returned yet.
    chunk: Vec<u8>,
    /// The end of the line that begins before `chunk`, in the chunks that it was read in, last
    /// first.
    ends: Vec<Vec<u8>>,
    /// How many bytes are in `ends`.
    held: usize,
    done: bool,
}

const CHUNK: u64 = 64 * 1024;
/// Many times the length of the longest record. Of a longer line only the end is read into memory:
/// a whole record may follow the remains of a torn one.
pub(super) const MAX_LINE: usize = 1024 * 1024;

impl<F: Read + Seek> ReverseLines<F> {
    /// Reads the lines that end at or before `end`, which is the start of a line or the end of the
    /// file.
    pub(super) fn new(file: F, end: u64) -> Self {
        Self {
            file,
            start: end,
            chunk: Vec::new(),
            ends: Vec::new(),
            held: 0,
            done: false,
        }
    }

    /// Returns the line before, without its newline; empty lines are left out.
    pub(super) fn next_line(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            if let Some(newline) = self.chunk.iter().rposition(|byte| *byte == b'\n') {
                let begin = self.chunk.split_off(newline + 1);
                self.chunk.truncate(newline);
                let line = self.line_from(begin);
                if !line.is_empty() {
                    return Ok(Some((self.start + newline as u64 + 1, line)));
                }
            } else if self.start > 0 {
                self.read_more()?;
            } else if !self.done {
                self.done = true;
                let begin = std::mem::take(&mut self.chunk);
                let line = self.line_from(begin);
                return Ok((!line.is_empty()).then_some((0, line)));
            } else {
                return Ok(None);
            }
        }
    }

    /// Returns the line that begins with these bytes.
    fn line_from(&mut self, begin: Vec<u8>) -> Vec<u8> {
        self.held = 0;
        let ends = self.ends.drain(..).rev();
        let mut line = begin;
        ends.for_each(|mut end| line.append(&mut end));
        line.drain(..line.len().saturating_sub(MAX_LINE));
        line
    }

    fn read_more(&mut self) -> io::Result<()> {
        let before = std::mem::take(&mut self.chunk);
        if self.held < MAX_LINE {
            self.held += before.len();
            self.ends.push(before);
        }
        let size = CHUNK.min(self.start);
        self.file.seek(SeekFrom::Start(self.start - size))?;
        // At most 64 KiB.
        self.chunk = vec![0; size as usize];
        self.file.read_exact(&mut self.chunk)?;
        self.start -= size;
        Ok(())
    }
}

/// Reads the next line into `line`, without its newline; returns how many bytes it takes in the
/// file, or `None` where no newline follows.
pub(super) fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<u64>> {
    line.clear();
    let mut read = 0;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let newline = bytes.iter().position(|byte| *byte == b'\n');
        let taken = newline.map_or(bytes.len(), |at| at + 1);
        line.extend_from_slice(&bytes[..newline.unwrap_or(taken)]);
        reader.consume(taken);
        read += taken as u64;
        // Not each time, as it moves the bytes that stay.
        if newline.is_some() || line.len() >= 2 * MAX_LINE {
            line.drain(..line.len().saturating_sub(MAX_LINE));
        }
        if newline.is_some() {
            return Ok(Some(read));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn all(bytes: &[u8], end: usize) -> Vec<(u64, String)> {
        let mut reader = ReverseLines::new(Cursor::new(bytes.to_vec()), end as u64);
        let mut lines = Vec::new();
        while let Some((at, line)) = reader.next_line().unwrap() {
            lines.push((at, String::from_utf8(line).unwrap()));
        }
        lines
    }

    #[test]
    fn lines_are_returned_last_first_with_their_positions() {
        let bytes = b"one\n\ntwo\nthr";
        let expected = [(9, "thr"), (5, "two"), (0, "one")].map(|(at, line)| (at, line.to_owned()));
        assert_eq!(all(bytes, bytes.len()), expected);
        assert_eq!(all(bytes, 9), expected[1..]);
        assert_eq!(all(bytes, 5), expected[2..]);
        assert_eq!(all(b"", 0), []);
        assert_eq!(all(b"\n\n", 2), []);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(100))]

        #[test]
        fn both_directions_agree(lines in proptest::collection::vec((0..3_u8, 0..70_000_usize), 0..8), ended: bool) {
            // Empty ones, and some about as long as a chunk.
            let lines = lines.iter().enumerate().map(|(i, (kind, len))| match kind {
                0 => Vec::new(),
                1 => vec![b'a' + i as u8; len % 9],
                _ => vec![b'a' + i as u8; *len],
            });
            let mut bytes = lines.collect::<Vec<_>>().join(&b'\n');
            bytes.extend(ended.then_some(b'\n'));
            let mut reader = ReverseLines::new(Cursor::new(&bytes), bytes.len() as u64);
            let mut backwards = Vec::new();
            while let Some(line) = reader.next_line().unwrap() {
                backwards.push(line);
            }
            backwards.reverse();
            let (mut at, mut expected, mut onwards) = (0, Vec::new(), Vec::new());
            for line in bytes.split(|byte| *byte == b'\n') {
                if !line.is_empty() {
                    expected.push((at, line.to_vec()));
                }
                at += line.len() as u64 + 1;
            }
            proptest::prop_assert!(backwards == expected);

            let (mut reader, mut line, mut at) = (io::BufReader::with_capacity(1000, &bytes[..]), Vec::new(), 0);
            while let Some(read) = read_line(&mut reader, &mut line).unwrap() {
                onwards.push((at, line.clone()));
                at += read;
            }
            onwards.retain(|(_, line)| !line.is_empty());
            // A line without a newline is being written.
            expected.retain(|(at, line)| bytes.get(*at as usize + line.len()) == Some(&b'\n'));
            proptest::prop_assert!(onwards == expected);
        }
    }

    #[test]
    fn end_of_an_overlong_line_is_read() {
        let long: Vec<u8> = (0..5 * MAX_LINE).map(|i| b'a' + (i % 23) as u8).collect();
        let bytes = [b"one\n", &long[..], b"\ntwo\n"].concat();
        let mut reader = ReverseLines::new(Cursor::new(&bytes), bytes.len() as u64);
        assert_eq!(
            reader.next_line().unwrap(),
            Some((bytes.len() as u64 - 4, b"two".to_vec()))
        );
        let (at, line) = reader.next_line().unwrap().unwrap();
        assert!(reader.ends.is_empty());
        assert!(at == 4 && line == long[4 * MAX_LINE..]);
        assert_eq!(reader.next_line().unwrap(), Some((0, b"one".to_vec())));

        let (mut onwards, mut line) = (io::BufReader::new(&bytes[..]), Vec::new());
        assert_eq!(read_line(&mut onwards, &mut line).unwrap(), Some(4));
        assert_eq!(line, b"one");
        assert_eq!(
            read_line(&mut onwards, &mut line).unwrap(),
            Some(long.len() as u64 + 1)
        );
        assert!(line == long[4 * MAX_LINE..] && line.capacity() <= 4 * MAX_LINE);
        assert_eq!(read_line(&mut onwards, &mut line).unwrap(), Some(4));
        assert_eq!(read_line(&mut onwards, &mut line).unwrap(), None);
    }

    /// Counts the bytes that are read, and those that are held.
    #[test]
    fn no_byte_is_read_twice_and_memory_is_bounded() {
        struct CountingReader(Cursor<Vec<u8>>, usize);
        impl Read for CountingReader {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let read = self.0.read(buffer)?;
                self.1 += read;
                Ok(read)
            }
        }
        impl Seek for CountingReader {
            fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
                self.0.seek(to)
            }
        }
        let size = 16 * MAX_LINE;
        let mut reader = ReverseLines::new(
            CountingReader(Cursor::new(vec![b'x'; size]), 0),
            size as u64,
        );
        while reader.start > 0 {
            reader.read_more().unwrap();
            assert!(reader.ends.iter().map(Vec::len).sum::<usize>() <= MAX_LINE + CHUNK as usize);
        }
        assert_eq!(reader.file.1, size);
    }

    #[test]
    fn lines_longer_than_a_chunk_and_across_chunks_are_whole() {
        let lines: Vec<String> = (0..300)
            .map(|i| format!("{i}:{}", "x".repeat(i * 977 % 150_000)))
            .collect();
        let bytes: Vec<u8> = lines
            .iter()
            .flat_map(|line| [line.as_bytes(), b"\n"].concat())
            .collect();
        let found: Vec<String> = all(&bytes, bytes.len())
            .into_iter()
            .map(|(_, line)| line)
            .rev()
            .collect();
        assert!(found == lines);
    }
}
