//! What stands between the operator and Azure: a proxy that notes who is asked for, and a front whose back can change.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A proxy as `HTTPS_PROXY` names one. Whatever host is asked for, it leads to one address.
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before `target`.
    pub(crate) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                open.spawn(tunnel(socket, target, Arc::clone(&noted)));
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first lines of all requests so far, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client that breaks off concerns itself only.
async fn tunnel(
    mut socket: TcpStream,
    target: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let first = head.lines().next().unwrap_or_default().to_owned();
    let is_tunnel = first.starts_with("CONNECT ");
    asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(first);
    if !is_tunnel {
        let refusal = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
        return socket.write_all(refusal).await.ok();
    }
    let mut back = TcpStream::connect(target).await.ok()?;
    socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    copy_bidirectional(&mut socket, &mut back)
        .await
        .ok()
        .map(drop)
}

/// One address before others: what stands behind it can be replaced.
pub(crate) struct Front {
    listener: Arc<TcpListener>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Front {
    pub(crate) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let listener = Arc::new(listener);
        let task = tokio::spawn(lead(Arc::clone(&listener), target));
        Self {
            listener,
            address,
            task,
        }
    }

    /// Breaks all connections, and leads the next ones to `target`.
    pub(crate) fn turn_to(&mut self, target: SocketAddr) {
        self.task.abort();
        self.task = tokio::spawn(lead(Arc::clone(&self.listener), target));
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(listener: Arc<TcpListener>, target: SocketAddr) {
    let mut open = JoinSet::new();
    while let Ok((mut socket, _)) = listener.accept().await {
        open.spawn(async move {
            if let Ok(mut back) = TcpStream::connect(target).await {
                let _ = copy_bidirectional(&mut socket, &mut back).await;
            }
        });
    }
}
