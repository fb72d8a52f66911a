//! Names that announce a secret: `password`, `db_password`, `X-Api-Key`, `sslkey`, `accessToken`.

use super::lookup::{self, is_listed};
use crate::error::redact::tables::{self, At, NameRow, Weight, letter};
use std::ops::Range;

/// How many bytes of a name are examined, from its end.
pub(super) const MAX_NAME: usize = 64;

/// A name in lower case without separators.
pub(crate) struct Name {
    bytes: [u8; MAX_NAME],
    len: usize,
    /// The set of its letters: most names lack one that a row needs.
    letters: u32,
    /// Its first word, behind the last dot of a path.
    first: Range<usize>,
    /// Where its last word begins, and the one before.
    last: usize,
    before_last: usize,
}

impl Name {
    /// Takes the last [`MAX_NAME`] bytes of a name.
    pub(crate) fn new(raw: &[u8]) -> Self {
        let raw = &raw[raw.len().saturating_sub(MAX_NAME)..];
        let mut name = Self {
            bytes: [0; MAX_NAME],
            len: 0,
            letters: 0,
            first: 0..MAX_NAME,
            last: 0,
            before_last: 0,
        };
        let mut separated = false;
        for (i, b) in raw.iter().enumerate() {
            if b.is_ascii() && !b.is_ascii_alphanumeric() {
                separated = true;
                if *b == b'.' {
                    name.first = name.len..MAX_NAME;
                }
                continue;
            }
            if (separated || (i > 0 && begins_word(raw, i))) && name.len > 0 {
                if name.len > name.first.start {
                    name.first.end = name.first.end.min(name.len);
                }
                name.before_last = name.last;
                name.last = name.len;
            }
            separated = false;
            let lower = b.to_ascii_lowercase();
            name.bytes[name.len] = lower;
            name.letters |= letter(lower);
            name.len += 1;
        }
        name.first.end = name.first.end.min(name.len);
        name
    }

    /// Returns `false` if no row of the table can match a name; called before one is made of it.
    /// Only of a name without separators is anything known.
    pub(super) fn may_weigh(raw: &[u8]) -> bool {
        !raw.iter().all(u8::is_ascii_alphanumeric) || lookup::NAMES.may_stand_in(raw)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn contains(&self, part: &str) -> bool {
        let part = part.as_bytes();
        // The first byte decides most of the time.
        self.bytes()
            .windows(part.len().max(1))
            .any(|window| window.first() == part.first() && window == part)
    }

    fn ends_with(&self, part: &str) -> bool {
        self.bytes().ends_with(part.as_bytes())
    }

    /// Returns what the tables know of the name.
    pub(crate) fn weight(&self) -> Option<Weight> {
        // Most words between separators are short.
        if self.len < 3 && self.bytes() != b"pw" {
            return None;
        }
        if !lookup::NAMES.may_stand_in(self.bytes()) {
            return None;
        }
        let row = tables::NAMES.iter().find(|row| self.fits(row))?;
        let is_about = row.weight != Weight::Parameter && self.is_about();
        (!is_about && !tables::INNOCENT.iter().any(|part| self.contains(part)))
            .then_some(row.weight)
    }

    fn fits(&self, row: &NameRow) -> bool {
        row.letters & !self.letters == 0
            && match row.at {
                At::Any => self.contains(row.text),
                At::End => self.ends_with(row.text),
                At::LastWord => self.last_word() == row.text.as_bytes(),
                At::Whole => self.bytes() == row.text.as_bytes(),
                At::LastOfMany => {
                    self.last > 0
                        && self.last_word() == row.text.as_bytes()
                        && !(row.weight == Weight::Key
                            && is_listed(tables::PLAIN_KEYS, self.word_before_last()))
                }
            }
    }

    /// Returns `true` if it names something about a secret and not the secret: `token_url`,
    /// `has_password`.
    fn is_about(&self) -> bool {
        let begins = is_listed(tables::ABOUT_BEGIN, &self.bytes[self.first.clone()]);
        let ends = self.last > 0 && is_listed(tables::ABOUT, self.last_word());
        (begins && self.last > 0)
            || (ends
                && !tables::ABOUT_AND_SECRET
                    .iter()
                    .any(|part| self.ends_with(part)))
    }

    /// Returns `true` if it is a secret's because of its last bytes and more before them: `key`
    /// after `api`.
    pub(super) fn completes(&self, last: usize) -> bool {
        let fits = |row: &NameRow| {
            row.weight == Weight::Strong && row.text.len() > last && self.ends_with(row.text)
        };
        tables::NAMES.iter().any(fits)
    }

    fn last_word(&self) -> &[u8] {
        &self.bytes[self.last..self.len]
    }

    fn word_before_last(&self) -> &[u8] {
        &self.bytes[self.before_last..self.last]
    }

    /// Returns `true` if a number under this name is an amount. Only whole words decide:
    /// `minio_password` is no minimum.
    pub(crate) fn counts(&self) -> bool {
        is_listed(tables::AMOUNTS_BEGIN, &self.bytes[self.first.clone()])
            || is_listed(tables::AMOUNTS_END, self.last_word())
    }

    /// Returns `true` for the name of a failure that has to do with a secret.
    pub(super) fn is_failure(&self) -> bool {
        tables::FAILURES.iter().any(|part| self.ends_with(part))
    }

    /// Returns `true` for the name of a password, which is chosen: a word, perhaps with blanks.
    pub(super) fn is_password(&self) -> bool {
        tables::PASSWORDS.iter().any(|part| self.contains(part))
    }
}

/// Returns `true` if a capital begins a word here, as in `smtpPass` and `APIKey`.
fn begins_word(raw: &[u8], i: usize) -> bool {
    let before = raw[i - 1];
    raw[i].is_ascii_uppercase()
        && (before.is_ascii_lowercase()
            || before.is_ascii_digit()
            || (before.is_ascii_uppercase() && raw.get(i + 1).is_some_and(u8::is_ascii_lowercase)))
}

/// Names that announce a secret: those of the tables, and those that a program adds or exempts.
pub(crate) struct NameRules {
    /// Parts of names, normalised.
    pub(crate) secret: Vec<Box<str>>,
    /// Whole names, normalised.
    pub(crate) plain: Vec<Box<str>>,
}

impl NameRules {
    pub(crate) const fn new() -> Self {
        Self {
            secret: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// Returns `false` if a name is surely none of a secret.
    pub(super) fn may_weigh(&self, raw: &[u8]) -> bool {
        !self.secret.is_empty() || Name::may_weigh(raw)
    }

    pub(crate) fn weight(&self, name: &Name) -> Option<Weight> {
        if self
            .plain
            .iter()
            .any(|plain| plain.as_bytes() == name.bytes())
        {
            return None;
        }
        if self.secret.iter().any(|part| name.contains(part)) {
            Some(Weight::Added)
        } else {
            name.weight()
        }
    }
}

/// Returns a name in lower case without separators; `None` where nothing is left.
pub(crate) fn normalised(name: &str) -> Option<Box<str>> {
    let bare: String = name
        .chars()
        .filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
        .collect();
    (!bare.is_empty()).then(|| bare.to_ascii_lowercase().into())
}
