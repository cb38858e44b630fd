//! The bare loop's rows on PostgreSQL: a connection that reads, one that writes, prepared statements.

use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio_postgres::{Client, Error, NoTls};

use super::{Delivery, NEXT, SET};
use crate::Result;
use crate::bare::now;

/// Begins to read, and to write what was made. Gives the number of webhooks.
///
/// # Errors
/// When the server can't be reached.
pub async fn start(
    url: &str,
    found: Sender<Delivery>,
    made: UnboundedReceiver<i64>,
) -> Result<u64> {
    let connected = async || {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, Error>(client)
    };
    let (reader, writer) = tokio::try_join!(connected(), connected()).map_err(|e| e.to_string())?;
    let count = reader.query_one("SELECT count(*) FROM webhooks", &[]).await;
    let count: i64 = count.and_then(|row| row.try_get(0)).map_err(|e| e.to_string())?;
    tokio::spawn(async move { tell(read(&reader, &found).await) });
    tokio::spawn(async move { tell(write(&writer, made).await) });
    Ok(u64::try_from(count).unwrap_or(0))
}

fn tell(done: Result<(), Error>) {
    if let Err(error) = done {
        crate::tell(&error.to_string());
    }
}

async fn read(client: &Client, found: &Sender<Delivery>) -> Result<(), Error> {
    let next = client.prepare(NEXT).await?;
    let (mut after, set) = (0_i64, i64::try_from(SET).unwrap_or(i64::MAX));
    loop {
        let rows = client.query(&next, &[&after, &set]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            after = row.try_get(0)?;
            let delivery = Delivery {
                id: after,
                webhook: row.try_get(1)?,
                event: row.try_get(2)?,
                url: row.try_get(3)?,
                secret: row.try_get(4)?,
                kind: row.try_get(5)?,
                payload: row.try_get(6)?,
            };
            if found.send(delivery).await.is_err() {
                return Ok(());
            }
        }
    }
}

async fn write(client: &Client, mut made: UnboundedReceiver<i64>) -> Result<(), Error> {
    let update = client
        .prepare(
            "UPDATE webhook_deliveries SET status = 'success', attempt_number = attempt_number + 1,
                    response_status = 200, response_body = 'ok', delivered_at = $2
             WHERE id = ANY ($1::bigint[])",
        )
        .await?;
    let mut set = Vec::with_capacity(SET);
    let mut room = SET;
    while made.recv_many(&mut set, room).await > 0 {
        room = SET - set.len();
        if room == 0 || made.is_closed() {
            // By itself a statement is a transaction.
            client.execute(&update, &[&set, &now()]).await?;
            set.clear();
            room = SET;
        }
    }
    client.execute(&update, &[&set, &now()]).await?;
    Ok(())
}
