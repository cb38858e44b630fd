//! What every part of the program is given: the database, the time, the files, the assistant, and
//! the queues. Cheap to clone.

use std::ops::Deref;
use std::sync::Arc;

use centrium_channels::{Channel, ChannelKind, Delivery};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::assistant::{Assistant, Language, Live};
use crate::clock::Clock;
use crate::config::Config;
use crate::events::publish::Publisher;
use crate::events::{Pace, Tail};
use crate::files::Files;
use crate::health::Health;
use crate::ingest::Ingest;
use crate::jobs::{LocalQueue, Outcomes};
use crate::store::Store;
use crate::turns::Turns;
use crate::writer::Writer;

/// The parts of a running engine.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// Now.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// Attachments' bytes.
    pub files: Arc<Files>,
    /// Categories, departments, rules, articles and texts.
    pub live: Live,
    /// Who answers.
    pub assistant: Arc<dyn Assistant>,
    /// The language of a customer whose own can't be told.
    pub default_language: Language,
    /// Takes messages in.
    pub ingest: Ingest,
    /// The queue into the database.
    pub writer: Writer,
    /// The queue of deliveries' ends into the database.
    pub outcomes: Outcomes,
    /// The queue of other systems' events into the database.
    pub publisher: Publisher,
    /// Jobs that are leased to this engine.
    pub local: LocalQueue,
    /// Callers that wait for an answer.
    pub turns: Arc<Turns>,
    /// The end of the log of events, for live clients.
    pub tail: Arc<Tail>,
    /// How much patience there is with live clients.
    pub pace: Pace,
    /// Where the lines to live clients run.
    pub lines: Handle,
    /// The channels that are switched on.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Who may do what, and how often.
    pub access: Access,
    /// Whether things work.
    pub health: Health,
    /// This engine's name, under which it leases jobs; each life has a new one.
    pub node: String,
    /// What the names of all its lives begin with.
    pub folder: String,
    /// Cancelled when the engine shall stop taking work.
    pub stop: CancellationToken,
    /// Work in progress, waited for at the end.
    pub tracker: TaskTracker,
}

/// A running engine.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

impl Engine {
    /// An engine of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The channel of this kind, where it is switched on.
    #[must_use]
    pub fn channel(&self, kind: ChannelKind) -> Option<&Arc<dyn Channel>> {
        self.channels.iter().find(|channel| channel.kind() == kind)
    }

    /// Whether answers on this channel are fetched rather than sent. On a channel that is not
    /// configured now they are to be sent: they wait until it is.
    #[must_use]
    pub fn is_pulled(&self, kind: ChannelKind) -> bool {
        self.channel(kind).is_some_and(|channel| channel.delivery() == Delivery::Pull)
    }
}

impl Deref for Engine {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
