//! A caller that asks one thing after the other, over one connection where the server keeps it.

use std::io::{self, Error, ErrorKind};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::program::{API_TOKEN, EXTERNAL_KEY};

/// What was answered.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A caller of one server.
pub struct Asker {
    address: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Asker {
    /// A caller of the server at this base URL, not connected yet.
    pub fn new(base: &str) -> Self {
        Self { address: base.trim_start_matches("http://").to_owned(), connection: None }
    }

    /// Reads a page of the engine.
    ///
    /// # Errors
    /// When the server can't be reached or speaks no HTTP.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask("GET", path, &format!("Authorization: Bearer {API_TOKEN}"), "").await
    }

    /// Sends the engine a customer's message, over the external API.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn say(&mut self, customer: &str, text: &str) -> io::Result<Answer> {
        let body = serde_json::json!({ "user_identifier": customer, "text": text }).to_string();
        let key = format!("X-API-Key: {EXTERNAL_KEY}");
        self.ask("POST", "/tickets/api/external/message/", &key, &body).await
    }

    /// Asks and reads the whole answer. `header` is one line that says who asks.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        header: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\n{header}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.address).await?,
        };
        connection.write_all(request.as_bytes()).await?;
        let (answer, is_kept) = read(&mut connection).await?;
        self.connection = is_kept.then_some(connection);
        Ok(answer)
    }
}

async fn connect(address: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(64 * 1024, stream))
}

/// An answer, and whether the server keeps the connection.
async fn read(connection: &mut BufReader<TcpStream>) -> io::Result<(Answer, bool)> {
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, "no answer"))?;
    let (mut length, mut is_kept) = (None, true);
    loop {
        line.clear();
        connection.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok(),
            "connection" => is_kept = !value.trim().eq_ignore_ascii_case("close"),
            "transfer-encoding" => return Err(Error::new(ErrorKind::Unsupported, "chunks")),
            _ => {}
        }
    }
    let mut body = vec![0; length.unwrap_or(0)];
    if length.is_some() {
        connection.read_exact(&mut body).await?;
    } else {
        connection.read_to_end(&mut body).await?;
        is_kept = false;
    }
    Ok((Answer { status, body }, is_kept))
}
