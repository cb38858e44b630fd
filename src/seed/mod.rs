//! Data that looks like that of a company which has worked with this engine for two years, for
//! `centrium bench seed`. The same seed gives the same data, but for the time at which it ends.
//!
//! A few customers write most (Zipf), most tickets are closed, one in a thousand is long, and the
//! texts have the words and the lengths of four languages.

mod customers;
mod ticket;
mod words;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::clock::{DAY, Millis};
use crate::files::Kept;
use crate::store::search::Indexed;
use crate::store::{Changes, Result, Store, Table, reserve, search};

use customers::Customers;
use ticket::Ids;

/// Tickets that are written in one transaction.
const SET: u64 = 1_000;
/// Tickets that are put into the index in one transaction.
const INDEX_SET: i64 = 2_000;
/// How long the company has worked with it.
const HISTORY: Millis = 730 * DAY;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many tickets.
    pub tickets: u64,
    /// How many of them, the newest, wait for the assistant's answer. At most all of them.
    pub jobs: u64,
    /// Which of all possible data.
    pub seed: u64,
    /// When the newest of them was opened.
    pub now: Millis,
    /// The file that some messages come with.
    pub file: Kept,
}

/// Adds the data to what is there, and tells after each set how many tickets are written.
///
/// # Errors
/// When the database can't be written; what was written until then stays. `Contended` when it has
/// the data of this seed: their customers are the same.
pub async fn fill(store: &Store, plan: &Plan, mut told: impl FnMut(u64)) -> Result<()> {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut customers = Customers::new(plan.tickets);
    let mut done = 0;
    while done < plan.tickets {
        let count = SET.min(plan.tickets - done);
        let tx = store.begin().await?;
        let mut changes = Changes::default();
        let drafts: Vec<_> = (done..done + count)
            .map(|number| ticket::Draft::new(&mut random, &mut customers, number, plan))
            .collect();
        customers.register(&tx, plan, &mut changes).await?;
        let tickets = reserve(&tx, Table::Tickets, drafts.len()).await?;
        let messages = drafts.iter().map(ticket::Draft::messages).sum();
        let files = drafts.iter().map(ticket::Draft::files).sum();
        let jobs = drafts.iter().map(ticket::Draft::jobs).sum();
        let mut ids = Ids {
            tickets,
            messages: reserve(&tx, Table::Messages, messages).await?,
            files: reserve(&tx, Table::Attachments, files).await?,
            jobs: reserve(&tx, Table::Jobs, jobs).await?,
        };
        for draft in drafts {
            draft.write(&mut ids, &customers, plan, &mut changes);
        }
        changes.write(&tx).await?;
        tx.commit().await?;
        done += count;
        told(done);
    }
    Ok(())
}

/// Puts all tickets and contacts into the search index, and tells after each set how many more
/// tickets are in it.
///
/// # Errors
/// When the database can't be written.
pub async fn index(store: &Store, mut told: impl FnMut(u64)) -> Result<()> {
    loop {
        let more = search::index_some(store, INDEX_SET).await?;
        if more == Indexed::default() {
            return Ok(());
        }
        told(more.tickets as u64);
    }
}
