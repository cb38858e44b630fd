//! The queue of published events: those that arrive together commit together.

use std::collections::HashMap;

use tokio::sync::{mpsc, oneshot};

use super::{Draft, Error};
use crate::clock::{Clock, Millis};
use crate::store::events::{self, NewEvent};
use crate::store::idempotency::{self, IdempotencyKey};
use crate::store::{self, Changes, Payload, Store};

/// Events in one transaction at most: few enough that it ends within some milliseconds.
const SET: usize = 64;
/// Events that may wait. Beyond that, callers wait to get in.
const QUEUE: usize = 1_024;
/// Where the keys of published events stand. `API_TOKEN` alone publishes, so that its callers are one.
const SCOPE: &str = "events";

type Tell = oneshot::Sender<Result<i64, Error>>;

/// Takes events to the task that writes them. Cheap to clone; the task ends when the last clone is
/// gone and the queue is empty.
#[derive(Clone)]
pub struct Publisher(mpsc::Sender<(Draft, Tell)>);

impl Publisher {
    /// Starts the writing task.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start(store: &Store, clock: Clock) -> store::Result<Self> {
        let (sender, waiting) = mpsc::channel(QUEUE);
        let desk = Desk { store: store.clone(), clock };
        store.spawn("publisher", run(desk, waiting))?;
        Ok(Self(sender))
    }

    /// Writes the event into the log, and gives its id, or that of an earlier one with the same key;
    /// durable when `Ok`.
    ///
    /// # Errors
    /// `Conflict` where the key was used for something else, `Store`.
    pub async fn publish(&self, draft: Draft) -> Result<i64, Error> {
        let gone = || store::Error::unavailable("the engine is stopping");
        let (tell, told) = oneshot::channel();
        self.0.send((draft, tell)).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

async fn run(desk: Desk, mut waiting: mpsc::Receiver<(Draft, Tell)>) {
    let mut set = Vec::with_capacity(SET);
    while waiting.recv_many(&mut set, SET).await > 0 {
        let (drafts, tells): (Vec<_>, Vec<_>) = set.drain(..).unzip();
        let done = desk.commit(&drafts).await;
        if let Err(lost) = &done {
            // Who queued up behind a database that is gone has waited long enough to be told.
            while let Ok((_, tell)) = waiting.try_recv() {
                drop(tell.send(Err(store::Error::unavailable(lost).into())));
            }
        }
        let done = done.unwrap_or_else(|lost| vec![Err(lost.into()); drafts.len()]);
        for (tell, published) in tells.into_iter().zip(done) {
            // Nobody listens when the caller hung up; the event is in the log all the same.
            drop(tell.send(published));
        }
    }
}

type Published = Vec<Result<i64, Error>>;

struct Desk {
    store: Store,
    clock: Clock,
}

impl Desk {
    /// Commits a set. The error is that of a database which can't be reached. Where the set fails for
    /// another reason, each event is tried alone, so that none fails its neighbours.
    async fn commit(&self, drafts: &[Draft]) -> store::Result<Published> {
        let refused = match self.commit_together(drafts).await {
            Ok(published) => return Ok(published),
            Err(lost @ (store::Error::Unavailable(_) | store::Error::Uncertain(_))) => {
                return Err(lost);
            }
            Err(refused) if drafts.len() == 1 => return Ok(vec![Err(refused.into())]),
            Err(refused) => refused,
        };
        tracing::warn!(error = %refused, events = drafts.len(), "events.set_refused");
        let mut published = Vec::with_capacity(drafts.len());
        for draft in drafts {
            match self.commit_again(std::slice::from_ref(draft)).await {
                Ok(one) => published.extend(one),
                Err(lost @ (store::Error::Unavailable(_) | store::Error::Uncertain(_))) => {
                    // The rest need not wait for it one after the other.
                    published.resize(drafts.len(), Err(lost.into()));
                    break;
                }
                Err(error) => published.push(Err(error.into())),
            }
        }
        Ok(published)
    }

    /// A set that has waited for another engine's key in vain does not wait for it twice: the others of
    /// it go first.
    async fn commit_together(&self, drafts: &[Draft]) -> store::Result<Published> {
        match drafts {
            [_] => self.commit_again(drafts).await,
            _ => write(&self.store, drafts, self.clock.now()).await,
        }
    }

    /// Another engine may have used one of the keys at this moment: a second look finds what it made.
    async fn commit_again(&self, drafts: &[Draft]) -> store::Result<Published> {
        let now = self.clock.now();
        match write(&self.store, drafts, now).await {
            Err(store::Error::Contended(_)) => write(&self.store, drafts, now).await,
            done => done,
        }
    }
}

async fn write(store: &Store, drafts: &[Draft], now: Millis) -> store::Result<Published> {
    let tx = store.begin().await?;
    let keys: Vec<String> = drafts.iter().filter_map(|draft| draft.key.clone()).collect();
    let set = Set::of(drafts, idempotency::find(&tx, SCOPE, &keys).await?);
    let mut ids = Vec::new();
    if !set.new.is_empty() {
        let events = set.new.iter().map(|draft| draft.event(now)).collect();
        Changes { events, ..Changes::default() }.write(&tx).await?;
        ids = events::last_written(&tx, set.new.len()).await?;
        let keys = set.new.iter().zip(&ids).filter_map(|(draft, id)| draft.used_key(*id, now));
        let mut idempotency: Vec<_> = keys.collect();
        // Two engines that write the same keys must wait for each other in the same order.
        idempotency.sort_by(|a, b| a.key.cmp(&b.key));
        Changes { idempotency, ..Changes::default() }.write(&tx).await?;
    }
    tx.commit().await?;
    Ok(set.published(&ids))
}

impl Draft {
    fn event(&self, now: Millis) -> NewEvent {
        let payload = Payload::from(self.payload.clone());
        NewEvent { kind: self.kind, ticket_id: None, payload, created_at: now }
    }

    fn used_key(&self, resource_id: i64, now: Millis) -> Option<IdempotencyKey> {
        let (scope, request) = (SCOPE.to_owned(), self.digest.clone());
        let key = self.key.clone()?;
        Some(IdempotencyKey { scope, key, request, resource_id, created_at: now })
    }
}

/// What becomes of the events of a set.
struct Set<'a> {
    /// Those that are to be written.
    new: Vec<&'a Draft>,
    /// For each of the set what it is.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The event with this place among the new ones.
    New(usize),
    /// The event with this id, which was published before.
    Given(i64),
    /// Its key belongs to another event.
    Conflict,
}

impl<'a> Set<'a> {
    /// Two with the same key are one event, or the second is none where they differ.
    fn of(drafts: &'a [Draft], used: Vec<IdempotencyKey>) -> Self {
        let used =
            used.into_iter().map(|used| (used.key, (used.request, Place::Given(used.resource_id))));
        let mut known: HashMap<String, (String, Place)> = used.collect();
        let mut new = Vec::new();
        let places = drafts.iter().map(|draft| {
            match draft.key.as_ref().and_then(|key| known.get(key)) {
                Some((digest, place)) if *digest == draft.digest => return *place,
                Some(_) => return Place::Conflict,
                None => {}
            }
            let place = Place::New(new.len());
            new.push(draft);
            if let Some(key) = &draft.key {
                known.insert(key.clone(), (draft.digest.clone(), place));
            }
            place
        });
        let places = places.collect();
        Self { new, places }
    }

    /// For each of the set the id of its event, where the new ones have these.
    fn published(&self, ids: &[i64]) -> Published {
        let id = |place: &Place| match place {
            Place::New(at) => ids.get(*at).copied().ok_or(Error::Store(lost())),
            Place::Given(id) => Ok(*id),
            Place::Conflict => Err(Error::Conflict),
        };
        self.places.iter().map(id).collect()
    }
}

fn lost() -> store::Error {
    store::Error::Broken("an event was written and has no id".into())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn draft(key: Option<&str>, number: u8) -> Draft {
        let payload = RawValue::from_string(format!("{{\"n\":{number}}}")).unwrap();
        Draft::new("payment.completed", &payload, key.map(str::to_owned)).unwrap()
    }

    #[test]
    fn one_key_is_one_event_in_a_set_too() {
        let drafts = [
            draft(Some("a"), 1),
            draft(None, 1),
            draft(Some("b"), 1),
            draft(Some("a"), 1),
            draft(Some("b"), 2),
            draft(None, 1),
            draft(Some("old"), 1),
            draft(Some("old"), 2),
        ];
        let used = draft(Some("old"), 1).used_key(7, 0).into_iter().collect();
        let set = Set::of(&drafts, used);
        let told: Vec<_> = set.published(&[11, 12, 13, 14]).into_iter().map(Result::ok).collect();
        let expected = [Some(11), Some(12), Some(13), Some(11), None, Some(14), Some(7), None];
        assert_eq!((set.new.len(), told), (4, expected.to_vec()));
    }
}
