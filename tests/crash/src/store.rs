//! A store at whose writes the process can die.

use std::sync::Arc;

use neurocards_core::{CallKind, Store, StoreAround, StoreCall, StoreError};

use crate::points::Points;

/// Passes a point before each write, and one after each that changed something: a poll that brought nothing is none.
/// Signs of life come by the clock, not by the order's life: they are no points.
#[derive(Debug)]
pub(crate) struct MortalStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) points: Arc<Points>,
}

impl StoreAround for MortalStore {
    fn inner(&self) -> &dyn Store {
        self.inner.as_ref()
    }

    async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
        if call.kind != CallKind::Write {
            return call.run().await;
        }
        let (name, changed) = (call.method, call.changed);
        self.points.before(name);
        let answer = call.run().await?;
        if changed(&answer) {
            self.points.after(name);
        }
        Ok(answer)
    }
}
