//! A network to Postgres that can fall silent: a proxy that stops forwarding without closing, which is what a failover or
//! a forgotten NAT entry looks like from here.

use std::net::SocketAddr;
use std::path::PathBuf;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// How the network is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Weather {
    /// Grows with each silence; the flows that were there are swallowed for ever.
    silences: u32,
    /// New flows are swallowed, too.
    is_dark: bool,
}

/// A network that can fall silent.
pub struct Network {
    door: SocketAddr,
    options: PgConnectOptions,
    weather: watch::Sender<Weather>,
}

impl Network {
    /// A network that leads to the server of `options`, over TCP or its socket.
    pub async fn to(options: PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a door");
        let door = listener.local_addr().expect("it is bound");
        let weather = watch::Sender::new(Weather::default());
        tokio::spawn(serve(listener, options.clone(), weather.clone()));
        Self { door, options, weather }
    }

    /// From here on the present flows are swallowed; later ones are served.
    pub fn fall_silent(&self) {
        self.weather.send_modify(|weather| weather.silences += 1);
    }

    /// From here on every flow is swallowed, those that come included, until [`Self::restore`].
    pub fn go_dark(&self) {
        self.weather.send_modify(|weather| *weather = Weather { silences: weather.silences + 1, is_dark: true });
    }

    /// New flows are served again. Those that were swallowed stay so.
    pub fn restore(&self) {
        self.weather.send_modify(|weather| weather.is_dark = false);
    }

    /// The same server, by way of this network.
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host(&self.door.ip().to_string())
            .port(self.door.port())
            .username(self.options.get_username())
            .database(self.options.get_database().expect("a test has a database"))
            .ssl_mode(PgSslMode::Disable)
    }

    /// The same as an address, for a process that a test starts.
    pub fn url(&self) -> String {
        let database = self.options.get_database().expect("a test has a database");
        format!("postgres://{}@{}/{database}?sslmode=disable", self.options.get_username(), self.door)
    }
}

async fn serve(listener: TcpListener, options: PgConnectOptions, weather: watch::Sender<Weather>) {
    while let Ok((client, _)) = listener.accept().await {
        let weather = weather.subscribe();
        match options.get_socket() {
            Some(dir) => {
                let socket: PathBuf = dir.join(format!(".s.PGSQL.{}", options.get_port()));
                tokio::spawn(carry(client, async move { UnixStream::connect(socket).await }, weather));
            }
            None => {
                let server = (options.get_host().to_owned(), options.get_port());
                tokio::spawn(carry(client, async move { TcpStream::connect(server).await }, weather));
            }
        }
    }
}

/// Carries bytes to and fro until the network falls silent, and then holds both ends without a word.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: TcpStream,
    server: impl Future<Output = std::io::Result<S>>,
    mut weather: watch::Receiver<Weather>,
) {
    let at_first = *weather.borrow_and_update();
    if at_first.is_dark {
        std::future::pending::<()>().await;
    }
    // A server that is down refuses, as it would without us.
    let Ok(mut server) = server.await else { return };
    tokio::select! {
        biased;
        // Only a silence changes the weather for a flow that is carried: a restored network had none.
        _ = weather.changed() => std::future::pending().await,
        _ = copy_bidirectional(&mut client, &mut server) => {}
    }
}
