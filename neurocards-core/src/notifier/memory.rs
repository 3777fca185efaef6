//! A notifier that keeps what it is told: for tests and examples.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Delivery, Notifier};
use crate::notice::Notice;

/// Keeps every notice that it was asked to deliver, for all accounts.
#[derive(Debug, Default)]
pub struct MemoryNotifier {
    delivered: Mutex<Vec<Notice>>,
    script: Mutex<VecDeque<Delivery>>,
}

impl MemoryNotifier {
    /// Nothing delivered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was asked for so far, in order.
    pub fn delivered(&self) -> Vec<Notice> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Scripts the answer of the next delivery.
    pub fn script(&self, delivery: Delivery) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push_back(delivery);
    }
}

#[async_trait]
impl Notifier for MemoryNotifier {
    fn channels(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    async fn deliver(&self, notice: &Notice) -> Delivery {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).push(notice.clone());
        let scripted = self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        scripted.unwrap_or(Delivery::Sent { receipt: None })
    }
}
