//! Whose message it is: the channel and the customer's id on it name one contact.

use std::collections::HashMap;

use super::look::Looked;
use super::set::Set;
use crate::assistant::Language;
use crate::events;
use crate::store::contacts::{self, Contact, NewIdentity};
use crate::store::{Result, StoredKind, Table, Tx, reserve};

impl Set<'_> {
    pub(super) async fn find_or_make_contacts(
        &mut self,
        tx: &Tx,
        mut looked: Looked,
    ) -> Result<()> {
        let mut known: HashMap<(StoredKind, String), i64> = HashMap::new();
        let mut missing = Vec::new();
        for (kind, identifiers) in self.by_channel(|a| Some(a.message.sender.identifier.clone())) {
            for key in identifiers.into_iter().map(|identifier| (kind, identifier)) {
                match looked.senders.remove(&key) {
                    None => missing.push(key),
                    Some(contact) => {
                        known.insert(key, contact.id);
                        self.contacts.insert(contact.id, contact);
                    }
                }
            }
        }
        // Another engine may be blocking one of them, or opening a ticket for them, right now.
        let ids = self.contacts.keys().copied();
        let found: Vec<i64> = ids.filter(|id| !looked.locked.contains(id)).collect();
        for contact in contacts::lock(tx, &found).await? {
            self.contacts.insert(contact.id, contact);
        }
        let ids = reserve(tx, Table::Contacts, missing.len()).await?;
        for ((kind, identifier), id) in missing.into_iter().zip(ids) {
            self.make_contact(id, kind, identifier.clone());
            known.insert((kind, identifier), id);
        }
        for i in self.new_ones() {
            let message = &self.arrivals[i].message;
            let key = (StoredKind(message.channel), message.sender.identifier.clone());
            if let Some(&id) = known.get(&key) {
                self.contact_of[i] = id;
                self.learn(i, id);
            }
        }
        for identity in &self.changes.identities {
            if let Some(contact) = self.contacts.get(&identity.contact_id) {
                let first = self.contact_of.iter().position(|id| *id == identity.contact_id);
                let profile =
                    first.and_then(|i| self.arrivals[i].message.sender.profile.as_deref());
                let created = events::user_created(contact, identity, profile, self.now);
                self.changes.events.push(created);
            }
        }
        Ok(())
    }

    fn make_contact(&mut self, id: i64, channel: StoredKind, identifier: String) {
        let contact = Contact {
            id,
            name: None,
            email: None,
            phone: None,
            language: None,
            is_blocked: false,
            metadata: None,
            search_text: identifier.to_lowercase(),
            search_version: 1,
            indexed_version: 0,
            created_at: self.now,
            updated_at: self.now,
        };
        self.changes.contacts.insert(id, contact.clone());
        self.contacts.insert(id, contact);
        self.changes.identities.push(NewIdentity {
            contact_id: id,
            channel,
            identifier,
            is_verified: true,
            created_at: self.now,
        });
    }

    /// What a message tells of its sender. The newest word counts; a channel's word for an e-mail
    /// or phone is no proof, so it never joins two contacts.
    fn learn(&mut self, i: usize, id: i64) {
        let arrival = &self.arrivals[i];
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        let sender = &arrival.message.sender;
        let language = arrival.language.map(|l| l.as_str().to_owned());
        let mut changed = false;
        for (field, told) in [
            (&mut contact.name, &sender.name),
            (&mut contact.email, &sender.email),
            (&mut contact.phone, &sender.phone),
            (&mut contact.language, &language),
        ] {
            if told.is_some() && field != told {
                field.clone_from(told);
                changed = true;
            }
        }
        if changed {
            contact.updated_at = self.now;
            let text = search_text(contact, &sender.identifier);
            if contact.search_text != text {
                contact.search_text = text;
                contact.search_version += 1;
            }
            self.changes.contacts.insert(id, contact.clone());
        }
    }

    /// The language to speak to the sender of this message.
    pub(super) fn language_of(&self, i: usize) -> Language {
        let remembered = || {
            let contact = self.contacts.get(&self.contact_of[i])?;
            contact.language.as_deref()?.parse().ok()
        };
        self.arrivals[i].language.or_else(remembered).unwrap_or(self.rules.default_language)
    }
}

fn search_text(contact: &Contact, identifier: &str) -> String {
    let parts = [contact.name.as_deref(), contact.email.as_deref(), contact.phone.as_deref()];
    parts.into_iter().flatten().chain([identifier]).collect::<Vec<_>>().join(" ").to_lowercase()
}
