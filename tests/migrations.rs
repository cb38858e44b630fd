//! Both databases are migrated for real, and hold the same tables with the same columns, which are
//! those of `src/store/schema.rs`.

use std::collections::BTreeMap;

use centrium::store::Store;
use diesel::sql_types::{Bool, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::harness::{Database, Kind};

/// Of each table: each column, with its type in the schema's words.
type Tables = BTreeMap<String, BTreeMap<String, String>>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    is_required: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_are_what_the_schema_says() {
    let schema = from_schema(include_str!("../src/store/schema.rs"));
    assert!(schema.len() >= 15, "too few tables: {:?}", schema.keys());

    let folder = tempfile::tempdir().unwrap();
    let sqlite = Database::create(Kind::Sqlite, folder.path()).await;
    migrate(&sqlite).await;
    let path = sqlite.url().trim_start_matches("sqlite://").to_owned();
    let mut conn = SqliteConnection::establish(&path).unwrap();
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT m.name AS table_name, c.name AS column_name, lower(c.type) AS kind,
                (c.\"notnull\" OR c.pk) AS is_required
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'
               AND m.name NOT LIKE 'ticket_search%' AND m.name NOT LIKE 'contact_search%'",
    )
    .load(&mut conn)
    .unwrap();
    assert_same(&schema, &from_database(columns, &schema));

    let postgres = Database::create(Kind::Postgres, folder.path()).await;
    migrate(&postgres).await;
    let mut conn = AsyncPgConnection::establish(&postgres.url()).await.unwrap();
    let query = diesel::sql_query(
        "SELECT table_name::text, column_name::text, data_type::text AS kind,
                is_nullable = 'NO' AS is_required
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' 
               AND table_name NOT IN ('ticket_search', 'contact_search')",
    );
    let columns: Vec<Column> = diesel_async::RunQueryDsl::load(query, &mut conn).await.unwrap();
    assert_same(&schema, &from_database(columns, &schema));
}

#[test]
fn both_folders_hold_the_same_migrations() {
    let names = |folder: &str| {
        let folder = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[tokio::test]
async fn engines_that_start_together_migrate_once() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(kind, folder.path()).await;
        let url = database.url();
        let done = futures_util::future::join_all((0..4).map(|_| async {
            let store = Store::open(&url).await.unwrap();
            store.migrate().await.unwrap().len()
        }))
        .await;
        assert_eq!(done.iter().filter(|count| **count > 0).count(), 1, "{kind:?}: {done:?}");
    }
}

async fn migrate(database: &Database) {
    Store::open(&database.url()).await.unwrap().migrate().await.unwrap();
}

/// Reads the `table!` macros, which are the schema's only form.
fn from_schema(text: &str) -> Tables {
    let mut tables = Tables::new();
    let mut current = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(head) = line.strip_suffix('{')
            && !head.starts_with("table!")
        {
            current = head.split(' ').next().unwrap().to_owned();
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ")
            && !line.starts_with("joinable!")
        {
            tables.entry(current.clone()).or_default().insert(column.into(), kind.into());
        }
    }
    tables
}

fn from_database(columns: Vec<Column>, schema: &Tables) -> Tables {
    let mut tables = Tables::new();
    for column in columns {
        let says = schema.get(&column.table_name).and_then(|t| t.get(&column.column_name));
        let mut kind = match column.kind.as_str() {
            "bigint" | "integer" => "BigInt",
            "boolean" => "Bool",
            "bytea" | "blob" => "Binary",
            "json" => "Json",
            // SQLite keeps JSON as text: there the schema alone can say which it is.
            _ if says.is_some_and(|says| says.contains("Json")) && column.kind == "text" => "Json",
            "text" => "Text",
            other => other,
        }
        .to_owned();
        if !column.is_required {
            kind = format!("Nullable<{kind}>");
        }
        tables.entry(column.table_name).or_default().insert(column.column_name, kind);
    }
    tables
}

fn assert_same(schema: &Tables, database: &Tables) {
    for (table, columns) in schema {
        assert_eq!(Some(columns), database.get(table), "{table}");
    }
    let more: Vec<_> = database.keys().filter(|table| !schema.contains_key(*table)).collect();
    assert!(more.is_empty(), "tables that the schema does not know: {more:?}");
}
