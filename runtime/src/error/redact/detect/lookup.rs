//! Lookups in the tables, and filters that most words do not pass: whether a table may have a text,
//! by its ends and its length or its first three bytes.

use crate::error::redact::tables;
/// Returns `true` if a list has this word, in any case.
pub(crate) fn is_listed(list: &[&str], word: &[u8]) -> bool {
    list.iter()
        .any(|listed| listed.len() == word.len() && listed.as_bytes().eq_ignore_ascii_case(word))
}

/// A set of ends and lengths of words.
pub(super) struct EndsFilter([u64; 64]);

/// The filters of the tables that every word is looked up in, made when the crate is compiled.
pub(super) static TOKENS: HeadFilter = {
    let (mut filter, mut i) = (HeadFilter([0; 64]), 0);
    while i < tables::TOKENS.len() {
        filter.add(
            tables::TOKENS[i].prefix.as_bytes(),
            b"abcdefghijklmnopqrstuvwxyz0123456789-_.",
        );
        i += 1;
    }
    let mut i = 0;
    while i < tables::HOOKS.len() {
        filter.add(tables::HOOKS[i].as_bytes(), b"");
        i += 1;
    }
    filter
};
pub(super) static NAMES: HeadFilter = {
    let (mut filter, mut i) = (HeadFilter([0; 64]), 0);
    while i < tables::NAMES.len() {
        let row = &tables::NAMES[i];
        // A row of two letters stands at the end of a name.
        assert!(row.text.len() > 2 || !matches!(row.at, tables::At::Any));
        filter.add(row.text.as_bytes(), b"");
        i += 1;
    }
    filter
};
pub(super) static PROGRAMS: EndsFilter = {
    let (mut filter, mut i) = (EndsFilter([0; 64]), 0);
    while i < tables::OPTIONS.len() {
        let (programs, mut j) = (tables::OPTIONS[i].programs, 0);
        while j < programs.len() {
            filter.add_ends(programs[j]);
            j += 1;
        }
        i += 1;
    }
    filter
};
pub(super) static PHRASES: EndsFilter = {
    let (mut filter, mut i) = (EndsFilter([0; 64]), 0);
    while i < tables::PHRASES.len() {
        let words = tables::PHRASES[i].words;
        filter.add_ends(words[words.len() - 1]);
        i += 1;
    }
    filter
};

/// For each first byte the place of the first row of [`tables::TOKENS`] that begins with it, and
/// for each row that of the next one; a place behind the table is none.
static TOKEN_ROWS: ([u16; 256], [u16; tables::TOKENS.len()]) = {
    let none = tables::TOKENS.len() as u16;
    let (mut first, mut next) = ([none; 256], [none; tables::TOKENS.len()]);
    let mut i = tables::TOKENS.len();
    while i > 0 {
        i -= 1;
        let begin = tables::TOKENS[i].prefix.as_bytes()[0] as usize;
        (next[i], first[begin]) = (first[begin], i as u16);
    }
    (first, next)
};

/// Returns the places of the rows of [`tables::TOKENS`] that begin with a byte, in their order.
pub(super) fn tokens_from(first: u8) -> impl Iterator<Item = usize> {
    let (firsts, nexts) = &TOKEN_ROWS;
    let row = |place: u16| Some(usize::from(place)).filter(|place| *place < nexts.len());
    std::iter::successors(row(firsts[usize::from(first)]), move |place| {
        row(nexts[*place])
    })
}

impl EndsFilter {
    /// Returns where the ends of a word of some length stand; capitals stand where small letters
    /// do.
    const fn place(a: u8, b: u8, len: usize) -> (usize, u32) {
        let hash = (a | 0x20) as usize * 37 + (b | 0x20) as usize * 5 + len * 113;
        (hash / 64 % 64, (hash % 64) as u32)
    }

    const fn add(&mut self, a: u8, b: u8, len: usize) {
        let (word, bit) = Self::place(a, b, len);
        self.0[word] |= 1 << bit;
    }

    const fn add_ends(&mut self, text: &str) {
        self.add(
            text.as_bytes()[0],
            text.as_bytes()[text.len() - 1],
            text.len(),
        );
    }

    fn has(&self, a: u8, b: u8, len: usize) -> bool {
        let (word, bit) = Self::place(a, b, len);
        self.0[word] & (1 << bit) != 0
    }

    /// Returns `false` if the table has no such word.
    pub(super) fn may_have(&self, word: &[u8]) -> bool {
        matches!(word, [a, .., b] if self.has(*a, *b, word.len()))
    }
}

/// A set of the first three bytes of texts.
pub(super) struct HeadFilter([u64; 64]);

impl HeadFilter {
    /// Returns where three bytes stand; capitals stand where small letters do.
    const fn place(a: u8, b: u8, c: u8) -> (usize, u32) {
        let hash = ((a | 0x20) as usize * 1021) ^ ((b | 0x20) as usize * 61) ^ (c | 0x20) as usize;
        (hash / 64 % 64, (hash % 64) as u32)
    }

    /// Adds a text of two bytes or more. Behind two bytes, the end of a text may stand, or whatever
    /// `follows`.
    const fn add(&mut self, text: &[u8], follows: &[u8]) {
        if text.len() > 2 {
            return self.add_bytes(text[0], text[1], text[2]);
        }
        self.add_bytes(text[0], text[1], 0);
        let mut i = 0;
        while i < follows.len() {
            self.add_bytes(text[0], text[1], follows[i]);
            i += 1;
        }
    }

    const fn add_bytes(&mut self, a: u8, b: u8, c: u8) {
        let (word, bit) = Self::place(a, b, c);
        self.0[word] |= 1 << bit;
    }

    /// Returns `false` if the table has nothing with which these bytes begin.
    pub(super) fn may_begin(&self, rest: &[u8]) -> bool {
        let [a, b, c] = match *rest {
            [a, b, c, ..] => [a, b, c],
            [a, b] => [a, b, 0],
            _ => return false,
        };
        let (word, bit) = Self::place(a, b, c);
        self.0[word] & (1 << bit) != 0
    }

    /// Returns `false` if none of the table's texts stands in these bytes.
    pub(super) fn may_stand_in(&self, bytes: &[u8]) -> bool {
        let tails = (0..bytes.len()).map(|at| &bytes[at..]);
        tails
            .take(bytes.len().saturating_sub(1))
            .any(|tail| self.may_begin(tail))
    }
}
