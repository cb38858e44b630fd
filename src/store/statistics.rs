//! What PostgreSQL's planner knows of our tables. It keeps the plan of a prepared statement, and one
//! that was made while there were few rows may take the wrong index, or join all of them, when there
//! are many; it is made anew only when a table was analysed. The server does so by itself about once a
//! minute, and a busy first minute is too long for that.

use diesel::prelude::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::prepared::Prepared;
use super::{Conn, Result, Store};

/// From so many contacts on, the server's own pace is enough.
const MANY: i64 = 100_000;
/// How much larger the tables are when they are analysed again.
const GROWTH: i64 = 4;

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    contacts: i64,
}

/// Analyses the tables when they have grown to a multiple of `known` contacts, and notes how many
/// there are now; `false` when there is no more to follow. There never is on SQLite, which looks at
/// no statistics.
///
/// # Errors
/// As every statement.
pub async fn follow_growth(store: &Store, known: &mut i64) -> Result<bool> {
    let pooled = store.read().await?;
    let conn: &Conn = &pooled;
    if !conn.is_postgres() {
        return Ok(false);
    }
    let sql = "SELECT last_value AS contacts FROM contacts_id_seq";
    let sizes: Vec<Size> = on!(conn, |c| Prepared::new(sql).load(c).await)?;
    let contacts = sizes.iter().map(|size| size.contacts).max().unwrap_or(0);
    if contacts >= GROWTH * *known {
        conn.execute_batch("ANALYZE contacts, contact_identities, tickets, messages").await?;
        *known = contacts;
    }
    Ok(contacts < MANY)
}
