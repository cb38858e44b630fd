//! Whether what was read before a transaction is what is still stored in it.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::prepared::Prepared;
use super::{Conn, Result, Tx};

/// A state of the database, as a connection in the writer's turn knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    /// What this process has committed, by [`Conn::commits`].
    commits: u64,
    /// What others have; `None` on PostgreSQL, which tells nobody.
    version: Option<i64>,
}

/// The state that the next statement will read, or an older one.
///
/// # Errors
/// As every statement.
pub(crate) async fn snapshot(conn: &Conn) -> Result<Snapshot> {
    let commits = conn.commits();
    let version = if conn.is_postgres() { None } else { Some(data_version(conn).await?) };
    Ok(Snapshot { commits, version })
}

impl Snapshot {
    /// Whether nobody has committed anything since.
    ///
    /// # Errors
    /// As every statement.
    pub async fn is_current(self, tx: &Tx) -> Result<bool> {
        let Some(version) = self.version else { return Ok(false) };
        let is_mine = tx.commits() == self.commits;
        Ok(is_mine && data_version(tx).await? == version)
    }
}

/// Changes when another connection, of whatever process, has committed
/// (<https://sqlite.org/pragma.html#pragma_data_version>).
async fn data_version(conn: &Conn) -> Result<i64> {
    let seen: Seen = on!(conn, |c| Prepared::new("PRAGMA data_version").get_result(c).await)?;
    Ok(seen.data_version)
}

#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}
