//! How deliveries ended, written in sets: a commit of its own for each would keep messages waiting
//! where many answers leave at once.

use centrium_channels::{Error, Kind};
use tokio::sync::{mpsc, oneshot};

use crate::store::{self, Changes, Store, jobs, messages};
use crate::tickets::DeliveryState;

/// Outcomes in one transaction at most: few enough that it ends within some milliseconds.
const SET: usize = 64;
/// Outcomes that may wait. Beyond that, deliveries wait to get in.
const QUEUE: usize = 1_024;

/// How a delivery ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The job that this finishes.
    pub job_id: i64,
    /// The answer.
    pub message_id: i64,
    /// How far the answer has come; `None` where that was noted before.
    pub reached: Option<Reached>,
}

/// How far an answer has come.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Sent or failed.
    pub state: DeliveryState,
    /// Why it failed, in a sentence for the operator.
    pub error: Option<String>,
    /// The answer's id on its channel.
    pub external_id: Option<String>,
}

type Tell = oneshot::Sender<Result<(), Error>>;

/// Takes outcomes to the task that writes them. Cheap to clone; the task ends when the last clone is
/// gone and the queue is empty.
#[derive(Clone)]
pub struct Outcomes(mpsc::Sender<(Outcome, Tell)>);

impl Outcomes {
    /// Starts the writing task, for jobs that are leased to `node`.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start(store: &Store, node: String) -> store::Result<Self> {
        let (sender, waiting) = mpsc::channel(QUEUE);
        store.spawn("outcomes", run(store.clone(), node, waiting))?;
        Ok(Self(sender))
    }

    /// Writes an outcome, with the end of its job; durable when `Ok`. Where this engine does not
    /// hold the job any more, nothing happens.
    ///
    /// # Errors
    /// `Unavailable` when the store can't be written.
    pub async fn note(&self, outcome: Outcome) -> Result<(), Error> {
        let gone = || Error::new(Kind::Unavailable, "The engine is stopping.");
        let (tell, told) = oneshot::channel();
        self.0.send((outcome, tell)).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

async fn run(store: Store, node: String, mut waiting: mpsc::Receiver<(Outcome, Tell)>) {
    let mut set = Vec::with_capacity(SET);
    while waiting.recv_many(&mut set, SET).await > 0 {
        let (outcomes, tells): (Vec<_>, Vec<_>) = set.drain(..).unzip();
        let together = write(&store, &node, &outcomes).await;
        for (outcome, tell) in outcomes.into_iter().zip(tells) {
            let written = match &together {
                Ok(()) => Ok(()),
                Err(lost @ (store::Error::Unavailable(_) | store::Error::Uncertain(_))) => {
                    Err(store::Error::unavailable(lost))
                }
                // One of them is wrong, such as an id that the channel has given before.
                Err(_) => write(&store, &node, &[outcome]).await,
            };
            // Who asked may have been stopped.
            drop(tell.send(written.map_err(Error::from)));
        }
    }
}

async fn write(store: &Store, node: &str, outcomes: &[Outcome]) -> store::Result<()> {
    let tx = store.begin().await?;
    let ids: Vec<i64> = outcomes.iter().map(|outcome| outcome.job_id).collect();
    let held = jobs::still_held(&tx, node, &ids).await?;
    for outcome in outcomes.iter().filter(|outcome| held.contains(&outcome.job_id)) {
        if let Some(Reached { state, error, external_id }) = &outcome.reached {
            let (error, external_id) = (error.as_deref(), external_id.as_deref());
            messages::set_delivery(&tx, outcome.message_id, *state, error, external_id).await?;
        }
    }
    Changes { finished: held, ..Changes::default() }.write(&tx).await?;
    tx.commit().await
}
