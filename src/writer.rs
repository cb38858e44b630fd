//! The queue into the database: what arrives together commits together.
//!
//! A task drains the queue into one transaction of a few statements, commits it, and answers
//! everyone who waits. On PostgreSQL there are two of them, which are to each other as two engines:
//! while the server works for one, the engine works for the other. Under load a commit holds hundreds
//! of messages; alone, a message waits for nobody. When a set fails because of what is in it, each
//! piece is tried alone, so that a poisonous one never fails its neighbours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use centrium_channels::{Error, Kind, Receipt};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::assistant::Assistant;
use crate::clock::Clock;
use crate::ingest::{self, Accepted, Arrival, Rules};
use crate::jobs::LocalQueue;
use crate::jobs::answer_ticket::{self, Answer, Answered};
use crate::store::{self, Store};
use crate::turns::Turns;

/// Messages in one transaction at most: enough to pay for its fsync many times over, few enough that
/// a set commits within some tens of milliseconds.
const SET: usize = 256;
/// Answers in one transaction at most. Where many are made at once, as after a provider's silence,
/// messages wait for no more than these.
const ANSWERS: usize = 64;
/// Messages that may wait, and answers. Beyond that, callers wait to get in.
const QUEUE: usize = 4_096;
/// How often a piece that lost a race is tried again.
const RACES: usize = 5;
/// And for how long: a lock that someone else holds for good is waited for only once.
const RACE_TIME: Duration = Duration::from_secs(2);

type Tell<T> = oneshot::Sender<Result<T, Error>>;

/// A piece of work for the writer.
enum Work {
    Arrive(Box<Arrival>, Tell<Accepted>),
    Answer(Box<Answer>, Tell<Answered>),
}

impl Work {
    /// Tells whoever waits that it was not written.
    fn refuse(self, error: &Error) {
        match self {
            Self::Arrive(_, tell) => drop(tell.send(Err(error.clone()))),
            Self::Answer(_, tell) => drop(tell.send(Err(error.clone()))),
        }
    }
}

/// Gives work to the writing tasks. Cheap to clone; the tasks end when the last clone is gone and
/// the queue is empty.
#[derive(Clone)]
pub struct Writer {
    arrivals: mpsc::Sender<Work>,
    answers: mpsc::Sender<Work>,
    /// Sets that are being written.
    writing: Arc<AtomicUsize>,
}

/// What the writing tasks work with.
pub struct Desk {
    /// The database.
    pub store: Store,
    /// Now.
    pub clock: Clock,
    /// The installation's rules for new messages.
    pub rules: Rules,
    /// Who answers.
    pub assistant: Arc<dyn Assistant>,
    /// This engine's own queue of jobs.
    pub local: LocalQueue,
    /// Callers that wait for an answer.
    pub turns: Arc<Turns>,
}

impl Writer {
    /// Starts the writing tasks, as many as the database has use for.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start(desk: Desk) -> store::Result<Self> {
        let (arrivals, waiting_arrivals) = mpsc::channel(QUEUE);
        let (answers, waiting_answers) = mpsc::channel(QUEUE);
        let waiting = Waiting { arrivals: waiting_arrivals, answers: waiting_answers };
        let (desk, waiting) = (Arc::new(desk), Arc::new(Mutex::new(waiting)));
        let writing = Arc::<AtomicUsize>::default();
        for _ in 0..desk.store.sets_at_once() {
            desk.store.spawn("writer", run(desk.clone(), waiting.clone(), writing.clone()))?;
        }
        Ok(Self { arrivals, answers, writing })
    }

    /// Writes a customer's message; durable when `Ok`.
    ///
    /// # Errors
    /// As [`Inbox::accept`](centrium_channels::Inbox::accept).
    pub async fn accept(&self, arrival: Arrival) -> Result<Receipt, Error> {
        let work = |tell| Work::Arrive(Box::new(arrival), tell);
        let accepted = ask(&self.arrivals, work).await?;
        Ok(accepted.receipt)
    }

    /// Writes what the assistant decided; durable when `Ok`.
    ///
    /// # Errors
    /// `Unavailable` when the store can't be written: the job must be tried again.
    pub async fn answer(&self, answer: Answer) -> Result<Answered, Error> {
        ask(&self.answers, |tell| Work::Answer(Box::new(answer), tell)).await
    }

    /// Pieces of work that wait for a writing task.
    #[must_use]
    pub fn waiting(&self) -> usize {
        [&self.arrivals, &self.answers].iter().map(|q| q.max_capacity() - q.capacity()).sum()
    }

    /// Whether anything waits or is being written.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.waiting() > 0 || self.writing.load(Ordering::Relaxed) > 0
    }
}

async fn ask<T>(
    queue: &mpsc::Sender<Work>,
    work: impl FnOnce(Tell<T>) -> Work,
) -> Result<T, Error> {
    let (tell, told) = oneshot::channel();
    let gone = || Error::new(Kind::Unavailable, "The engine is stopping. Please send it again.");
    queue.send(work(tell)).await.map_err(|_| gone())?;
    told.await.map_err(|_| gone())?
}

/// What waits for the writing tasks.
struct Waiting {
    arrivals: mpsc::Receiver<Work>,
    answers: mpsc::Receiver<Work>,
}

impl Waiting {
    /// Waits for work, and takes it: all messages that a set has room for, and some answers, so that
    /// neither waits for the other. Nothing when there will be no more.
    async fn take(&mut self, set: &mut Vec<Work>) {
        let first = tokio::select! {
            biased;
            Some(arrival) = self.arrivals.recv() => arrival,
            Some(answer) = self.answers.recv() => answer,
            else => return,
        };
        set.push(first);
        set.extend(std::iter::from_fn(|| self.arrivals.try_recv().ok()).take(SET - 1));
        set.extend(std::iter::from_fn(|| self.answers.try_recv().ok()).take(ANSWERS - 1));
    }

    /// What waits, and was not taken.
    fn next(&mut self) -> Option<Work> {
        self.arrivals.try_recv().or_else(|_| self.answers.try_recv()).ok()
    }
}

async fn run(desk: Arc<Desk>, waiting: Arc<Mutex<Waiting>>, writing: Arc<AtomicUsize>) {
    let mut set = Vec::with_capacity(SET);
    loop {
        waiting.lock().await.take(&mut set).await;
        if set.is_empty() {
            return;
        }
        writing.fetch_add(1, Ordering::Relaxed);
        for set in desk.transactions(std::mem::take(&mut set)) {
            let committed = desk.commit_set(set).await;
            // Where another task listens to the queue, nobody waits in it.
            if let Err(unavailable) = committed
                && let Ok(mut waiting) = waiting.try_lock()
            {
                // Who queued up behind a database that is gone has waited long enough to be told.
                while let Some(work) = waiting.next() {
                    work.refuse(&unavailable);
                }
            }
        }
        writing.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk {
    /// Two sets that are written at once must lock tickets in the same order, or they wait for each
    /// other. Messages do, and answers do, but not both together.
    fn transactions(&self, set: Vec<Work>) -> Vec<Vec<Work>> {
        if self.store.sets_at_once() == 1 {
            return vec![set];
        }
        let (arrivals, answers): (Vec<_>, Vec<_>) =
            set.into_iter().partition(|work| matches!(work, Work::Arrive(..)));
        [arrivals, answers].into_iter().filter(|set| !set.is_empty()).collect()
    }

    /// Commits a set and answers all who wait for it. The error is that of a database which can't
    /// be reached; everything else was told to whom it concerns.
    async fn commit_set(&self, set: Vec<Work>) -> Result<(), Error> {
        let mut arrivals = Vec::new();
        let mut answers = Vec::new();
        for work in set {
            match work {
                Work::Arrive(arrival, tell) => arrivals.push((*arrival, tell)),
                Work::Answer(answer, tell) => answers.push((*answer, tell)),
            }
        }
        let (arrivals, tell_arrivals): (Vec<_>, Vec<_>) = arrivals.into_iter().unzip();
        let (answers, tell_answers): (Vec<_>, Vec<_>) = answers.into_iter().unzip();

        let mut reached = Ok(());
        let (accepted, answered) = match self.commit_again(&arrivals, &answers).await {
            Ok(done) => done,
            Err(lost @ (store::Error::Unavailable(_) | store::Error::Uncertain(_))) => {
                // Who waits behind this set was not tried at all.
                reached = Err(Error::from(store::Error::unavailable(&lost)));
                let error = Error::from(lost);
                (vec![Err(error.clone()); arrivals.len()], vec![Err(error); answers.len()])
            }
            Err(_) => self.commit_one_by_one(&arrivals, &answers).await,
        };
        for (tell, accepted) in tell_arrivals.into_iter().zip(accepted) {
            if let Ok(accepted) = &accepted {
                self.follow_up(accepted);
            }
            // Nobody listens when the caller hung up; the message is safe all the same.
            drop(tell.send(accepted));
        }
        for (tell, answered) in tell_answers.into_iter().zip(answered) {
            if let Ok(answered) = &answered {
                if let Some(reply) = &answered.reply {
                    self.turns.tell(answered.message_id, reply.clone());
                }
                if let Some(job) = &answered.delivery {
                    self.local.push(job.clone());
                }
            }
            drop(tell.send(answered));
        }
        reached
    }

    fn follow_up(&self, accepted: &Accepted) {
        let message_id = accepted.receipt.message_id;
        if accepted.is_awaited && (accepted.job.is_some() || accepted.reply.is_some()) {
            self.turns.expect(message_id);
        }
        if let Some(reply) = &accepted.reply {
            self.turns.tell(message_id, reply.clone());
        }
        if let Some(job) = &accepted.job {
            self.local.push(job.clone());
        }
    }

    /// A set that lost a race against another one gets through at its next try.
    async fn commit_again(&self, arrivals: &[Arrival], answers: &[Answer]) -> store::Result<Done> {
        let began = Instant::now();
        match self.commit(arrivals, answers).await {
            Err(store::Error::Contended(_)) if began.elapsed() < RACE_TIME => {
                self.commit(arrivals, answers).await
            }
            done => done,
        }
    }

    async fn commit(&self, arrivals: &[Arrival], answers: &[Answer]) -> store::Result<Done> {
        let now = self.clock.now();
        let (assistant, rules) = (&self.assistant, &self.rules);
        let outlook = ingest::look_ahead(&self.store, assistant, arrivals, rules, now).await?;
        let began = Instant::now();
        let tx = self.store.turn().await?;
        let free = self.local.free();
        let mut accepted = Vec::new();
        if arrivals.is_empty() {
            tx.begin().await?;
        } else {
            accepted = ingest::write(&tx, arrivals, outlook, &self.rules, now, free).await?;
        }
        let mut answered = Vec::new();
        if !answers.is_empty() {
            let leased = accepted.iter().filter(|a| a.as_ref().is_ok_and(|a| a.job.is_some()));
            let free = free.saturating_sub(leased.count());
            answered = answer_ticket::write(&tx, answers, &self.rules, now, free).await?;
        }
        tx.commit().await?;
        crate::telemetry::record_commit(arrivals.len() + answers.len(), began.elapsed());
        Ok((accepted, answered.into_iter().map(Ok).collect()))
    }

    /// Finds the piece that failed the set, and lets the others through. A piece that only lost a
    /// race against another engine gets through at its next try.
    async fn commit_one_by_one(&self, arrivals: &[Arrival], answers: &[Answer]) -> Done {
        // Once the database is gone, the rest need not wait for it one after the other.
        let mut gone = None;
        let mut accepted = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            let done = match gone {
                Some(ref error) => Err(Error::clone(error)),
                None => self.commit_alone(std::slice::from_ref(arrival), &[], &mut gone).await,
            };
            accepted.push(
                done.and_then(|(mut accepted, _)| accepted.pop().unwrap_or_else(|| Err(lost()))),
            );
        }
        let mut answered = Vec::with_capacity(answers.len());
        for answer in answers {
            let done = match gone {
                Some(ref error) => Err(Error::clone(error)),
                None => self.commit_alone(&[], std::slice::from_ref(answer), &mut gone).await,
            };
            answered.push(
                done.and_then(|(_, mut answered)| answered.pop().unwrap_or_else(|| Err(lost()))),
            );
        }
        (accepted, answered)
    }

    async fn commit_alone(
        &self,
        arrivals: &[Arrival],
        answers: &[Answer],
        gone: &mut Option<Error>,
    ) -> Result<Done, Error> {
        let began = Instant::now();
        let mut races = 0;
        loop {
            match self.commit(arrivals, answers).await {
                Err(store::Error::Contended(_)) if races < RACES && began.elapsed() < RACE_TIME => {
                    races += 1;
                    tokio::time::sleep(Duration::from_millis(5 * races as u64)).await;
                }
                Err(lost @ (store::Error::Unavailable(_) | store::Error::Uncertain(_))) => {
                    *gone = Some(Error::from(store::Error::unavailable(&lost)));
                    return Err(Error::from(lost));
                }
                done => return done.map_err(Error::from),
            }
        }
    }
}

type Done = (Vec<Result<Accepted, Error>>, Vec<Result<Answered, Error>>);

fn lost() -> Error {
    Error::new(Kind::Internal, "Something went wrong on our side. Please send it again.")
}
