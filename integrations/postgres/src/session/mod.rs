//! A connection on which every request has a time limit.

#[cfg(feature = "tls")]
pub(crate) mod tls;

use crate::{
    config::DatabaseConfig,
    error::{DatabaseError, text_of},
};
use std::{fmt, future::Future, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};
use tokio_postgres::Client;

/// A connection, and the runtime that drives it while a request is under way.
///
/// The blocking client of the crate `postgres` would wait forever for a server that is stopped: its
/// machine acknowledges what it is sent, and limits of the server are not enforced.
pub(crate) struct Session {
    /// Absent only while this is dropped.
    runtime: Option<Runtime>,
    client: Client,
    limit: Duration,
    secret: Option<String>,
}

impl Session {
    /// Connects. Must not run on a thread that drives futures.
    pub(crate) fn open(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|err| DatabaseError::Connect(err.to_string()))?;
        let limit = config.connect_timeout;
        let connected = run_within(&runtime, limit, async {
            let client = connect(config).await?;
            client.batch_execute(&settings(config)).await?;
            Ok(client)
        });
        let client = match connected {
            Ok(client) => client,
            Err(err) => {
                // A look-up of the host may still be under way.
                runtime.shutdown_background();
                return Err(err.without(config.secret()));
            }
        };
        Ok(Self {
            runtime: Some(runtime),
            client,
            limit: config.timeout,
            secret: config.secret().map(str::to_owned),
        })
    }

    /// Runs a request within the time limit. After an error, the connection may be in the middle of
    /// a transaction: the session must be dropped, unless the request rolled back.
    pub(crate) fn run<T>(
        &mut self,
        request: impl AsyncFnOnce(&mut Client) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let Some(runtime) = &self.runtime else {
            return Err(DatabaseError::Lost("the connection is closed".to_owned()));
        };
        run_within(runtime, self.limit, request(&mut self.client))
            .map_err(|err| err.without(self.secret.as_deref()))
    }
}

fn run_within<T>(
    runtime: &Runtime,
    limit: Duration,
    request: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    let bounded = async { timeout(limit, request).await };
    runtime
        .block_on(bounded)
        .unwrap_or(Err(DatabaseError::Timeout(limit)))
}

impl Drop for Session {
    fn drop(&mut self) {
        // Waits for nothing, so that a session can be dropped anywhere.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

async fn connect(config: &DatabaseConfig) -> Result<Client, DatabaseError> {
    let failed = |err: tokio_postgres::Error| DatabaseError::Connect(text_of(&err));
    #[cfg(feature = "tls")]
    let (client, connection) = {
        let connector = tls::connector(config.root_certificates.as_deref())?;
        config.postgres.connect(connector).await.map_err(failed)?
    };
    #[cfg(not(feature = "tls"))]
    let (client, connection) = config
        .postgres
        .connect(tokio_postgres::NoTls)
        .await
        .map_err(failed)?;
    // It ends with the client; requests report its errors.
    tokio::spawn(async {
        let _ = connection.await;
    });
    Ok(client)
}

/// The server ends what this client has given up.
fn settings(config: &DatabaseConfig) -> String {
    let limit = config.timeout.as_millis();
    let lock = limit / 2;
    format!(
        "SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}; SET lock_timeout = {lock};
        SET TIME ZONE 'UTC'"
    )
}
