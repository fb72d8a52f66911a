//! Connections to a server or a cluster, with a limit on every wait.

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
                Ok(Link::Cluster(Box::new(connection)))
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
    Cluster(Box<redis::cluster::ClusterConnection>),
}

impl Link {
    pub(crate) fn as_connection(&mut self) -> &mut dyn ConnectionLike {
        match self {
            Self::Server(connection) => connection.as_mut(),
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => connection.as_mut(),
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
            Self::Cluster(connection) => {
                let results = commands
                    .iter()
                    .map(|command| command.query(connection.as_mut()));
                Ok(results.collect())
            }
        }
    }
}
