//! A sieve that most words do not pass: whether a table may have a text, by two of its bytes.

use super::tables;

/// A set of pairs of bytes.
pub(super) struct Sieve([u64; 16]);

/// The sieves of the tables that are asked at every word, made when the crate is compiled.
pub(super) static TOKENS: Sieve = {
    let (mut sieve, mut i) = (Sieve([0; 16]), 0);
    while i < tables::TOKENS.len() {
        sieve.add_head(tables::TOKENS[i].prefix);
        i += 1;
    }
    let mut i = 0;
    while i < tables::HOOKS.len() {
        sieve.add_head(tables::HOOKS[i]);
        i += 1;
    }
    sieve
};
pub(super) static PROGRAMS: Sieve = {
    let (mut sieve, mut i) = (Sieve([0; 16]), 0);
    while i < tables::OPTIONS.len() {
        let (programs, mut j) = (tables::OPTIONS[i].programs, 0);
        while j < programs.len() {
            sieve.add_ends(programs[j]);
            j += 1;
        }
        i += 1;
    }
    sieve
};
pub(super) static PHRASES: Sieve = {
    let (mut sieve, mut i) = (Sieve([0; 16]), 0);
    while i < tables::PHRASES.len() {
        let words = tables::PHRASES[i].words;
        sieve.add_ends(words[words.len() - 1]);
        i += 1;
    }
    sieve
};

impl Sieve {
    /// Where a pair stands; capitals stand where small letters do.
    const fn place(a: u8, b: u8) -> (usize, u32) {
        let hash = (a | 0x20) as usize * 37 + (b | 0x20) as usize;
        (hash / 64 % 16, (hash % 64) as u32)
    }

    const fn add(&mut self, a: u8, b: u8) {
        let (word, bit) = Self::place(a, b);
        self.0[word] |= 1 << bit;
    }

    const fn add_head(&mut self, text: &str) {
        self.add(text.as_bytes()[0], text.as_bytes()[1]);
    }

    const fn add_ends(&mut self, text: &str) {
        self.add(text.as_bytes()[0], text.as_bytes()[text.len() - 1]);
    }

    fn has(&self, a: u8, b: u8) -> bool {
        let (word, bit) = Self::place(a, b);
        self.0[word] & (1 << bit) != 0
    }

    /// Returns `false` if the table has nothing with which these bytes begin.
    pub(super) fn may_begin(&self, rest: &[u8]) -> bool {
        matches!(rest, [a, b, ..] if self.has(*a, *b))
    }

    /// Returns `false` if the table has no such word.
    pub(super) fn may_have(&self, word: &[u8]) -> bool {
        matches!(word, [a, .., b] if self.has(*a, *b))
    }
}
