//! The command line of `kusto-arm-simulator`: arguments, start-up, signals.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::options::{Answers, Bucket, Busy, Options, StoppedCluster, Throttling};
use crate::tls::{self, TlsError};
use crate::{Simulator, World, WorldError, duration, serve, serve_tls};

const AFTER_HELP: &str = "\
Routes beside ARM's own: POST /{tenant}/oauth2/v2.0/token and GET /msi/token give tokens,
/_sim/world, /_sim/faults, /_sim/journal and /_sim/secrets look into the simulator and change it.

Once it listens it prints one line, `listening on http://ADDRESS`. SIGTERM and SIGINT end it with exit code 0;
1 means that it could not start, 2 that the arguments are wrong.";

/// Simulates Azure Resource Manager for Azure Data Explorer (Kusto) follower databases.
#[derive(Debug, Parser)]
#[command(name = "kusto-arm-simulator", version, after_help = AFTER_HELP)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "command-line switches are independent of each other"
)]
pub struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Allow an address that other machines can reach: whoever reaches it can do everything
    #[arg(long)]
    listen_anywhere: bool,
    /// Serve https with tls.crt and tls.key of this directory; made there, with ca.crt, when missing
    #[arg(long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// World file: clusters, databases, configurations, roles (YAML); without it the world is empty
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// How long attaching and detaching take
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration::parse)]
    operation_duration: Duration,
    /// Append every ARM call to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Most calls that GET /_sim/journal remembers
    #[arg(long, value_name = "COUNT", default_value_t = 50_000)]
    journal_capacity: usize,
    /// How long a token is good
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration::parse)]
    token_lifetime: Duration,
    /// Token audience that ARM accepts besides the public cloud's two; may be repeated
    #[arg(long, value_name = "URL")]
    audience: Vec<String>,
    /// Most items in one page of a list
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = at_least_one)]
    page_size: usize,
    /// How writes answer
    #[arg(long, value_enum, default_value_t = Answers::Recorded)]
    answers: Answers,
    /// What a second operation on a busy cluster gets
    #[arg(long, value_enum, default_value_t = Busy::OperationFailure)]
    busy: Busy,
    /// Which calls on configurations a cluster refuses that is not running
    #[arg(long, value_enum, default_value_t = StoppedCluster::Writes)]
    stopped_cluster_rejects_configurations: StoppedCluster,
    /// Put a raw space into the region of poll URLs, as the service did in 2022
    #[arg(long)]
    raw_space_in_poll_url: bool,
    /// Answer every call, however many there are
    #[arg(long)]
    no_throttling: bool,
    /// Bucket of reads: how many at once, and how many come back each second
    #[arg(long, value_name = "CAPACITY:REFILL", default_value = "300:25", value_parser = bucket)]
    read_bucket: Bucket,
    /// Bucket of PUT and PATCH; POST has another of the same size
    #[arg(long, value_name = "CAPACITY:REFILL", default_value = "200:10", value_parser = bucket)]
    write_bucket: Bucket,
    /// Bucket of DELETE
    #[arg(long, value_name = "CAPACITY:REFILL", default_value = "200:10", value_parser = bucket)]
    delete_bucket: Bucket,
}

/// Why the program cannot run.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The address would be reachable from other machines.
    #[error(
        "`--listen {0}` must be a loopback address: who reaches the simulator can do everything (or add --listen-anywhere)"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken, or may not be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The world file cannot be read.
    #[error("cannot read the world file {}", path.display())]
    ReadWorld {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The world file is wrong.
    #[error("the world file {} cannot be used", path.display())]
    World {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: WorldError,
    },
    /// The journal cannot be written.
    #[error("cannot write the journal {}", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot serve https")]
    Tls(#[from] TlsError),
    /// Signals cannot be received, or standard output is closed.
    #[error("cannot start")]
    Start(#[source] io::Error),
}

impl CliError {
    /// The exit code: 2 for wrong arguments, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotLoopback(_) => 2,
            Self::Listen { .. }
            | Self::ReadWorld { .. }
            | Self::World { .. }
            | Self::Journal { .. }
            | Self::Tls(_)
            | Self::Start(_) => 1,
        }
    }
}

/// Runs until a signal comes.
///
/// # Errors
/// [`CliError`] when it cannot start.
pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    if !arguments.listen.ip().is_loopback() && !arguments.listen_anywhere {
        return Err(CliError::NotLoopback(arguments.listen));
    }
    // The handlers come first: a signal that arrives while starting must end the program with 0 too.
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::Start)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::Start)?;
    let world = arguments
        .world
        .as_deref()
        .map(read_world)
        .transpose()?
        .unwrap_or_default();
    let journal = arguments.journal.as_deref().map(open_journal).transpose()?;
    let tls = arguments
        .tls_dir
        .as_deref()
        .map(tls::acceptor)
        .transpose()?;
    let address = arguments.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| CliError::Listen { address, source })?;
    let bound = listener.local_addr().map_err(CliError::Start)?;
    let simulator = Simulator::new(world, arguments.options());
    if let Some(journal) = journal {
        simulator.write_journal_to(journal);
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut output = io::stdout().lock();
    writeln!(output, "listening on {scheme}://{bound}")
        .and_then(|()| output.flush())
        .map_err(CliError::Start)?;
    drop(output);
    let shutdown = either(&mut terminate, &mut interrupt);
    match tls {
        None => serve(simulator, listener, shutdown).await,
        Some(tls) => serve_tls(simulator, listener, tls, shutdown).await,
    }
    Ok(())
}

async fn either(first: &mut Signal, second: &mut Signal) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
    }
}

impl Arguments {
    fn options(&self) -> Options {
        let defaults = Options::default();
        let throttling = Throttling {
            reads: self.read_bucket,
            writes: self.write_bucket,
            deletes: self.delete_bucket,
        };
        Options {
            operation_duration: self.operation_duration,
            token_lifetime: self.token_lifetime,
            audiences: defaults
                .audiences
                .iter()
                .chain(&self.audience)
                .cloned()
                .collect(),
            page_size: self.page_size,
            answers: self.answers,
            busy: self.busy,
            stopped_cluster: self.stopped_cluster_rejects_configurations,
            raw_space_in_poll_url: self.raw_space_in_poll_url,
            throttling: (!self.no_throttling).then_some(throttling),
            journal_capacity: self.journal_capacity,
            ..defaults
        }
    }
}

fn read_world(path: &Path) -> Result<World, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::ReadWorld {
        path: path.to_owned(),
        source,
    })?;
    World::from_yaml(&text).map_err(|source| CliError::World {
        path: path.to_owned(),
        source,
    })
}

fn open_journal(path: &Path) -> Result<File, CliError> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|source| CliError::Journal {
        path: path.to_owned(),
        source,
    })
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| "must be a whole number of 1 or more".to_owned())
}

fn bucket(text: &str) -> Result<Bucket, String> {
    let parts = text
        .split_once(':')
        .and_then(|(capacity, refill)| Some((capacity.parse().ok()?, refill.parse().ok()?)));
    let (capacity, refill_per_second) =
        parts.ok_or("must be two whole numbers, for example `200:10`")?;
    Ok(Bucket {
        capacity,
        refill_per_second,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let options = Arguments::try_parse_from(["kusto-arm-simulator"])
            .unwrap()
            .options();
        let defaults = Options::default();
        assert_eq!(options.operation_duration, defaults.operation_duration);
        assert_eq!(options.token_lifetime, defaults.token_lifetime);
        assert_eq!(options.page_size, defaults.page_size);
        assert_eq!(options.journal_capacity, defaults.journal_capacity);
        let buckets = |options: &Options| {
            options
                .throttling
                .map(|all| (all.reads, all.writes, all.deletes))
        };
        assert_eq!(buckets(&options), buckets(&defaults));
    }

    #[test]
    fn wrong_values_are_refused() {
        for arguments in [
            ["--operation-duration", "soon"],
            ["--read-bucket", "5"],
            ["--page-size", "0"],
            ["--listen", "localhost"],
            ["--answers", "guessed"],
        ] {
            let parsed =
                Arguments::try_parse_from(["kusto-arm-simulator"].into_iter().chain(arguments));
            assert!(parsed.is_err(), "{arguments:?}");
        }
    }
}
