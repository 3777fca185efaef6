//! The connection that was used last is used next.
//!
//! The pool hands out connections in turns, and asks each one that is given back whether it lives. For the statements
//! that every job needs that is two wake-ups of the server instead of one, the second always of a process whose memory
//! has gone cold. So the connections of those that went well are kept here, a few; all others go the pool's way.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use neurocards_core::{Clock, SystemClock};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use super::open::FRESH;

/// How many are kept.
const WARM: usize = 3;

/// The connections of a store. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections {
    parts: Arc<Parts>,
}

struct Parts {
    pool: PgPool,
    warm: Mutex<Vec<Kept>>,
    clock: SystemClock,
}

struct Kept {
    connection: PoolConnection<Postgres>,
    since: Duration,
}

impl Connections {
    pub(super) fn of(pool: PgPool) -> Self {
        Self { parts: Arc::new(Parts { pool, warm: Mutex::default(), clock: SystemClock::new() }) }
    }

    /// A connection for one statement that commits itself. [`keep`](Self::keep) it when the statement went well; else
    /// drop it, and the pool looks after it.
    pub(super) async fn warm(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let parts = &self.parts;
        let kept = parts.warm().pop();
        match kept {
            Some(kept) if parts.clock.monotonic().saturating_sub(kept.since) < FRESH => Ok(kept.connection),
            // It may have died meanwhile: dropped, it is asked.
            _ => parts.pool.acquire().await,
        }
    }

    /// Keeps a connection on which nothing is open.
    pub(super) fn keep(&self, connection: PoolConnection<Postgres>) {
        let parts = &self.parts;
        let mut warm = parts.warm();
        // Where all connections are in use, somebody may wait for one at the pool.
        let exhausted =
            parts.pool.num_idle() == 0 && parts.pool.size() >= parts.pool.options().get_max_connections();
        if warm.len() < WARM && !exhausted && !parts.pool.is_closed() {
            warm.push(Kept { connection, since: parts.clock.monotonic() });
        }
    }

    pub(super) async fn close(&self) {
        let closing = self.parts.pool.close();
        self.parts.warm().clear();
        closing.await;
    }
}

impl Deref for Connections {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.parts.pool
    }
}

impl Parts {
    fn warm(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Parts {
    /// A connection that goes back to its pool needs a runtime, which may be gone.
    fn drop(&mut self) {
        for kept in self.warm.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            drop(kept.connection.detach());
        }
    }
}
