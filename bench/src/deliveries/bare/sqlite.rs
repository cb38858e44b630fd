//! The bare loop's rows on SQLite: a thread that reads, a thread that writes, prepared statements.

use rusqlite::{Connection, params};
use tokio::sync::mpsc::{Sender, UnboundedReceiver};

use super::{Delivery, NEXT, SET};
use crate::Result;
use crate::bare::{self, now};

/// Begins to read, and to write what was made. Gives the number of webhooks.
///
/// # Errors
/// When the file can't be opened.
pub fn start(path: &str, found: Sender<Delivery>, mut made: UnboundedReceiver<i64>) -> Result<u64> {
    let open = || bare::open(path).map_err(|e| e.to_string());
    let (reader, writer) = (open()?, open()?);
    let count: i64 = reader
        .query_row("SELECT count(*) FROM webhooks", [], |row| row.get(0))
        .map_err(|e| e.to_string())?;
    std::thread::spawn(move || tell(read(&reader, &found)));
    std::thread::spawn(move || {
        let mut set = Vec::with_capacity(SET);
        let mut room = SET;
        while made.blocking_recv_many(&mut set, room) > 0 {
            room = SET - set.len();
            if room == 0 || made.is_closed() {
                tell(write(&writer, &set));
                set.clear();
                room = SET;
            }
        }
        tell(write(&writer, &set));
    });
    Ok(u64::try_from(count).unwrap_or(0))
}

fn tell(done: rusqlite::Result<()>) {
    if let Err(error) = done {
        crate::tell(&error.to_string());
    }
}

fn read(conn: &Connection, found: &Sender<Delivery>) -> rusqlite::Result<()> {
    let (mut after, set) = (0_i64, i64::try_from(SET).unwrap_or(i64::MAX));
    loop {
        let mut statement = conn.prepare_cached(NEXT)?;
        let rows = statement.query_map(params![after, set], |row| {
            Ok(Delivery {
                id: row.get(0)?,
                webhook: row.get(1)?,
                event: row.get(2)?,
                url: row.get(3)?,
                secret: row.get(4)?,
                kind: row.get(5)?,
                payload: row.get(6)?,
            })
        })?;
        let rows: Vec<Delivery> = rows.collect::<Result<_, _>>()?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        for delivery in rows {
            if found.blocking_send(delivery).is_err() {
                return Ok(());
            }
        }
    }
}

fn write(conn: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let now = now();
    let mut update = conn.prepare_cached(
        "UPDATE webhook_deliveries SET status = 'success', attempt_number = attempt_number + 1,
                response_status = 200, response_body = 'ok', delivered_at = ?2
         WHERE id = ?1",
    )?;
    for id in ids {
        update.execute(params![id, now])?;
    }
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}
