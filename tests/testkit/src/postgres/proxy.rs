//! A cable to the server that can be cut.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// What the cable does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cable {
    /// Everything passes.
    Whole,
    /// Connections break, and new ones are refused.
    Cut,
    /// What the program says arrives; then its connection breaks before it hears the answer.
    Deaf,
}

/// Stands between a program and a server that listens on a socket.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    cable: watch::Sender<Cable>,
    losses: Arc<AtomicU32>,
    _folder: TempDir,
}

impl Proxy {
    /// A proxy to the database of this url, which names a socket.
    ///
    /// # Panics
    /// The url names no socket, or there is no temporary folder.
    pub fn new(database: &str) -> Self {
        let options: PgConnectOptions = database.parse().expect("a database url");
        let socket = options.get_socket().expect("the server listens on a socket");
        let server = socket.join(format!(".s.PGSQL.{}", options.get_port()));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket of our own");
        let (cable, losses) = (watch::Sender::new(Cable::Whole), Arc::new(AtomicU32::new(0)));
        tokio::spawn(listen(listener, server, cable.subscribe(), losses.clone()));
        let url = format!(
            "postgres://{}@{}/{}",
            options.get_username(),
            folder.path().display().to_string().replace('/', "%2F"),
            options.get_database().unwrap_or("postgres")
        );
        Self { url, cable, losses, _folder: folder }
    }

    /// The url of the database through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes the cable.
    pub fn set(&self, cable: Cable) {
        self.cable.send_replace(cable);
    }

    /// How many answers were lost.
    pub fn losses(&self) -> u32 {
        self.losses.load(Ordering::SeqCst)
    }
}

async fn listen(
    listener: UnixListener,
    server: PathBuf,
    cable: watch::Receiver<Cable>,
    losses: Arc<AtomicU32>,
) {
    while let Ok((client, _)) = listener.accept().await {
        if *cable.borrow() == Cable::Cut {
            continue;
        }
        let (server, cable, losses) = (server.clone(), cable.clone(), losses.clone());
        tokio::spawn(async move {
            // A broken connection is what this is for.
            let _ = forward(client, &server, cable, &losses).await;
        });
    }
}

async fn forward(
    client: UnixStream,
    server: &Path,
    mut cable: watch::Receiver<Cable>,
    losses: &AtomicU32,
) -> io::Result<()> {
    let server = UnixStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            changed = cable.changed() => {
                if changed.is_err() || *cable.borrow_and_update() == Cable::Cut {
                    return Ok(());
                }
            }
            read = from_client.read(&mut asked) => {
                match read? {
                    0 => return Ok(()),
                    n => to_server.write_all(&asked[..n]).await?,
                }
            }
            read = from_server.read(&mut answered) => {
                let n = read?;
                if n == 0 {
                    return Ok(());
                }
                if *cable.borrow() == Cable::Deaf {
                    losses.fetch_add(1, Ordering::SeqCst);
                    return Ok(());
                }
                to_client.write_all(&answered[..n]).await?;
            }
        }
    }
}
