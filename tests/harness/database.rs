//! A database of a test's own: a file in its folder, or one on the server that the tests have.

use std::path::Path;
use std::time::Duration;

use centrium::store::Store;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl as _};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A database on a server.
    Postgres,
}

/// A database, removed with the test.
pub struct Database {
    url: String,
    drop_on: Option<(String, String)>,
}

impl Database {
    /// Makes an empty one.
    pub async fn create(kind: Kind, folder: &Path) -> Self {
        match kind {
            Kind::Sqlite => {
                let url = format!("sqlite://{}", folder.join("centrium.db").display());
                Self { url, drop_on: None }
            }
            Kind::Postgres => {
                let server = std::env::var("TEST_DATABASE_URL")
                    .expect("TEST_DATABASE_URL names a PostgreSQL server; `make test` starts one");
                let name = format!("test_{:016x}", rand::random::<u64>());
                execute(&server, &format!("CREATE DATABASE {name}")).await;
                let url = replace_database(&server, &name);
                Self { url, drop_on: Some((server, name)) }
            }
        }
    }

    /// The same with nothing in it, as after its migrations; quicker than making another.
    pub async fn empty(self, folder: &Path) -> Self {
        if self.drop_on.is_some() {
            execute(&self.url, EMPTY).await;
        } else {
            for file in ["centrium.db", "centrium.db-wal", "centrium.db-shm"] {
                drop(std::fs::remove_file(folder.join(file)));
            }
        }
        self
    }

    /// One that another test engine has made, and removes.
    pub fn shared(url: String) -> Self {
        Self { url, drop_on: None }
    }

    /// From now on the database refuses every message with this text, whoever writes it.
    pub async fn refuse_messages_with_text(&self, text: &str) {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            conn.batch_execute(&format!(
                "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.text = '{text}'
                 BEGIN SELECT RAISE(ABORT, 'refused'); END"
            ))
            .unwrap();
        } else {
            let sql = format!("ALTER TABLE messages ADD CHECK (text <> '{text}')");
            execute(&self.url, &sql).await;
        }
    }

    /// From now on PostgreSQL refuses every message with this text, in Russian and with this
    /// state: a superuser alone could have its own errors in another language.
    pub async fn refuse_in_russian(&self, text: &str, state: &str) {
        let sql = format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE EXCEPTION 'не удалось' USING ERRCODE = '{state}'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW
             WHEN (NEW.text = '{text}') EXECUTE FUNCTION refuse()"
        );
        execute(&self.url, &sql).await;
    }

    /// How the database would run this statement, line by line, whatever its values are.
    pub async fn explain(&self, sql: &str) -> Vec<String> {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"));
            let steps: Vec<Step> = explain.load(&mut conn).unwrap();
            return steps.into_iter().map(|step| step.detail).collect();
        }
        let mut conn = AsyncPgConnection::establish(&self.url).await.unwrap();
        let settings = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan";
        conn.batch_execute(&format!("{settings}; PREPARE hot AS {sql}")).await.unwrap();
        let values = (1..).take_while(|i| sql.contains(&format!("${i}"))).count();
        let nulls = if values == 0 {
            String::new()
        } else {
            format!("({})", ["NULL"].repeat(values).join(", "))
        };
        let explain = diesel::sql_query(format!("EXPLAIN EXECUTE hot{nulls}"));
        let lines: Vec<Line> = diesel_async::RunQueryDsl::load(explain, &mut conn).await.unwrap();
        lines.into_iter().map(|line| line.plan).collect()
    }

    /// Keeps whoever writes a message waiting, for as long as this is held: 5 s at most.
    pub async fn hold_writers(&self) -> Box<dyn Send> {
        if self.kind() == Kind::Sqlite {
            // As another process would: within one, they would wait before they read anything.
            let other = Store::open(&self.url()).await.unwrap();
            return Box::new(other.begin().await.unwrap());
        }
        Box::new(self.hold_table("contacts").await)
    }

    /// Keeps a ticket locked on PostgreSQL for as long as the connection is held.
    pub async fn hold_ticket(&self, id: i64) -> AsyncPgConnection {
        let mut conn = AsyncPgConnection::establish(&self.url).await.unwrap();
        let sql = format!("BEGIN; SELECT id FROM tickets WHERE id = {id} FOR UPDATE");
        conn.batch_execute(&sql).await.unwrap();
        conn
    }

    /// Keeps everyone else from a table on PostgreSQL for as long as the connection is held; who
    /// waits for it gives up after 5 s.
    pub async fn hold_table(&self, name: &str) -> AsyncPgConnection {
        let mut conn = AsyncPgConnection::establish(&self.url).await.unwrap();
        let sql = format!("BEGIN; LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE");
        conn.batch_execute(&sql).await.unwrap();
        conn
    }

    /// Ends the connections that listen to other engines on PostgreSQL, as a restart would.
    pub async fn end_listeners(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'LISTEN %'";
        execute(&self.url, sql).await;
    }

    /// Waits until somebody waits for a table on PostgreSQL.
    pub async fn until_waited_for(&self, table: &str) {
        let mut conn = AsyncPgConnection::establish(&self.url).await.unwrap();
        let sql = format!(
            "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
             WHERE datname = current_database() AND relation = '{table}'::regclass AND NOT granted"
        );
        let waits = || diesel::sql_query(&sql);
        while diesel_async::RunQueryDsl::execute(waits(), &mut conn).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Which one it is.
    pub fn kind(&self) -> Kind {
        if self.url.starts_with("sqlite:") { Kind::Sqlite } else { Kind::Postgres }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

/// SQLite's word for it.
#[derive(diesel::QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// PostgreSQL's.
#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    plan: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.drop_on.take() else { return };
        // The test's own runtime may be ending: this one is only for the good-bye.
        let good_bye = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)")));
        });
        drop(good_bye.join());
    }
}

/// Every table but the one that remembers the migrations.
const EMPTY: &str = "DO $$ DECLARE list TEXT; BEGIN
    SELECT string_agg(quote_ident(tablename), ', ') INTO list FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations';
    EXECUTE 'TRUNCATE ' || list || ' RESTART IDENTITY CASCADE';
END $$";

async fn execute(server: &str, sql: &str) {
    let mut conn = AsyncPgConnection::establish(server).await.unwrap();
    conn.batch_execute(sql).await.unwrap();
}

fn replace_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').map_or((server, None), |(b, q)| (b, Some(q)));
    let after_scheme = base.find("://").unwrap() + 3;
    let base = match base[after_scheme..].find('/') {
        Some(slash) => &base[..after_scheme + slash],
        None => base,
    };
    query.map_or_else(|| format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"))
}
