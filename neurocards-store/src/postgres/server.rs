//! The server itself, for people who set it up: where it is, which one, what its clock says.

use std::fmt;

use neurocards_core::{StoreError, Timestamp};
use sqlx::Connection;

use super::PostgresStore;
use super::error::classify;
use super::open::{ConnectError, connect, options};

/// Where a database is. It holds no password and can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// The host, or the folder of the socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.host, self.port, self.database)
    }
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its version, such as `15.8`.
    pub version: String,
    /// Its clock, which timers and leases follow.
    pub now: Timestamp,
}

impl PostgresStore {
    /// Where a url leads, without connecting.
    ///
    /// # Errors
    /// [`ConnectError::Url`]: it cannot be read.
    pub fn address_of(url: &str) -> Result<ServerAddress, ConnectError> {
        let options = options(url)?;
        let socket = options.get_socket().map(|folder| folder.display().to_string());
        Ok(ServerAddress {
            host: socket.unwrap_or_else(|| options.get_host().to_owned()),
            port: options.get_port(),
            database: options.get_database().unwrap_or(options.get_username()).to_owned(),
            user: options.get_username().to_owned(),
        })
    }

    /// Asks a server who it is, without creating, changing or migrating anything.
    ///
    /// # Errors
    /// As [`open`](Self::open); the schema is not looked at.
    pub async fn server_of(url: &str) -> Result<ServerFacts, StoreError> {
        let mut connection = connect(&options(url)?).await?;
        let sql = "SELECT split_part(current_setting('server_version'), ' ', 1), clock_timestamp()";
        let asked = sqlx::query_as(sql).fetch_one(&mut connection).await;
        let _ = connection.close().await;
        let (version, now) = asked.map_err(classify)?;
        Ok(ServerFacts { version, now })
    }
}
