//! stub until merged
use diesel_async::AsyncPgConnection;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
#[derive(Debug)]
pub struct PostgresTarget;
pub struct Connected {
    pub conn: AsyncPgConnection,
    pub closed: Arc<AtomicBool>,
}
impl PostgresTarget {
    pub fn parse(_: &str) -> Result<Self, String> {
        Err("no".into())
    }
    pub async fn connect(&self) -> Result<Connected, String> {
        Err("no".into())
    }
}
