//! What a message costs in statements and allocations, compared with what is written down: a guard
//! against a query for each row, or a needless copy, that slips in. No clock is looked at.

use std::sync::Arc;

use centrium::assistant::Assistant;

use super::constant::Constant;
use super::figures::{self, Cost, Costs};
use super::recorder;
use super::road::Road;
use crate::harness::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_costs_what_is_written_down_on_sqlite() {
    figures::check("sqlite", &count(Kind::Sqlite).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_costs_what_is_written_down_on_postgres() {
    figures::check("postgres", &count(Kind::Postgres).await);
}

async fn count(kind: Kind) -> Costs {
    recorder::listen();
    let assistants: [(&str, Option<Arc<dyn Assistant>>); 2] =
        [("built-in", None), ("constant", Some(Arc::new(Constant)))];
    let mut costs = Costs::new();
    for (name, assistant) in assistants {
        let road = Road::build(kind, assistant).await;
        let messages = road.messages();
        // The first customers' messages also prepare the statements, and fill what is kept.
        let new = road.statements("first").await;
        let returning = road.statements("first").await;
        for (customers, statements) in [("new", new), ("returning", returning)] {
            let case = format!("{name} assistant, {customers} customers");
            let memory = road.memory("second").await;
            let cost = Cost {
                statements: a_message(statements.len(), messages, 1_000.0),
                allocations: a_message(memory.allocations + memory.reallocations, messages, 10.0),
                bytes: a_message(memory.bytes_allocated, messages, 1.0),
                most: most(&statements),
            };
            costs.insert(case, cost);
        }
    }
    costs
}

/// How many a message, rounded to so many parts of one.
fn a_message(count: usize, messages: usize, parts: f64) -> f64 {
    (count as f64 / messages as f64 * parts).round() / parts
}

/// Each statement's beginning, those that were run most often first.
fn most(statements: &[String]) -> Vec<String> {
    let begin = |sql: &String| sql.chars().take(100).collect::<String>();
    let mut all: Vec<String> = statements.iter().map(begin).collect();
    all.sort_unstable();
    let mut counts: Vec<_> =
        all.chunk_by(|a, b| a == b).map(|same| (same.len(), &same[0])).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts.into_iter().map(|(count, sql)| format!("{count} × {sql}")).collect()
}
