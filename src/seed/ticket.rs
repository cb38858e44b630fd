//! One ticket, with what was said in it.

use centrium_channels::ChannelKind;
use rand::RngExt;
use rand::rngs::StdRng;

use super::customers::{self, Customers};
use super::words::Tongue;
use super::{HISTORY, Plan};
use crate::assistant::Basis;
use crate::clock::{DAY, HOUR, Millis};
use crate::store::decisions::Decision;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::names::{JobKind, Outcome};
use crate::store::tickets::Ticket;
use crate::store::{Changes, Payload, StoredKind};
use crate::tickets::{Author, DeliveryState, Priority, Status};

/// How long decisions are kept where nothing else is configured; older ones would only be deleted.
const DECISIONS: Millis = 90 * DAY;

const CATEGORIES: [&str; 4] = ["internet", "tv", "billing", "other"];
const DEPARTMENTS: [&str; 4] = ["technical", "financial", "sales", "service"];
const OPERATORS: [&str; 4] = ["Айгуль", "Борис", "Дана", "Олег"];

/// Ids that are kept for a set.
pub(super) struct Ids<I> {
    pub tickets: I,
    pub messages: I,
    pub files: I,
    pub jobs: I,
}

/// A ticket that is thought out and not yet written.
pub(super) struct Draft {
    customer: u64,
    channel: ChannelKind,
    opened: Millis,
    status: Status,
    priority: Priority,
    category: Option<&'static str>,
    department: Option<&'static str>,
    operator: Option<&'static str>,
    said: Vec<(Author, String)>,
    has_file: bool,
    /// The assistant has not answered yet.
    waits: bool,
}

impl Draft {
    /// One of the past, or, of the newest `plan.jobs`, one that waits.
    pub fn new(random: &mut StdRng, customers: &mut Customers, number: u64, plan: &Plan) -> Self {
        if number + plan.jobs >= plan.tickets {
            Self::waiting(random, customers, plan)
        } else {
            Self::past(random, customers, number, plan)
        }
    }

    /// One that was opened within the last hour and waits for the assistant. It came through the
    /// API, so that no server of a channel is needed to finish it.
    fn waiting(random: &mut StdRng, customers: &mut Customers, plan: &Plan) -> Self {
        let customer = customers.next(random);
        Self {
            customer,
            channel: ChannelKind::Api,
            opened: plan.now - random.random_range(0..HOUR),
            status: Status::New,
            priority: Priority::Medium,
            category: None,
            department: None,
            operator: None,
            said: vec![(Author::Customer, Tongue::of(customer).text(random))],
            has_file: false,
            waits: true,
        }
    }

    fn past(random: &mut StdRng, customers: &mut Customers, number: u64, plan: &Plan) -> Self {
        let customer = customers.next(random);
        let opened = opened_at(random, number, plan);
        let is_old = plan.now - opened > 5 * DAY;
        let status = if random.random_bool(if is_old { 0.92 } else { 0.2 }) {
            Status::Closed
        } else if random.random_bool(0.6) {
            Status::New
        } else {
            Status::InProgress
        };
        let priority = match random.random_range(0..100) {
            0..20 => Priority::Low,
            20..85 => Priority::Medium,
            _ => Priority::High,
        };
        let operator = random.random_bool(0.3).then(|| OPERATORS[random.random_range(0..4)]);
        Self {
            customer,
            channel: customers::channel(customer),
            opened,
            status,
            priority,
            category: Some(CATEGORIES[random.random_range(0..4)]),
            department: Some(DEPARTMENTS[random.random_range(0..4)]),
            said: conversation(random, Tongue::of(customer), operator.is_some()),
            operator,
            has_file: random.random_bool(0.03),
            waits: false,
        }
    }

    pub fn messages(&self) -> usize {
        self.said.len()
    }

    pub fn files(&self) -> usize {
        usize::from(self.has_file)
    }

    pub fn jobs(&self) -> usize {
        usize::from(self.waits)
    }

    pub fn write<I: Iterator<Item = i64>>(
        self,
        ids: &mut Ids<I>,
        customers: &Customers,
        plan: &Plan,
        changes: &mut Changes,
    ) {
        let Some(id) = ids.tickets.next() else { return };
        let ticket = self.row(id, customers.id(self.customer), plan.now);
        let mut asked = None;
        for (place, (author, text)) in self.said.into_iter().enumerate() {
            let Some(message_id) = ids.messages.next() else { break };
            let minutes = i64::try_from(place).unwrap_or(0) * 7;
            let at = (self.opened + minutes * 60_000).min(plan.now);
            let answers = author != Author::Customer;
            if author == Author::Assistant
                && let Some(asked) = asked
                && at > plan.now - DECISIONS
            {
                changes.decisions.push(decision(asked, message_id, &ticket, at));
            }
            changes.messages.push(Message {
                in_reply_to: asked.filter(|_| answers),
                delivery_state: answers.then_some(DeliveryState::Sent),
                operator: (author == Author::Operator).then(|| self.operator.unwrap_or("").into()),
                ..Message::new(message_id, &ticket, author, text, at)
            });
            if place == 0 && self.has_file {
                let file = ids.files.next().map(|id| plan.file.row(id, message_id, at));
                changes.attachments.extend(file);
            }
            asked = if answers { None } else { Some(message_id) };
        }
        if self.waits
            && let (Some(job_id), Some(asked)) = (ids.jobs.next(), asked)
        {
            let (kind, at) = (JobKind::AnswerTicket, self.opened);
            changes.jobs.push(Job::new(job_id, kind, asked, at, at));
        }
        changes.tickets.insert(id, ticket);
    }

    fn row(&self, id: i64, contact_id: i64, now: Millis) -> Ticket {
        let length = i64::try_from(self.said.len()).unwrap_or(0);
        let silence = if self.waits { 0 } else { length * 7 * 60_000 };
        let updated_at = (self.opened + silence).min(now);
        let is_closed = self.status == Status::Closed;
        let escalated = !is_closed && self.operator.is_some();
        Ticket {
            id,
            contact_id,
            channel: StoredKind(self.channel),
            external_id: None,
            subject: None,
            status: self.status,
            priority: self.priority,
            category: self.category.map(str::to_owned),
            department: self.department.map(str::to_owned),
            needs_escalation: escalated,
            escalation_reason: escalated.then(|| "Клиент просит оператора.".to_owned()),
            escalated_at: self.operator.map(|_| self.opened),
            is_auto_solved: is_closed && self.operator.is_none(),
            operator: self.operator.map(str::to_owned),
            taken_by: None,
            version: if self.waits { 1 } else { length + 1 },
            indexed_version: 0,
            created_at: self.opened,
            updated_at,
            first_response_at: (!self.waits).then_some(self.opened),
            closed_at: is_closed.then(|| (updated_at + 3 * DAY).min(now)),
            reopened_at: None,
        }
    }
}

/// Tickets are opened one after the other, evenly over the years, give or take an hour.
fn opened_at(random: &mut StdRng, number: u64, plan: &Plan) -> Millis {
    let number = i64::try_from(number).unwrap_or(0);
    let count = i64::try_from(plan.tickets).unwrap_or(1).max(1);
    let even = plan.now - HISTORY + HISTORY / count * number;
    (even + random.random_range(-HOUR..HOUR)).min(plan.now)
}

/// Three messages mostly: a question, an answer, and what the customer says to it.
fn conversation(random: &mut StdRng, tongue: Tongue, operator: bool) -> Vec<(Author, String)> {
    let count = match random.random_range(0..1_000) {
        0..200 => 2,
        200..800 => 3,
        800..999 => 4,
        _ => 50,
    };
    (0..count)
        .map(|place| {
            let author = match (place % 2, operator && place > 1) {
                (0, _) => Author::Customer,
                (_, true) => Author::Operator,
                (_, false) => Author::Assistant,
            };
            (author, tongue.text(random))
        })
        .collect()
}

fn decision(message_id: i64, reply_id: i64, ticket: &Ticket, at: Millis) -> Decision {
    Decision {
        message_id,
        ticket_id: ticket.id,
        reply_id: Some(reply_id),
        outcome: Outcome::Posted,
        stale: None,
        assistant: "builtin".to_owned(),
        needs_escalation: false,
        reason: None,
        category: ticket.category.clone(),
        priority: Some(ticket.priority),
        department: ticket.department.clone(),
        language: None,
        sources: serde_json::json!([]),
        basis: Payload::new(&Basis::default()),
        ticket_status: ticket.status,
        latency_ms: 1,
        created_at: at,
    }
}
