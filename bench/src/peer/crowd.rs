//! Senders that share a number of tickets. The peer takes too few for a run of some seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::helpdesk::{Helpdesk, TICKETS};
use crate::Result;
use crate::asker::Asker;
use crate::load::Figures;

/// Sends this many tickets over this many connections.
///
/// # Errors
/// When one is refused.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
pub async fn send(peer: &Helpdesk, connections: usize, tickets: usize) -> Result<Figures> {
    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..connections)
        .map(|_| {
            let asker = Asker::new(&peer.base);
            tokio::spawn(sender(asker, peer.header(), next.clone(), tickets))
        })
        .collect();
    let mut times = Vec::with_capacity(tickets);
    for sender in senders {
        times.extend(sender.await.map_err(|e| e.to_string())??);
    }
    let rate = tickets as f64 / began.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let of_100 = |share: usize| times.get(tickets * share / 100).copied().unwrap_or(f64::NAN);
    let memory = peer.memory()?;
    Ok(Figures { rate, p50: of_100(50), p99: of_100(99), memory, ..Figures::default() })
}

/// Sends what nobody else has sent yet, and says how many milliseconds each took.
async fn sender(
    mut asker: Asker,
    header: String,
    next: Arc<AtomicUsize>,
    tickets: usize,
) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= tickets {
            return Ok(times);
        }
        let body = serde_json::json!({
            "queue": 1,
            "title": format!("Не работает интернет, договор {number}"),
            "description": "Здравствуйте, со вчерашнего вечера не работает интернет.",
            "submitter_email": format!("customer{number}@example.com"),
            "priority": 3,
        });
        let began = Instant::now();
        let answer = asker.ask("POST", TICKETS, &header, &body.to_string()).await;
        let answer = answer.map_err(|e| e.to_string())?;
        if answer.status != 201 {
            return Err(format!("the peer refused a ticket: {} {}", answer.status, answer.text()));
        }
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
}
