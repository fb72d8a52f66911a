//! The work: each recording is classified, stored and delivered, whatever happens to the others.

use crate::{
    analysis::{Class, Features, Meter},
    client::Client,
    folder::{Entry, file_error},
    outcome::{Outcome, Problem, Rollback},
    store::{Store, TOTAL_INSIDE},
    terminal::{At, Terminal},
    wav::Recording,
};
use gardefou::{
    ErrorCode, Result,
    error::Class as ErrorClass,
    error_boundary,
    time::{Clock, SystemClock},
};
use serde_json::{Value, json};
use std::{collections::VecDeque, fs::File, time::Duration};

/// Everything that the work needs at hand.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) store: Option<Store>,
    pub(crate) client: Client,
    pub(crate) terminal: &'a mut Terminal,
    pub(crate) outcome: Outcome,
    /// Results that the service did not take yet.
    waiting: VecDeque<(String, Value)>,
}

/// How long waiting results are offered again after the last recording.
const REDELIVERY_LIMIT: Duration = Duration::from_secs(6);

impl<'a> Work<'a> {
    pub(crate) fn new(
        store: Option<Store>,
        client: Client,
        terminal: &'a mut Terminal,
        outcome: Outcome,
    ) -> Self {
        Self {
            store,
            client,
            terminal,
            outcome,
            waiting: VecDeque::new(),
        }
    }

    /// Does all of it and returns what came of it.
    pub(crate) fn run(mut self, entries: Vec<Entry>) -> Outcome {
        let count = entries.len();
        for (at, entry) in entries.into_iter().enumerate() {
            let name = entry.name.clone();
            let at = At {
                number: at + 1,
                of: count,
                name: &name,
            };
            match read(entry, |share| self.terminal.reading(at, share)) {
                Ok(Reading {
                    class,
                    features,
                    seconds,
                }) => {
                    self.keep(&name, class, &features);
                    self.outcome.partly_read += usize::from(seconds < features.seconds);
                    self.terminal.progress(at, Ok((class, &features, seconds)));
                }
                Err(error) => {
                    self.terminal.progress(at, Err(&error));
                    self.outcome.isolated.push(Problem::new(&name, &error));
                }
            }
        }
        self.store_one_twice();
        self.deliver_what_waits();
        self.outcome
    }

    fn keep(&mut self, name: &str, class: Class, features: &Features) {
        if let Some(store) = &self.store {
            match store.add(name, class, features) {
                Ok(()) => self.outcome.stored += 1,
                Err(error) => self.outcome.not_stored.push(Problem::new(name, &error)),
            }
        }
        let result =
            json!({ "name": name, "class": class.name(), "level_dbfs": features.level_dbfs });
        match self.client.deliver(&result) {
            Ok(()) => self.outcome.delivered += 1,
            Err(_) => self.waiting.push_back((name.to_owned(), result)),
        }
        self.outcome
            .classified
            .push((name.to_owned(), class, *features));
    }

    /// Stores the first result again, as happens where a message comes twice: the database refuses
    /// part-way through, and what was done by then must be undone.
    fn store_one_twice(&mut self) {
        let (Some(store), Some((name, class, features))) =
            (&self.store, self.outcome.classified.first())
        else {
            return;
        };
        let Ok(before) = store.count(*class) else {
            return;
        };
        let Err(error) = store.add(name, *class, features) else {
            return;
        };
        let Ok(after) = store.count(*class) else {
            return;
        };
        let inside = error.details().get(TOTAL_INSIDE).and_then(Value::as_i64);
        self.outcome.rollback = Some(Rollback {
            problem: Problem::new(name, &error),
            class: *class,
            before,
            inside,
            after,
        });
    }

    /// Offers what waits until the service has taken it, refuses it for good, or the time for it is
    /// over.
    fn deliver_what_waits(&mut self) {
        self.outcome.waited = self.waiting.len();
        self.terminal.waiting(self.waiting.len());
        let deadline = SystemClock.now().after(REDELIVERY_LIMIT);
        while let Some((name, result)) = self.waiting.pop_front() {
            match self.client.deliver(&result) {
                Ok(()) => self.outcome.delivered += 1,
                Err(error)
                    if error.code().class() == ErrorClass::Permanent
                        || SystemClock.now() >= deadline =>
                {
                    self.outcome.undelivered.push(Problem::new(&name, &error));
                }
                Err(error) => {
                    SystemClock.sleep(
                        error
                            .retry_after()
                            .unwrap_or(Duration::from_millis(50))
                            .min(REDELIVERY_LIMIT),
                    );
                    self.waiting.push_front((name, result));
                }
            }
        }
    }
}

/// The result of one recording.
struct Reading {
    class: Class,
    features: Features,
    /// How much of it was read; the features have its length.
    seconds: f64,
}

/// Reads one recording and classifies it. Errors and panics end in the boundary.
fn read(entry: Entry, progress: impl FnMut(f64)) -> Result<Reading> {
    error_boundary!(
        "one-recording",
        error_code = ErrorCode::ANALYSIS_PROCESSING_ERROR,
        catch_panics = true,
        {
            if let Some(problem) = entry.problem {
                Err(problem)?;
            }
            let file = File::open(&entry.path).map_err(|error| file_error(error, &entry.path))?;
            let recording = Recording::open(file)?;
            let length = recording.seconds();
            let mut meter = Meter::new(recording.format().rate, recording.format().channels);
            recording.for_each_block(|block| meter.take(block), progress)?;
            let features = meter.finish();
            Reading {
                class: Class::of(&features),
                seconds: features.seconds,
                features: Features {
                    seconds: length,
                    ..features
                },
            }
        }
    )
}
