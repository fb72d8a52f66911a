//! A connection that any thread can use.

use crate::{config::DatabaseConfig, error::DatabaseError, schema::check, session::Session};
use gardefou::monitor::journal::JournalError;
use std::{
    fmt,
    sync::mpsc::{self, Sender},
    thread,
};

type Request = Box<dyn FnOnce(&mut Connected) + Send>;

/// The thread of a connection. Requests run on it, one after the other: a thread that drives futures
/// cannot wait for others.
pub(super) struct Connection {
    requests: Sender<Request>,
}

/// What requests run with.
pub(super) struct Connected {
    config: DatabaseConfig,
    session: Option<Session>,
}

impl Connection {
    /// Connects, and checks that there is a journal.
    pub(super) fn open(config: DatabaseConfig) -> Result<Self, JournalError> {
        let (requests, received) = mpsc::channel::<Request>();
        let mut connected = Connected {
            config,
            session: None,
        };
        thread::Builder::new()
            .name("gardefou-postgres".to_owned())
            .spawn(move || {
                for request in received {
                    request(&mut connected);
                }
            })
            .map_err(|err| JournalError::new("start the thread of a connection", err))?;
        let connection = Self { requests };
        connection.run("open the database", |connected| {
            connected.session().map(drop)
        })?;
        Ok(connection)
    }

    /// Runs a request, which reads alone; once more where the connection was lost since the last one.
    pub(super) fn run<T: Send + 'static>(
        &self,
        action: &'static str,
        mut request: impl FnMut(&mut Connected) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let run = move |connected: &mut Connected| {
            let was_open = connected.session.is_some();
            let mut result = request(connected);
            if result.is_err() {
                connected.session = None;
            }
            if was_open && matches!(result, Err(DatabaseError::Lost(_))) {
                result = request(connected);
            }
            let _ = answer.send(result);
        };
        let lost = || DatabaseError::Lost("the thread of the connection has ended".to_owned());
        let sent = self.requests.send(Box::new(run));
        let result = match sent.ok().and_then(|()| answered.recv().ok()) {
            Some(result) => result,
            None => Err(lost()),
        };
        result.map_err(|err| JournalError::new(action, err))
    }
}

impl Connected {
    pub(super) fn schema(&self) -> &str {
        &self.config.schema
    }

    /// Returns the connection, which is opened where there is none.
    pub(super) fn session(&mut self) -> Result<&mut Session, DatabaseError> {
        match &mut self.session {
            Some(session) => Ok(session),
            none => {
                let mut session = Session::open(&self.config)?;
                let schema = &self.config.schema;
                session.run(async |client| check(client, schema).await)?;
                Ok(none.insert(session))
            }
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
