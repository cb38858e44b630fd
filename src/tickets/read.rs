//! A ticket as its own channel's caller may read it: without notes and drafts.

use centrium_channels::{ChannelKind, Error};
use serde::Serialize;
use serde_json::Value;

use super::DeliveryState;
use super::shapes::{MessageOut, TicketOut};
use crate::engine::Engine;
use crate::store::messages::Message;
use crate::store::{Read, messages, tickets};

/// Messages that are shown: the newest ones.
const SHOWN: i64 = 200;

#[derive(Serialize)]
struct Conversation {
    #[serde(flatten)]
    ticket: TicketOut,
    messages: Vec<MessageOut>,
}

/// A ticket of `channel` with what was said in it, oldest first; `None` when there is no such
/// ticket there. What was pending is delivered by being read, where the channel's answers are
/// fetched.
///
/// # Errors
/// `Unavailable`.
pub async fn for_channel(
    engine: &Engine,
    channel: ChannelKind,
    ticket_id: i64,
) -> Result<Option<Value>, Error> {
    let mut conn = engine.store.read().await?;
    let ticket = tickets::get(&conn, ticket_id).await?;
    let Some(ticket) = ticket.filter(|ticket| ticket.channel.0 == channel) else {
        return Ok(None);
    };
    let mut said = messages::newest_said(&conn, ticket_id, SHOWN).await?;
    if engine.is_pulled(channel) {
        conn = deliver(engine, conn, ticket_id, &mut said).await?;
    }
    let messages = MessageOut::load(&conn, said).await?;
    let Some(ticket) = TicketOut::load(&conn, vec![ticket]).await?.pop() else {
        return Ok(None);
    };
    Ok(serde_json::to_value(Conversation { ticket, messages }).ok())
}

/// Writes only where something is pending: a CRM may look every few seconds.
async fn deliver(
    engine: &Engine,
    conn: Read,
    ticket_id: i64,
    said: &mut [Message],
) -> Result<Read, Error> {
    let pending = |m: &&mut Message| m.delivery_state == Some(DeliveryState::Pending);
    let Some(last) = said.last().map(|m| m.id) else { return Ok(conn) };
    if said.iter_mut().filter(pending).count() == 0 {
        return Ok(conn);
    }
    drop(conn);
    let tx = engine.store.begin().await?;
    messages::mark_delivered(&tx, ticket_id, last).await?;
    tx.commit().await?;
    for message in said.iter_mut().filter(pending) {
        message.delivery_state = Some(DeliveryState::Delivered);
    }
    Ok(engine.store.read().await?)
}
