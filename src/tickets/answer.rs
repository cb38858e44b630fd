//! What the assistant decided becomes rows of its ticket: the answer, the ticket's new state, the
//! record of the decision, and the events of all that.

use std::time::Duration;

use centrium_channels::Reply;

use super::{Author, DeliveryState, life};
use crate::assistant::{Basis, Language, Texts, Verdict};
use crate::clock::Millis;
use crate::events;
use crate::store::decisions::Decision;
use crate::store::messages::Message;
use crate::store::names::{Outcome, Stale};
use crate::store::tickets::Ticket;
use crate::store::{Changes, Payload};

/// What the assistant decided about one message.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The customer's message.
    pub message_id: i64,
    /// The caller waits for this very answer: nothing makes it stale but an operator.
    pub is_awaited: bool,
    /// The assistant's name.
    pub assistant: &'static str,
    /// What it decided; `None` when it failed or took too long, or was not asked.
    pub verdict: Option<Verdict>,
    /// The ticket has had as many answers as it may: the assistant was not asked.
    pub is_too_many: bool,
    /// The customer's language, for the canned text.
    pub language: Language,
    /// How long it thought.
    pub took: Duration,
}

impl Decided {
    /// The verdict, unless it failed.
    fn answer(&self) -> Option<&Verdict> {
        self.verdict.as_ref().filter(|verdict| verdict.basis.failure.is_none())
    }

    /// Whether the customer gets the canned text, and an operator a draft beside it.
    #[must_use]
    pub fn has_draft(&self) -> bool {
        self.verdict.is_some() && self.answer().is_none()
    }
}

/// One answer on its way into the rows.
pub struct Post<'a> {
    /// What was decided.
    pub decided: &'a Decided,
    /// The message's ticket, locked.
    pub ticket: &'a mut Ticket,
    /// The engine's own sentences.
    pub texts: &'a Texts,
    /// Now.
    pub now: Millis,
    /// What the transaction will write.
    pub changes: &'a mut Changes,
}

/// Why an operator is called where the assistant may not answer any more.
const TOO_MANY: &str = "The assistant has given as many answers as it may.";

impl Post<'_> {
    /// The answer, or the canned text, with the ticket's new state and the record of the decision.
    pub fn reply(&mut self, id: i64) -> Reply {
        let escalates = self.escalates();
        let was_empty = self.ticket.category.is_none();
        if let Some(verdict) = &self.decided.verdict {
            classify(self.ticket, verdict, was_empty);
        }
        let reason = self.reason();
        if escalates {
            life::escalate(self.ticket, reason.as_deref(), &mut self.changes.events, self.now);
        }
        self.ticket.first_response_at.get_or_insert(self.now);
        life::touch(self.ticket, self.now);

        let text = self.text(escalates);
        let message = self.message(id, Author::Assistant, text, Some(self.delivery_state()));
        self.tell(&message);
        let failed = self.decided.answer().is_none();
        let outcome = if failed { Outcome::Canned } else { Outcome::Posted };
        self.record(outcome, Some(message.id), None);
        self.say(message, escalates)
    }

    /// An operator has taken over: what the assistant would have said is theirs.
    pub fn joined(&mut self, id: i64) {
        let why = Some(Stale::OperatorJoined);
        let drafts = self.decided.verdict.is_some();
        self.record(if drafts { Outcome::Draft } else { Outcome::Dropped }, None, why);
        self.draft(id);
    }

    /// What the assistant would have said, for an operator.
    pub fn draft(&mut self, id: i64) {
        if let Some(verdict) = &self.decided.verdict {
            let message = self.message(id, Author::Draft, verdict.reply.clone(), None);
            self.changes.messages.push(message);
        }
    }

    /// Nobody gets it; only the record of the decision stays.
    pub fn discard(&mut self, why: Stale) {
        self.record(Outcome::Dropped, None, Some(why));
    }

    /// For a caller who waits where the assistant does not answer: a short word, and the record of
    /// it. Others hear of it only with `is_told`.
    pub fn acknowledge(&mut self, id: i64, text: String, is_told: bool) -> Reply {
        let message = self.message(id, Author::System, text, Some(DeliveryState::Sent));
        if is_told {
            self.tell(&message);
        }
        self.record(Outcome::Acknowledged, Some(message.id), None);
        self.say(message, false)
    }

    /// The one notice that there were too many answers: from here on a person answers.
    pub fn notice(&mut self, id: i64) -> Reply {
        life::escalate(self.ticket, Some(TOO_MANY), &mut self.changes.events, self.now);
        life::touch(self.ticket, self.now);
        let text = self.texts.too_many(self.decided.language);
        let message = self.message(id, Author::System, text, Some(self.delivery_state()));
        self.tell(&message);
        self.record(Outcome::Canned, Some(message.id), None);
        if let Some(decision) = self.changes.decisions.last_mut() {
            decision.needs_escalation = true;
            decision.reason = Some(TOO_MANY.to_owned());
        }
        self.say(message, true)
    }

    fn delivery_state(&self) -> DeliveryState {
        if self.decided.is_awaited { DeliveryState::Sent } else { DeliveryState::Pending }
    }

    fn tell(&mut self, message: &Message) {
        self.changes.events.extend(events::message_added(self.ticket, message, &[], self.now));
    }

    fn say(&mut self, message: Message, escalates: bool) -> Reply {
        let reply = Reply {
            message_id: message.id,
            text: message.text.clone(),
            needs_escalation: escalates,
            status: self.ticket.status.as_str().to_owned(),
        };
        self.changes.messages.push(message);
        reply
    }

    fn text(&self, escalates: bool) -> String {
        let texts = self.texts;
        let language = self.decided.language;
        match self.decided.answer() {
            None => texts.failure(language),
            Some(verdict) if escalates => {
                let called = texts.operator_called(language);
                if verdict.reply.is_empty() {
                    called
                } else {
                    format!("{}\n\n{called}", verdict.reply)
                }
            }
            Some(verdict) => verdict.reply.clone(),
        }
    }

    fn escalates(&self) -> bool {
        self.decided.verdict.as_ref().is_none_or(|v| v.needs_escalation)
    }

    fn reason(&self) -> Option<String> {
        match &self.decided.verdict {
            Some(verdict) => verdict.reason.clone(),
            None => Some(String::from("The assistant could not answer.")),
        }
    }

    fn message(
        &self,
        id: i64,
        author: Author,
        text: String,
        delivery_state: Option<DeliveryState>,
    ) -> Message {
        Message {
            in_reply_to: Some(self.decided.message_id),
            delivery_state,
            ..Message::new(id, self.ticket, author, text, self.now)
        }
    }

    /// A short word is the engine's own: what the assistant decided, its turn's record says.
    fn record(&mut self, outcome: Outcome, reply_id: Option<i64>, stale: Option<Stale>) {
        let is_ours = outcome == Outcome::Acknowledged;
        let verdict = self.decided.verdict.as_ref().filter(|_| !is_ours);
        // Nobody was asked where nobody would get the answer.
        let is_open = is_ours || outcome == Outcome::Dropped && verdict.is_none();
        let nothing = Basis::default();
        let decision = Decision {
            message_id: self.decided.message_id,
            ticket_id: self.ticket.id,
            reply_id,
            outcome,
            stale,
            assistant: if is_ours { "engine" } else { self.decided.assistant }.to_owned(),
            needs_escalation: !is_open && self.escalates(),
            reason: if is_open { None } else { self.reason() },
            category: verdict.map(|v| v.category.clone()),
            priority: verdict.map(|v| v.priority),
            department: verdict.map(|v| v.department.clone()),
            language: Some(self.decided.language.as_str().to_owned()),
            sources: verdict
                .and(self.decided.answer())
                .map_or_else(|| serde_json::json!([]), |v| v.sources.clone().into()),
            basis: Payload::new(verdict.map_or(&nothing, |v| &v.basis)),
            ticket_status: self.ticket.status,
            latency_ms: i64::try_from(self.decided.took.as_millis()).unwrap_or(i64::MAX),
            created_at: self.now,
        };
        self.changes.decisions.push(decision);
    }
}

/// The first turn sorts the ticket; a later one only raises its priority, and sorts it anew when
/// it calls a human.
fn classify(ticket: &mut Ticket, verdict: &Verdict, was_empty: bool) {
    if was_empty || verdict.needs_escalation {
        ticket.category = Some(verdict.category.clone());
        ticket.department = Some(verdict.department.clone());
    }
    if was_empty {
        ticket.priority = verdict.priority;
    } else {
        ticket.priority = ticket.priority.max(verdict.priority);
    }
    if ticket.subject.is_none() {
        ticket.subject.clone_from(&verdict.subject);
    }
}
