//! A line that can be cut: a small TCP proxy before a server.

use std::sync::{Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::free_address;

/// Passes bytes on to a server, until it is cut.
pub struct Proxy {
    /// Where it listens.
    pub address: String,
    server: String,
    passing: Mutex<Option<JoinHandle<()>>>,
}

impl Proxy {
    /// A proxy before the server at this address.
    pub async fn before(server: String) -> Self {
        let proxy = Self { address: free_address(), server, passing: Mutex::default() };
        proxy.restore().await;
        proxy
    }

    /// Drops all connections, and refuses new ones.
    pub async fn cut(&self) {
        let passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = passing {
            task.abort();
            // Once it has ended, listener and connections are closed.
            assert!(task.await.unwrap_err().is_cancelled());
        }
    }

    /// Passes on again.
    pub async fn restore(&self) {
        let listener = TcpListener::bind(&self.address).await.unwrap();
        let task = tokio::spawn(pass(listener, self.server.clone()));
        *self.passing.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}

async fn pass(listener: TcpListener, server: String) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let server = server.clone();
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(server).await {
                drop(copy_bidirectional(&mut near, &mut far).await);
            }
        });
    }
}
