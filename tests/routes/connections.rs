//! Connections, as clients of every kind treat them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{App, EXTERNAL_KEY, both};

async fn connect(app: &App) -> TcpStream {
    let url = app.http.url("");
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

both!(a_client_that_sends_no_more_is_answered, async |app: App| {
    let body = r#"{"user_identifier":"anna","text":"hello"}"#;
    let request = format!(
        "POST /tickets/api/external/message/ HTTP/1.1\r\nHost: test\r\n\
         X-API-Key: {EXTERNAL_KEY}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = connect(&app).await;
    connection.write_all(request.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("reply_id"), "{answer}");
});
