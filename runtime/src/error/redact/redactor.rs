//! The redactor: built-in rules, and what a program adds to them.

use super::{
    allow_list,
    detect::{
        names::{Name, NameRules, normalised},
        search,
    },
    sensitive::MARK,
    sink,
};
use crate::panics;
use std::{borrow::Cow, error::Error, fmt, sync::OnceLock};

/// Replaces secrets in texts and JSON values by `[redacted]`.
///
/// The built-in rules always apply; a redactor of one's own adds names, exempts names, and adds
/// functions. One is in force for the whole process: [`Redactor::current`], until
/// [`install`](Redactor::install) the built-in one.
///
/// The rules are no proof. A secret that stands alone in a sentence looks like any word, and of a
/// password with blanks that stands in a sentence without quotes only the first word is hidden. For
/// what no rule can know, there are [`Sensitive`](super::Sensitive), which hides a value by its
/// type, and [`allow_only`](Self::allow_only), which hides all but what is listed.
///
/// # Defaults
///
/// Names, in any case and with any prefix or separators: password, passwd, passphrase, passcode,
/// pwd (and the words of other languages), api key, access key, private key, secret, credential,
/// token, authorization, cookie, session, dsn, and the like. Under them stay:
///
/// - what stands for a value or refers to one: `null`, `***`, `<password>`, `${DB_PASSWORD}`, paths
///   of files;
/// - reports: `password: must have 12 characters`, `session: expired`, `unexpected token: EOF`;
/// - types and code: `password: String`, `token::Kind`;
/// - numbers under names that count: `max_tokens`, `password_min_length`;
/// - what stands under the name of something about a secret: `token_url`, `has_password`,
///   `private_key_path`.
///
/// # Examples
///
/// ```
/// use gardefou::error::Redactor;
///
/// let redactor = Redactor::new().secret_name("pin").plain_name("session");
/// assert_eq!(redactor.text("pin=1234 session=7"), "pin=[redacted] session=7");
/// assert_eq!(redactor.text("postgres://app:hunter2@db1/orders"), "postgres://[redacted]@db1/orders");
///
/// let mut value = serde_json::json!({"user": "ann", "headers": {"Authorization": "Bearer abc123"}});
/// redactor.value(&mut value);
/// assert_eq!(value["headers"]["Authorization"], "[redacted]");
/// ```
pub struct Redactor {
    pub(super) names: NameRules,
    /// What alone may leave, if that was set.
    allowed: Option<Vec<Box<str>>>,
    rules: Vec<Rule>,
}

type Rule = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A redactor was installed before; the first one stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedactorInstalled;

impl fmt::Display for RedactorInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a redactor is installed already")
    }
}

impl Error for RedactorInstalled {}

static CURRENT: OnceLock<Redactor> = OnceLock::new();
pub(super) static BUILT_IN: Redactor = Redactor::new();

impl Redactor {
    /// Makes a redactor with the built-in rules.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// assert_eq!(Redactor::new().text("pwd=hunter2"), "pwd=[redacted]");
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            names: NameRules::new(),
            allowed: None,
            rules: Vec::new(),
        }
    }

    /// Hides what stands under names that contain `name`; case and separators do not matter.
    ///
    /// A name without a letter or digit, or of more than 64 of them, matches nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// let redactor = Redactor::new().secret_name("matricule");
    /// assert_eq!(redactor.text("x_matricule: 7"), "x_matricule: [redacted]");
    /// ```
    #[must_use]
    pub fn secret_name(mut self, name: impl AsRef<str>) -> Self {
        self.names.secret.extend(normalised(name.as_ref()));
        self
    }

    /// Exempts exactly the given name from the rules about names; case and separators do not
    /// matter.
    ///
    /// Shapes of secrets are still replaced in what stands under it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// let redactor = Redactor::new().plain_name("session");
    /// assert_eq!(redactor.text("session=k1x9 token=k1x9"), "session=k1x9 token=[redacted]");
    /// ```
    #[must_use]
    pub fn plain_name(mut self, name: impl AsRef<str>) -> Self {
        self.names.plain.extend(normalised(name.as_ref()));
        self
    }

    /// Shows of all values only those under the given names; case and separators do not matter.
    ///
    /// The rules know secrets; they cannot know that a name or a diagnosis must not leave. Under
    /// this setting what is not allowed is hidden:
    ///
    /// - in JSON (details of errors, fields of spans), each text and number under any other name;
    ///   `true`, `false` and `null` stay, and so do the names themselves;
    /// - in texts, what stands between quotes, numbers, every word that is not made of letters, and
    ///   the value of each `name=value` under any other name. Words of letters stay, so that
    ///   messages can be read: personal names belong in details, not in messages.
    ///
    /// What is allowed is still searched for secrets. Called twice, the names of both calls are
    /// allowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// let redactor = Redactor::new().allow_only(["host", "attempt"]);
    /// assert_eq!(
    ///     redactor.text("no record of 'Ann Smith' at host=db1 after 3 tries, ward=B7"),
    ///     "no record of '[redacted]' at host=db1 after [redacted] tries, ward=[redacted]"
    /// );
    ///
    /// let mut value = serde_json::json!({"host": "db1", "attempt": 3, "patient": {"name": "Ann", "minor": false}});
    /// redactor.value(&mut value);
    /// let expected = serde_json::json!({"host": "db1", "attempt": 3, "patient": {"name": "[redacted]", "minor": false}});
    /// assert_eq!(value, expected);
    /// ```
    #[must_use]
    pub fn allow_only<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names
            .into_iter()
            .filter_map(|name| normalised(name.as_ref()));
        self.allowed.get_or_insert_default().extend(names);
        self
    }

    /// Adds a function that is called with each text after the built-in rules and returns another
    /// in its place, or `None`.
    ///
    /// It runs wherever an error is printed or recorded: it should be quick. If it panics, the
    /// whole text is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// let redactor = Redactor::new().rule(|text| text.contains("4711").then(|| text.replace("4711", "####")));
    /// assert_eq!(redactor.text("room 4711"), "room ####");
    /// ```
    #[must_use]
    pub fn rule(mut self, rule: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.rules.push(Box::new(rule));
        self
    }

    /// Puts this redactor in force for the whole process, once.
    ///
    /// # Errors
    ///
    /// [`RedactorInstalled`] if one was installed before; that one stays in force.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// Redactor::new().secret_name("matricule").install().unwrap();
    /// assert_eq!(Redactor::current().text("matricule=7"), "matricule=[redacted]");
    /// assert!(Redactor::new().install().is_err());
    /// ```
    pub fn install(self) -> Result<(), RedactorInstalled> {
        CURRENT.set(self).map_err(|_| RedactorInstalled)
    }

    /// Returns the redactor in force.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// assert_eq!(Redactor::current().text("token=k1x9"), "token=[redacted]");
    /// ```
    #[must_use]
    pub fn current() -> &'static Self {
        CURRENT.get().unwrap_or(&BUILT_IN)
    }

    /// Returns `true` if functions of the program are called with each text, which may return
    /// something else the next time.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Replaces the secrets in a text; a text without any is returned as it is. Takes time linear
    /// in its length.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// let redactor = Redactor::new();
    /// assert_eq!(redactor.text("login with password hUnt3r2 failed"), "login with password [redacted] failed");
    /// assert_eq!(redactor.text("unexpected token: EOF"), "unexpected token: EOF");
    /// ```
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let clean = self.scanned(text);
        if self.allows_all() {
            return clean;
        }
        match allow_list::text(&clean, |name| self.allows(name)) {
            Cow::Borrowed(_) => clean,
            Cow::Owned(text) => Cow::Owned(text),
        }
    }

    /// Replaces secrets as [`text`](Self::text) does, without the list of what may be shown.
    pub(super) fn scanned<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = self.built_in(text);
        for rule in &self.rules {
            match panics::catch(|| rule(&text)) {
                Ok(None) => {}
                Ok(Some(other)) => text = Cow::Owned(other),
                // What it would have hidden is not known.
                Err(_) => return Cow::Borrowed(MARK),
            }
        }
        text
    }

    fn built_in<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = search::secrets(text, &self.names, search::DEPTH);
        if secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        for secret in secrets {
            out.push_str(&text[done..secret.start]);
            out.push_str(MARK);
            done = secret.end;
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    pub(super) fn allows_all(&self) -> bool {
        self.allowed.is_none()
    }

    pub(super) fn allows(&self, name: &Name) -> bool {
        self.allowed.as_ref().is_none_or(|names| {
            names
                .iter()
                .any(|allowed| allowed.as_bytes() == name.bytes())
        })
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("secret_names", &self.names.secret)
            .field("plain_names", &self.names.plain)
            .field("allowed", &self.allowed)
            .field("rules", &self.rules.len())
            .finish()
    }
}

/// Replaces the secrets in a text.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    Redactor::current().text(text)
}

/// The longest names of guards have 128 bytes; as many are left for the key.
const LONGEST_NAME: usize = 256;

/// Returns a name as sinks may have it: as it is, unless it holds a secret.
///
/// What is made of words alone, for example `auth:token:refresh`, names something and is never
/// taken for a pair. A name that holds a key, which comes from outside, is brought on one line, and
/// cut where it is longer than a name can be without one.
pub(crate) fn name(name: &str) -> Cow<'_, str> {
    let is_word = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b':' | b' ');
    if name.len() <= LONGEST_NAME && name.bytes().all(is_word) {
        return Cow::Borrowed(name);
    }
    sink::bounded_name(Redactor::current().scanned(name), LONGEST_NAME)
}
