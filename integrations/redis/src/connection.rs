//! Connections to a server or a cluster, with a limit on every wait.

#[cfg(any(feature = "cluster", test))]
use gardefou::time::SharedClock;
use redis::{Client, Cmd, Connection, ConnectionLike, Pipeline, RedisResult, Value};
use std::time::Duration;

/// Where the server is.
pub(crate) enum Target {
    Server(Client),
    #[cfg(feature = "cluster")]
    Cluster {
        client: redis::cluster::ClusterClient,
        /// The nodes that were named: updates come from any of them.
        nodes: Vec<Client>,
    },
}

impl Target {
    pub(crate) fn connect(&self, limit: Duration) -> RedisResult<Link> {
        match self {
            Self::Server(client) => {
                let connection = client.get_connection_with_timeout(limit)?;
                connection.set_read_timeout(Some(limit))?;
                connection.set_write_timeout(Some(limit))?;
                Ok(Link::Server(Box::new(connection)))
            }
            #[cfg(feature = "cluster")]
            Self::Cluster { client, .. } => {
                let connection = client.get_connection()?;
                connection.set_read_timeout(Some(limit))?;
                connection.set_write_timeout(Some(limit))?;
                Ok(Link::Cluster(Box::new(connection), limit))
            }
        }
    }

    /// Connects for updates, with the node after `tries` others.
    pub(crate) fn connect_for_updates(
        &self,
        tries: usize,
        limit: Duration,
    ) -> RedisResult<Connection> {
        let client = match self {
            Self::Server(client) => client,
            #[cfg(feature = "cluster")]
            Self::Cluster { nodes, .. } => &nodes[tries % nodes.len()],
        };
        let _ = tries;
        client.get_connection_with_timeout(limit)
    }
}

/// A connection for operations.
pub(crate) enum Link {
    Server(Box<Connection>),
    #[cfg(feature = "cluster")]
    Cluster(Box<redis::cluster::ClusterConnection>, Duration),
}

impl Link {
    pub(crate) fn as_connection(&mut self) -> &mut dyn ConnectionLike {
        match self {
            Self::Server(connection) => connection.as_mut(),
            #[cfg(feature = "cluster")]
            Self::Cluster(connection, _) => connection.as_mut(),
        }
    }

    /// Sends commands at once where one server takes all of them, and else one after another.
    pub(crate) fn send_all(&mut self, commands: &[Cmd]) -> RedisResult<Vec<RedisResult<Value>>> {
        match self {
            Self::Server(connection) => {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command.clone());
                }
                pipeline.ignore_errors().query(connection.as_mut())
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(connection, limit) => {
                let send = |command: &Cmd| command.query(connection.as_mut());
                Ok(one_by_one(commands, &SharedClock::default(), *limit, send))
            }
        }
    }
}

/// Sends commands one after another. Once one has failed for lack of an answer, those that would begin later than `limit`
/// after the first one fail at once: a node that answers nothing costs a batch its limit, and not that of each command.
#[cfg(any(feature = "cluster", test))]
fn one_by_one(
    commands: &[Cmd],
    clock: &SharedClock,
    limit: Duration,
    mut send: impl FnMut(&Cmd) -> RedisResult<Value>,
) -> Vec<RedisResult<Value>> {
    let end = clock.now().after(limit);
    let mut is_unanswered = false;
    let each = |command| {
        if is_unanswered && clock.now() >= end {
            return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        }
        let result = send(command);
        is_unanswered |= matches!(&result, Err(err) if err.is_timeout() || err.is_io_error());
        result
    };
    commands.iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gardefou::time::ManualClock;
    use std::io::{Error, ErrorKind};

    const LIMIT: Duration = Duration::from_millis(250);

    /// Sends so many commands, each of which takes so long, to a node that answers those that `answers` tells by their
    /// place; returns the results, and how many were sent.
    fn send(
        count: usize,
        takes: Duration,
        answers: fn(usize) -> bool,
    ) -> (Vec<RedisResult<Value>>, usize) {
        let clock = ManualClock::new();
        let commands = vec![redis::cmd("EVALSHA"); count];
        let mut sent = 0;
        let results = one_by_one(&commands, &SharedClock::new(clock.clone()), LIMIT, |_| {
            sent += 1;
            clock.advance(takes);
            if answers(sent - 1) {
                return Ok(Value::Okay);
            }
            Err(Error::from(ErrorKind::TimedOut).into())
        });
        (results, sent)
    }

    #[test]
    fn node_that_answers_nothing_costs_a_batch_its_limit() {
        let (results, sent) = send(1000, LIMIT, |_| false);
        assert_eq!((results.len(), sent), (1000, 1));
        let is_timeout = |it: &RedisResult<Value>| matches!(it, Err(err) if err.is_timeout());
        assert!(results.iter().all(is_timeout));
        assert_eq!(send(1000, LIMIT / 2, |_| false).1, 2);
        assert_eq!(send(1000, LIMIT - Duration::from_nanos(1), |_| false).1, 2);
        // Those before it have their answers.
        let (results, sent) = send(1000, LIMIT, |place| place < 3);
        assert_eq!(
            (sent, results.iter().filter(|it| it.is_ok()).count()),
            (4, 3)
        );
    }

    #[test]
    fn batch_that_is_answered_is_sent_wholly() {
        for takes in [Duration::ZERO, LIMIT / 2, LIMIT * 2] {
            let (results, sent) = send(1000, takes, |_| true);
            assert_eq!(sent, 1000);
            assert!(results.iter().all(Result::is_ok));
        }
        // One failure that was quick stops nothing within the limit.
        assert_eq!(send(10, LIMIT / 20, |place| place != 0).1, 10);
    }
}
