//! A store of shared state in Redis.

use crate::{
    builder::RedisStoreBuilder,
    connection::{Link, Target},
    script::{self, Scripts},
    subscription,
    sync::Mutex,
};
use gardefou::fleet::{Operation, Reply, Store, StoreError, Updates};
use redis::{Cmd, Connection, RedisError, RedisResult, ServerErrorKind, Value};
use std::{
    fmt,
    sync::{
        Arc, Condvar,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Shares the state of circuit breakers and rate limiters through Redis or Valkey.
///
/// A new store has no connection: the first operation opens one. A connection that fails is closed, and the next
/// operation opens another one.
///
/// Clones share one connection.
///
/// # Examples
///
/// ```
/// use gardefou::fleet::Fleet;
/// use gardefou_redis::RedisStore;
///
/// // There need not be a server.
/// let store = RedisStore::builder("redis://127.0.0.1:1/").build()?;
/// let fleet = Fleet::builder("checkout").store(store).start()?;
/// assert_eq!(&*fleet.status().fleet, "checkout");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    target: Target,
    timeout: Duration,
    scripts: Scripts,
    link: Mutex<Option<Link>>,
    /// How often a connection was lost.
    losses: AtomicU64,
    pausing: Mutex<()>,
    /// Notified when the store is dropped, and when it answers again.
    changed: Condvar,
}

impl RedisStore {
    /// Begins to build a store at a URL: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS with the
    /// feature `tls`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_redis::RedisStore;
    ///
    /// assert!(RedisStore::builder("redis://fleet:secret@cache.internal:6379/").build().is_ok());
    /// let err = RedisStore::builder("cache.internal").build().unwrap_err();
    /// assert!(err.to_string().contains("must be a URL"));
    /// ```
    pub fn builder(url: impl Into<String>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url.into())
    }

    pub(crate) fn new(target: Target, timeout: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                target,
                timeout,
                scripts: Scripts::new(),
                link: Mutex::default(),
                losses: AtomicU64::new(0),
                pausing: Mutex::new(()),
                changed: Condvar::new(),
            }),
        }
    }
}

impl Shared {
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn losses(&self) -> u64 {
        // Relaxed: the number is compared with an earlier one alone.
        self.losses.load(Ordering::Relaxed)
    }

    pub(crate) fn connect_for_updates(&self, tries: usize) -> RedisResult<Connection> {
        self.target.connect_for_updates(tries, self.timeout)
    }

    /// Waits before another try, until the store answers again.
    pub(crate) fn pause(&self, limit: Duration) {
        self.pausing.wait(&self.changed, limit);
    }

    fn run(&self, operations: &[Operation]) -> Result<Vec<Result<Reply, StoreError>>, RedisError> {
        let mut place = self.link.lock();
        let is_new = place.is_none();
        let mut link = match place.take() {
            Some(link) => link,
            None => {
                let mut link = self.target.connect(self.timeout)?;
                self.scripts.load(link.as_connection())?;
                link
            }
        };
        let commands: Vec<Cmd> = operations
            .iter()
            .map(|operation| self.scripts.command(operation))
            .collect();
        let mut results = link.send_all(&commands)?;
        if results.iter().any(is_unknown_script) {
            // The server was restarted, or its scripts were flushed. An operation whose script was unknown has done
            // nothing.
            self.scripts.load(link.as_connection())?;
            let (again, places): (Vec<Cmd>, Vec<&mut RedisResult<Value>>) = commands
                .iter()
                .zip(&mut results)
                .filter(|(_, result)| is_unknown_script(result))
                .map(|(command, result)| (command.clone(), result))
                .unzip();
            for (place, result) in places.into_iter().zip(link.send_all(&again)?) {
                *place = result;
            }
        }
        let is_broken = |result: &RedisResult<Value>| matches!(result, Err(err) if is_lost(err));
        if results.iter().any(is_broken) {
            self.note_loss();
        } else {
            *place = Some(link);
        }
        if is_new {
            self.changed.notify_all();
        }
        let replies = operations
            .iter()
            .zip(results)
            .map(|(operation, result)| match result {
                Ok(value) => script::reply(operation, value),
                Err(err) => Err(error(&err)),
            });
        Ok(replies.collect())
    }

    fn note_loss(&self) {
        self.losses.fetch_add(1, Ordering::Relaxed);
    }
}

impl Store for RedisStore {
    fn run(&self, operations: &[Operation]) -> Vec<Result<Reply, StoreError>> {
        if operations.is_empty() {
            return Vec::new();
        }
        self.shared.run(operations).unwrap_or_else(|err| {
            self.shared.note_loss();
            let err = error(&err);
            operations.iter().map(|_| Err(err.clone())).collect()
        })
    }

    fn subscribe(&self, updates: Updates) {
        subscription::start(&self.shared, updates);
    }
}

fn is_unknown_script(result: &RedisResult<Value>) -> bool {
    matches!(result, Err(err) if err.kind() == ServerErrorKind::NoScript.into())
}

/// Returns `true` if the connection is of no use after an error: replies could be those of earlier operations, or the
/// server takes none, and the name of the host may be that of another one by now.
fn is_lost(err: &RedisError) -> bool {
    err.is_io_error()
        || err.is_timeout()
        || err.is_connection_dropped()
        || err.is_unrecoverable_error()
        || err.code().is_some_and(|code| REFUSALS.contains(&code))
        // Before version 7, the error of a script has another code, and that of its command in the text.
        || err.detail().is_some_and(|text| text.contains("-READONLY "))
}

/// The codes of a server that takes no operations: a replica, one that starts, or one that does not admit the user.
const REFUSALS: [&str; 6] = [
    "READONLY",
    "MASTERDOWN",
    "LOADING",
    "NOPERM",
    "NOAUTH",
    "WRONGPASS",
];

/// Returns the error of an operation, by its kind and the server's text: neither has the URL.
fn error(err: &RedisError) -> StoreError {
    if err.is_timeout() {
        return StoreError::new("the server did not answer in time");
    }
    StoreError::new(err)
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may have a password.
        f.debug_struct("RedisStore")
            .field("timeout", &self.shared.timeout)
            .finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_is_of_no_use_where_the_server_refuses_what_it_will_refuse_again() {
        let refused = |line: &str| {
            let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes());
            is_lost(&value.and_then(Value::extract_error).unwrap_err())
        };
        for line in [
            "READONLY You can't write against a read only replica.",
            "ERR Error running script (call to f_0): @user_script:9: -READONLY You can't write against a read only replica.",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "LOADING Redis is loading the dataset in memory",
            "NOPERM this user has no permissions to run the 'evalsha' command",
            "NOAUTH Authentication required.",
        ] {
            assert!(refused(line), "{line}");
        }
        for line in [
            "NOSCRIPT No matching script.",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "OOM command not allowed when used memory > 'maxmemory'.",
            "ERR Error running script (call to f_0): a number is expected",
        ] {
            assert!(!refused(line), "{line}");
        }
    }
}
