//! Captured log lines.

use super::lock::lock;
use std::{
    fmt, io, mem,
    ops::Index,
    sync::{Arc, LazyLock, Mutex},
};
use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

/// A log line.
#[derive(Clone, Debug)]
pub struct Line {
    /// The level.
    pub level: Level,
    /// The target.
    pub target: &'static str,
    /// The fields in their order, the message among them.
    pub fields: Vec<(&'static str, String)>,
}

impl Line {
    fn new(event: &Event<'_>) -> Self {
        let mut line = Self {
            level: *event.metadata().level(),
            target: event.metadata().target(),
            fields: Vec::new(),
        };
        event.record(&mut line);
        line
    }

    /// Returns a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(field, _)| *field == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Returns the message, which may be missing.
    pub fn message(&self) -> &str {
        self.field("message").unwrap_or_default()
    }

    /// Returns `LEVEL message; field=value; ..`, without one of the fields.
    pub fn text_without(&self, field: &str) -> String {
        let mut text = format!("{} {}", self.level, self.message());
        for (name, value) in &self.fields {
            if *name != field && *name != "message" {
                text += &format!("; {name}={value}");
            }
        }
        text
    }
}

impl fmt::Display for Line {
    /// Writes `LEVEL target message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.level, self.target, self.message())
    }
}

impl Index<&str> for Line {
    type Output = String;

    fn index(&self, field: &str) -> &String {
        let found = self.fields.iter().find(|(name, _)| *name == field);
        let (_, value) = found.unwrap_or_else(|| panic!("no field `{field}`: {self:?}"));
        value
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.push((field.name(), format!("{value:?}")));
    }
}

type Wants = dyn Fn(&Metadata<'_>) -> bool + Send + Sync;

/// A subscriber that calls a function for each line that it wants, and ignores spans.
pub struct Listener {
    wants: Box<Wants>,
    each: Box<dyn Fn(Line) + Send + Sync>,
}

impl Listener {
    /// Makes a subscriber of lines.
    pub fn new(
        wants: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
        each: impl Fn(Line) + Send + Sync + 'static,
    ) -> Self {
        let (wants, each) = (Box::new(wants), Box::new(each));
        Self { wants, each }
    }

    /// Makes a subscriber that wants no line.
    pub fn disabled() -> Self {
        Self::new(|_| false, drop)
    }

    /// Makes it the subscriber of the process.
    pub fn install(self) {
        tracing::subscriber::set_global_default(self).unwrap();
    }

    /// Makes it the subscriber of this thread while something runs.
    pub fn listen<R>(self, run: impl FnOnce() -> R) -> R {
        // With a single subscriber, the first thread that reaches a line decides for all whether it
        // is enabled, and other tests have no subscriber. With a second one each thread decides.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Listener::disabled()));
        let _ = &*SECOND;
        tracing::subscriber::with_default(self, run)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Subscriber for Listener {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        (self.wants)(metadata)
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        (self.each)(Line::new(event));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Lines that a subscriber keeps.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<Line>>>);

impl Lines {
    /// Makes a subscriber that keeps the lines that it wants here.
    pub fn listener(
        &self,
        wants: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    ) -> Listener {
        let lines = self.clone();
        Listener::new(wants, move |line| lock(&lines.0).push(line))
    }

    /// Returns all lines so far.
    pub fn all(&self) -> Vec<Line> {
        lock(&self.0).clone()
    }

    /// Takes all lines so far.
    pub fn take(&self) -> Vec<Line> {
        mem::take(&mut *lock(&self.0))
    }
}

/// Runs something, and returns its result and the lines that it logged on this thread.
pub fn capture<R>(
    wants: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    run: impl FnOnce() -> R,
) -> (R, Vec<Line>) {
    let lines = Lines::default();
    let result = lines.listener(wants).listen(run);
    (result, lines.take())
}

/// Returns `true` for lines of gardefou up to a level.
pub fn ours(max: Level) -> impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static {
    move |line| line.target().starts_with("gardefou::") && *line.level() <= max
}

/// A place for the text of a formatting subscriber.
#[derive(Clone, Debug, Default)]
pub struct Text(Arc<Mutex<Vec<u8>>>);

impl Text {
    /// Returns the text so far.
    pub fn get(&self) -> String {
        String::from_utf8(lock(&self.0).clone()).unwrap()
    }
}

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
