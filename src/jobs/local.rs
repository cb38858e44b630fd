//! Jobs that are leased to this engine and wait for a worker.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use crate::store::jobs::Job;

/// Jobs that may wait here. What comes beyond is left in the database for whoever is free.
const CAPACITY: usize = 1_024;

/// This engine's own queue. Cheap to clone.
#[derive(Clone)]
pub struct LocalQueue {
    sender: mpsc::Sender<Job>,
    receiver: Arc<Mutex<mpsc::Receiver<Job>>>,
}

impl Default for LocalQueue {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        Self { sender, receiver: Arc::new(Mutex::new(receiver)) }
    }
}

impl LocalQueue {
    /// How many more jobs may be leased to this engine now.
    #[must_use]
    pub fn free(&self) -> usize {
        self.sender.capacity()
    }

    /// Puts a leased job into the queue. Should it be full all the same, the job is done when its
    /// lease has run out.
    pub fn push(&self, job: Job) {
        if let Err(error) = self.sender.try_send(job) {
            tracing::debug!(%error, "job.queue_full");
        }
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
