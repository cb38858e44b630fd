//! Posts what is due.
//!
//! One task (on SQLite, one thread) does all that concerns the database: in one transaction it writes
//! how requests went, in sets, and leases what is due next, for each address by itself, so that one
//! with a million deliveries that can't be made does not stand before the others. The requests run
//! beside it; each that ends begins the next one of those that are held in memory.
//!
//! A crash loses nothing: what was leased is due again, by the next life of this engine at once and
//! by others on the same PostgreSQL when the lease has run out. It is then sent again under the same
//! `webhook-id`.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use secrecy::SecretString;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::board::Board;
use super::endpoint::{Held, Turn};
use super::send::{Attempt, Request, Sender};
use super::settle::{Ended, log_switched_off, settle};
use crate::clock::Millis;
use crate::config::Config;
use crate::engine::Engine;
use crate::store::deliveries::Delivery;
use crate::store::events::Told;
use crate::store::webhooks::{self, Secret, Webhook};
use crate::store::{self, Tx, deliveries};
use crate::telemetry::metrics as names;

/// Outcomes that are written in one transaction.
const SET: usize = 256;
/// How often the database is asked for what is due, beside being told of it.
const LOOK: Duration = Duration::from_secs(1);
/// How long a few outcomes wait for more of them, to commit together: some pauses, since to be woken
/// by each of them would take longer than to write it.
const GATHER: Duration = Duration::from_millis(1);
const PAUSES: usize = 5;
/// Outcomes that wait for no more.
const ENOUGH: usize = 32;
/// How long the end waits for a word of the last requests before it looks again.
const LAST_WORD: Duration = Duration::from_millis(20);
/// The pause while the database can't be written.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
/// Deliveries whose payloads are read at once, since there is room for so many bytes only.
const SLICE: usize = 32;
/// How long a delivery may wait here before it is begun; and the rest of its lease, beside the time
/// that a request may take.
const WAIT: Millis = 30_000;
const REST: Millis = 15_000;

/// Gives back what an earlier life of this engine held, and starts the dispatcher. It ends when the
/// engine stops.
///
/// # Errors
/// When the database can't be written, or no requests can be sent at all.
pub async fn start(engine: &Engine) -> Result<(), String> {
    let found = recover(engine).await.map_err(|e| e.to_string())?;
    if found > 0 {
        tracing::info!(deliveries = found, "webhooks.recovered");
    }
    let sender = Sender::new(&engine.config).map_err(|e| e.to_string())?;
    let (tell, told) = mpsc::unbounded_channel();
    let dispatcher = Arc::new(Dispatcher {
        engine: engine.clone(),
        sender,
        board: Mutex::default(),
        tell,
        lease: lease(&engine.config),
    });
    let running = engine.tracker.token();
    let run = async move {
        dispatcher.run(told).await;
        drop(running);
    };
    engine.store.spawn("webhooks", run).map_err(|e| e.to_string())
}

/// Gives back what the earlier lives of this engine held when they ended without a word, as
/// [`jobs::worker::recover`](crate::jobs::worker::recover) does.
///
/// # Errors
/// When the database can't be written.
pub async fn recover(engine: &Engine) -> store::Result<usize> {
    let tx = engine.store.begin().await?;
    let mut found = 0;
    for owner in deliveries::owners(&tx, &engine.folder).await? {
        found += deliveries::give_back_all(&tx, &owner, engine.clock.now()).await?;
    }
    tx.commit().await?;
    Ok(found)
}

/// Gives back what this engine holds at its end.
///
/// # Errors
/// When the database can't be written; the leases then run out by themselves.
pub async fn give_back(engine: &Engine) -> store::Result<usize> {
    let tx = engine.store.begin().await?;
    let given = deliveries::give_back_all(&tx, &engine.node, engine.clock.now()).await?;
    tx.commit().await?;
    Ok(given)
}

fn lease(config: &Config) -> Millis {
    let longest = config.webhook_timeout_seconds.as_millis();
    WAIT + REST + i64::try_from(longest).unwrap_or(i64::MAX / 2)
}

struct Dispatcher {
    engine: Engine,
    sender: Sender,
    board: Mutex<Board>,
    tell: UnboundedSender<Ended>,
    lease: Millis,
}

impl Dispatcher {
    async fn run(self: Arc<Self>, mut told: UnboundedReceiver<Ended>) {
        let mut ended = Vec::with_capacity(SET);
        while !self.engine.stop.is_cancelled() {
            let room = SET.saturating_sub(ended.len());
            tokio::select! {
                _ = told.recv_many(&mut ended, room), if room > 0 => {}
                () = self.engine.store.deliveries_written().notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = self.engine.stop.cancelled() => break,
            }
            self.gather(&told, ended.len()).await;
            take_more(&mut told, &mut ended);
            if let Err(error) = self.round(&mut ended).await {
                tracing::warn!(%error, "webhooks.not_written");
                tokio::select! {
                    () = tokio::time::sleep(DATABASE_PAUSE) => {}
                    () = self.engine.stop.cancelled() => {}
                }
            }
        }
        self.end(told, ended).await;
    }

    /// Waits for more outcomes beside those there are, while any can be expected.
    async fn gather(&self, told: &UnboundedReceiver<Ended>, there: usize) {
        for _ in 0..PAUSES {
            let there = there + told.len();
            if there == 0 || there >= ENOUGH || self.board().in_flight() == 0 {
                return;
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Begins nothing more, and writes how the last requests went.
    async fn end(&self, mut told: UnboundedReceiver<Ended>, mut ended: Vec<Ended>) {
        ended.extend(self.board().drain().into_iter().map(|held| Ended(held, None)));
        loop {
            take_more(&mut told, &mut ended);
            let is_last = self.board().in_flight() == 0 && told.is_empty();
            if !ended.is_empty()
                && let Err(error) = self.settle_alone(&mut ended).await
            {
                tracing::warn!(%error, "webhooks.not_written");
                return;
            }
            if is_last {
                return;
            }
            // The last one may be told of before it is off the board: then no other word comes.
            if let Ok(Some(one)) = tokio::time::timeout(LAST_WORD, told.recv()).await {
                ended.push(one);
            }
        }
    }

    /// Writes how requests went, takes what is due, and begins it.
    async fn round(self: &Arc<Self>, ended: &mut Vec<Ended>) -> store::Result<()> {
        let engine = &self.engine;
        let (clock, now) = (engine.clock.now(), Instant::now());
        let active = webhooks::active(&*engine.store.read().await?, clock).await?;
        let due: Vec<i64> =
            active.iter().filter(|(_, due)| *due).map(|(hook, _)| hook.id).collect();
        let rooms = {
            let mut board = self.board();
            let active = active.into_iter().map(|(hook, _)| hook).collect();
            let back = board.refresh(active, clock, now);
            ended.extend(back.into_iter().map(|held| Ended(held, None)));
            metrics::gauge!(names::WEBHOOK_CIRCUITS_OPEN).set(figure(board.open()));
            board.room(&due, now)
        };
        if ended.is_empty() && rooms.is_empty() {
            return Ok(());
        }
        let tx = engine.store.begin().await?;
        let switched_off = settle(engine, &tx, ended).await?;
        let taken = self.take(&tx, &rooms, clock).await?;
        tx.commit().await?;
        log_switched_off(&switched_off);
        let mut board = self.board();
        board.written(ended.iter().map(|Ended(held, _)| held.delivery.id));
        ended.clear();
        for (id, deliveries) in taken {
            board.fill(id, deliveries, now);
        }
        drop(board);
        self.begin_all();
        Ok(())
    }

    async fn settle_alone(&self, ended: &mut Vec<Ended>) -> store::Result<()> {
        let tx = self.engine.store.begin().await?;
        let switched_off = settle(&self.engine, &tx, ended).await?;
        tx.commit().await?;
        ended.clear();
        log_switched_off(&switched_off);
        Ok(())
    }

    /// Leases what is due, as many for each webhook as it has room for, and as many as fit in memory;
    /// but nothing that is still under way here.
    async fn take(
        &self,
        tx: &Tx,
        rooms: &[(i64, usize)],
        clock: Millis,
    ) -> store::Result<Vec<(i64, Vec<Held>)>> {
        let asked = rooms.iter().map(|(id, room)| {
            deliveries::due(tx, *id, clock, i64::try_from(*room).unwrap_or(i64::MAX))
        });
        let mut found: Vec<Delivery> = try_join_all(asked).await?.into_iter().flatten().collect();
        {
            let board = self.board();
            found.retain(|delivery| !board.is_under_way(delivery.id));
        }
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut bytes = self.board().bytes();
        let mut events: HashMap<i64, Arc<Told>> = HashMap::new();
        let (mut ids, mut without_event) = (Vec::new(), Vec::new());
        let mut taken: Vec<(i64, Vec<Held>)> = Vec::new();
        for slice in found.chunks(SLICE) {
            read_events(tx, slice, &mut events).await?;
            for delivery in slice {
                let Some(told) = events.get(&delivery.event_id) else {
                    without_event.push(delivery.id);
                    continue;
                };
                let (id, size) = (delivery.webhook_id, told.payload.as_str().len());
                let is_first = || !taken.iter().any(|(hook, _)| *hook == id);
                if size > bytes && !(is_first() && self.board().is_idle(id)) {
                    continue;
                }
                bytes = bytes.saturating_sub(size);
                ids.push(delivery.id);
                let delivery = Delivery { lease_owner: None, ..delivery.clone() };
                let held = Held { delivery, begin_by: clock + WAIT, told: told.clone() };
                match taken.last_mut().filter(|(last, _)| *last == id) {
                    Some((_, deliveries)) => deliveries.push(held),
                    None => taken.push((id, vec![held])),
                }
            }
            // What did not fit is not kept either.
            events.retain(|_, told| Arc::strong_count(told) > 1);
        }
        deliveries::lease(tx, &self.engine.node, &ids, clock + self.lease).await?;
        deliveries::delete(tx, &without_event).await?;
        Ok(taken)
    }

    /// Begins as many requests as there may be.
    fn begin_all(self: &Arc<Self>) {
        if self.engine.stop.is_cancelled() {
            return;
        }
        let mut board = self.board();
        let (clock, now) = (self.engine.clock.now(), Instant::now());
        while let Some((hook, held)) = board.next(clock, now) {
            let its = self.clone();
            self.engine.tracker.spawn(async move { its.post(hook, held).await });
        }
        metrics::gauge!(names::WEBHOOK_IN_FLIGHT).set(figure(board.in_flight()));
    }

    async fn post(self: Arc<Self>, hook: Arc<Webhook>, held: Held) {
        let request = request(&hook, &held, self.engine.clock.now());
        let posted = AssertUnwindSafe(self.sender.post(request)).catch_unwind().await;
        let attempt = posted.unwrap_or_else(|_| Attempt {
            status: None,
            body: String::new(),
            error: Some("The request ended in a defect of ours.".to_owned()),
            retry_after: None,
            took: Duration::ZERO,
        });
        metrics::histogram!(names::WEBHOOK_SECONDS).record(attempt.took.as_secs_f64());
        let is_success = attempt.is_success();
        // Told before it is off the board: at the end nothing is on its way any more that was not told.
        // The desk is gone only where the engine has given up waiting for it.
        drop(self.tell.send(Ended(held, Some(attempt))));
        let turn = self.board().ended(hook.id, is_success, Instant::now());
        match turn {
            Some(Turn::Opened) => tracing::warn!(webhook.id = hook.id, "webhook.circuit_opened"),
            Some(Turn::Closed) => tracing::info!(webhook.id = hook.id, "webhook.circuit_closed"),
            None => {}
        }
        self.begin_all();
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads what the events of these deliveries say, beside those that are known.
async fn read_events(
    tx: &Tx,
    deliveries: &[Delivery],
    events: &mut HashMap<i64, Arc<Told>>,
) -> store::Result<()> {
    let mut ids: Vec<i64> = deliveries.iter().map(|delivery| delivery.event_id).collect();
    ids.retain(|id| !events.contains_key(id));
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let told = store::events::told(tx, &ids).await?;
    events.extend(told.into_iter().map(|told| (told.id, Arc::new(told))));
    Ok(())
}

fn take_more(told: &mut UnboundedReceiver<Ended>, ended: &mut Vec<Ended>) {
    while ended.len() < SET
        && let Ok(one) = told.try_recv()
    {
        ended.push(one);
    }
}

fn request(hook: &Webhook, held: &Held, now: Millis) -> Request {
    let secret = |secret: &Secret| SecretString::clone(&secret.0);
    let is_rotating = hook.previous_until.is_some_and(|until| now < until);
    Request {
        webhook_id: hook.id,
        url: hook.url.clone(),
        event_type: held.told.kind.clone(),
        event_id: held.told.id,
        payload: held.told.payload.as_str().to_owned(),
        secret: hook.secret.as_ref().map(secret),
        previous_secret: hook.previous_secret.as_ref().filter(|_| is_rotating).map(secret),
        now,
    }
}

fn figure(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some hundreds at most")]
    let figure = count as f64;
    figure
}
