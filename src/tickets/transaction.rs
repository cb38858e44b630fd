//! How an operator's action reaches the database.

use std::time::{Duration, Instant};

use super::{Error, Result};
use crate::clock::Millis;
use crate::engine::Engine;
use crate::store::events::NewEvent;
use crate::store::tickets::Ticket;
use crate::store::{self, Changes, Tx, tickets};

/// How often a transaction is begun before its caller hears that someone else is always first.
const TRIES: usize = 5;
/// And for how long: a lock that someone holds for good is waited for only once, because whoever
/// waits holds a connection that others need.
const TIME: Duration = Duration::from_secs(2);

/// Does a whole transaction again where someone else was first: the next try sees what they did.
pub(super) async fn again<T, F, Fut>(attempt: F) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let began = Instant::now();
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(Error::Store(store::Error::Contended(_)))
                if tries < TRIES && began.elapsed() < TIME =>
            {
                tries += 1;
            }
            done => return done,
        }
    }
}

/// The ticket, which nobody else changes until this transaction ends.
pub(super) async fn lock(tx: &Tx, ticket_id: i64) -> Result<Ticket> {
    let ticket = tickets::lock(tx, &[ticket_id]).await?.pop();
    ticket.ok_or(Error::NotFound("ticket"))
}

/// Changes one ticket, and writes it with the events of the change. A step that changes nothing
/// writes nothing.
pub(super) async fn change_ticket(
    engine: &Engine,
    ticket_id: i64,
    step: impl Fn(&mut Ticket, &mut Vec<NewEvent>, Millis) + Sync,
) -> Result<Ticket> {
    let step = &step;
    again(move || async move {
        let tx = engine.store.begin().await?;
        let mut ticket = lock(&tx, ticket_id).await?;
        let before = ticket.version;
        let mut changes = Changes::default();
        step(&mut ticket, &mut changes.events, engine.clock.now());
        if ticket.version != before {
            changes.tickets.insert(ticket.id, ticket.clone());
            changes.write(&tx).await?;
            tx.commit().await?;
        }
        Ok(ticket)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn tries_until(good: usize) -> (Result<()>, usize) {
        let tried = Cell::new(0);
        let done = again(|| async {
            tried.set(tried.get() + 1);
            if tried.get() >= good {
                return Ok(());
            }
            Err(store::Error::Contended("another was first".into()).into())
        })
        .await;
        (done, tried.get())
    }

    #[tokio::test]
    async fn who_comes_second_tries_again() {
        let (done, tried) = tries_until(3).await;
        assert!(done.is_ok());
        assert_eq!(tried, 3);
    }

    #[tokio::test]
    async fn but_not_for_ever() {
        let (done, tried) = tries_until(100).await;
        assert!(matches!(done, Err(Error::Store(store::Error::Contended(_)))));
        assert_eq!(tried, TRIES);
    }

    #[tokio::test]
    async fn a_refusal_is_final() {
        let tried = Cell::new(0);
        let done: Result<()> = again(|| async {
            tried.set(tried.get() + 1);
            Err(Error::NotFound("ticket"))
        })
        .await;
        assert!(matches!(done, Err(Error::NotFound("ticket"))));
        assert_eq!(tried.get(), 1);
    }
}
