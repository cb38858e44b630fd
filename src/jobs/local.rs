//! Jobs that are leased to this engine and wait for a worker.

use std::sync::{Arc, Mutex as Short, PoisonError};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc};

use crate::store::jobs::Job;

/// Jobs that may wait here. What comes beyond is left in the database for whoever is free.
const CAPACITY: usize = 1_024;

/// This engine's own queue. Cheap to clone.
#[derive(Clone)]
pub struct LocalQueue {
    sender: mpsc::Sender<Job>,
    receiver: Arc<Mutex<mpsc::Receiver<Job>>>,
    refused: Arc<Short<Vec<Job>>>,
}

impl Default for LocalQueue {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        Self { sender, receiver: Arc::new(Mutex::new(receiver)), refused: Arc::default() }
    }
}

impl LocalQueue {
    /// How many more jobs may be leased to this engine now.
    #[must_use]
    pub fn free(&self) -> usize {
        self.sender.capacity()
    }

    /// Puts a leased job into the queue. Should it be full all the same, the worker gives the job
    /// back to the database at its next look.
    pub fn push(&self, job: Job) {
        if let Err(error) = self.sender.try_send(job) {
            let (TrySendError::Full(job) | TrySendError::Closed(job)) = error;
            self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(job);
        }
    }

    /// Jobs that found no room, and are still leased to this engine.
    #[must_use]
    pub fn refused(&self) -> Vec<Job> {
        std::mem::take(&mut self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for jobs, and takes up to `limit` of them.
    pub async fn take(&self, limit: usize) -> Vec<Job> {
        let mut jobs = Vec::new();
        self.receiver.lock().await.recv_many(&mut jobs, limit).await;
        jobs
    }

    /// What is left, without waiting.
    pub async fn drain(&self) -> Vec<Job> {
        let mut receiver = self.receiver.lock().await;
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::names::JobKind;

    #[tokio::test]
    async fn a_job_without_room_is_kept_to_be_given_back() {
        let queue = LocalQueue::default();
        for id in 0..=i64::try_from(CAPACITY).unwrap() {
            queue.push(Job::new(id, JobKind::AnswerTicket, 1, 0, 0));
        }
        assert_eq!(queue.free(), 0);
        let refused: Vec<i64> = queue.refused().into_iter().map(|job| job.id).collect();
        assert_eq!(refused, [i64::try_from(CAPACITY).unwrap()]);
        assert!(queue.refused().is_empty(), "told once");
        assert_eq!(queue.drain().await.len(), CAPACITY);
    }
}
