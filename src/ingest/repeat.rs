//! Messages that were taken in before: by their own id on the channel, or by the caller's
//! idempotency key. Unique keys in the database hold this when two engines race; this step
//! gives the second one the first one's answer.

use std::collections::{BTreeMap, HashMap};

use centrium_channels::{Error, Idempotency, Kind, Receipt};

use super::set::{Fate, Set};
use crate::store::{Result, Tx, idempotency, messages};

/// Where the idempotency key of a customer's message stands: each caller has a place of its own.
pub(super) fn scope(asked: &Idempotency) -> String {
    format!("message:{}", asked.caller.as_str())
}

impl Set<'_> {
    pub(super) async fn find_repeats(&mut self, tx: &Tx) -> Result<()> {
        self.find_used_keys(tx).await?;
        self.find_known_messages(tx).await?;
        self.find_twins();
        Ok(())
    }

    async fn find_used_keys(&mut self, tx: &Tx) -> Result<()> {
        let mut asked: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for i in self.new_ones() {
            if let Some(one) = &self.arrivals[i].message.idempotency {
                asked.entry(scope(one)).or_default().push(one.key.clone());
            }
        }
        let mut used = Vec::new();
        for (scope, keys) in asked {
            used.extend(idempotency::find(tx, &scope, &keys).await?);
        }
        if used.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = used.iter().map(|row| row.resource_id).collect();
        let tickets: HashMap<i64, i64> =
            messages::by_ids(tx, &ids).await?.into_iter().map(|m| (m.id, m.ticket_id)).collect();
        for i in self.new_ones() {
            let Some(asked) = &self.arrivals[i].message.idempotency else { continue };
            let scope = scope(asked);
            let row = used.iter().find(|row| row.scope == scope && row.key == asked.key);
            let Some(row) = row else { continue };
            self.fates[i] = if row.request == asked.request {
                Fate::Repeat(Receipt {
                    ticket_id: tickets.get(&row.resource_id).copied().unwrap_or_default(),
                    message_id: row.resource_id,
                    duplicate: true,
                })
            } else {
                Fate::Refused(key_conflict())
            };
        }
        Ok(())
    }

    async fn find_known_messages(&mut self, tx: &Tx) -> Result<()> {
        for (kind, ids) in self.by_channel(|a| a.message.external_id.clone()) {
            for known in messages::find_by_external_id(tx, kind, &ids).await? {
                for i in self.new_ones() {
                    let message = &self.arrivals[i].message;
                    if message.channel == kind.0 && message.external_id == known.external_id {
                        self.fates[i] = Fate::Repeat(Receipt {
                            ticket_id: known.ticket_id,
                            message_id: known.id,
                            duplicate: true,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Two of the same in one set: the second waits for what becomes of the first.
    fn find_twins(&mut self) {
        let mut by_key = HashMap::new();
        let mut by_id = HashMap::new();
        for i in self.new_ones() {
            let message = &self.arrivals[i].message;
            if let Some(asked) = &message.idempotency {
                let first = *by_key.entry((&asked.caller, &asked.key)).or_insert(i);
                if first != i {
                    let same = self.arrivals[first].message.idempotency.as_ref() == Some(asked);
                    self.fates[i] =
                        if same { Fate::SameAs(first) } else { Fate::Refused(key_conflict()) };
                    continue;
                }
            }
            if let Some(id) = &message.external_id {
                let first = *by_id.entry((message.channel, id)).or_insert(i);
                if first != i {
                    self.fates[i] = Fate::SameAs(first);
                }
            }
        }
    }
}

fn key_conflict() -> Error {
    Error::new(Kind::Conflict, "This Idempotency-Key was already used for another request.")
}
