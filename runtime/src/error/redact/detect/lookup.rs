//! Lookups in the tables, and filters that most words do not pass: whether a table may have a text,
//! by its ends and its length or its first three bytes.

use crate::error::redact::tables;

/// Returns `true` if a list has this word, in any case.
pub(crate) fn is_listed(list: &[&str], word: &[u8]) -> bool {
    list.iter()
        .any(|listed| listed.len() == word.len() && listed.as_bytes().eq_ignore_ascii_case(word))
}

/// A set of hashes.
struct Hashes([u64; 64]);

impl Hashes {
    const NONE: Self = Self([0; 64]);

    const fn add(&mut self, hash: usize) {
        self.0[hash / 64 % 64] |= 1 << (hash % 64);
    }

    const fn has(&self, hash: usize) -> bool {
        self.0[hash / 64 % 64] & (1 << (hash % 64)) != 0
    }
}

/// A set of ends and lengths of words.
pub(super) struct EndsFilter(Hashes);

/// The filters of the tables that every word is looked up in, made when the crate is compiled.
pub(super) static TOKENS: HeadFilter = {
    let (mut filter, mut i) = (HeadFilter(Hashes::NONE), 0);
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
    let (mut filter, mut i) = (HeadFilter(Hashes::NONE), 0);
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
    let (mut filter, mut i) = (EndsFilter(Hashes::NONE), 0);
    while i < tables::OPTIONS.len() {
        let (programs, mut j) = (tables::OPTIONS[i].programs, 0);
        while j < programs.len() {
            filter.add(programs[j]);
            j += 1;
        }
        i += 1;
    }
    filter
};
pub(super) static PHRASES: EndsFilter = {
    let (mut filter, mut i) = (EndsFilter(Hashes::NONE), 0);
    while i < tables::PHRASES.len() {
        let words = tables::PHRASES[i].words;
        filter.add(words[words.len() - 1]);
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
    /// Returns the hash of a word by its ends and its length; capitals count as small letters do.
    const fn hash(word: &[u8]) -> usize {
        let (a, b) = (word[0] | 0x20, word[word.len() - 1] | 0x20);
        a as usize * 37 + b as usize * 5 + word.len() * 113
    }

    const fn add(&mut self, word: &str) {
        self.0.add(Self::hash(word.as_bytes()));
    }

    /// Returns `false` if the table has no such word.
    pub(super) fn may_have(&self, word: &[u8]) -> bool {
        word.len() > 1 && self.0.has(Self::hash(word))
    }
}

/// A set of the first three bytes of texts.
pub(super) struct HeadFilter(Hashes);

impl HeadFilter {
    /// Returns the hash of three bytes; capitals count as small letters do.
    const fn hash(a: u8, b: u8, c: u8) -> usize {
        ((a | 0x20) as usize * 1021) ^ ((b | 0x20) as usize * 61) ^ (c | 0x20) as usize
    }

    /// Adds a text of two bytes or more. Behind two bytes, the end of a text may stand, or whatever
    /// `follows`.
    const fn add(&mut self, text: &[u8], follows: &[u8]) {
        if text.len() > 2 {
            return self.0.add(Self::hash(text[0], text[1], text[2]));
        }
        self.0.add(Self::hash(text[0], text[1], 0));
        let mut i = 0;
        while i < follows.len() {
            self.0.add(Self::hash(text[0], text[1], follows[i]));
            i += 1;
        }
    }

    /// Returns `false` if the table has nothing with which these bytes begin.
    pub(super) fn may_begin(&self, rest: &[u8]) -> bool {
        match *rest {
            [a, b, c, ..] => self.0.has(Self::hash(a, b, c)),
            [a, b] => self.0.has(Self::hash(a, b, 0)),
            _ => false,
        }
    }

    /// Returns `false` if none of the table's texts stands in these bytes.
    pub(super) fn may_stand_in(&self, bytes: &[u8]) -> bool {
        let tails = (0..bytes.len()).map(|at| &bytes[at..]);
        tails
            .take(bytes.len().saturating_sub(1))
            .any(|tail| self.may_begin(tail))
    }
}
