//! `diff`, `import`, `followers` and `doctor`: against the simulator in this process, against the controller, and as a program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "commands/agreement.rs"]
mod agreement;
#[path = "support/api_server/mod.rs"]
mod api_server;
#[path = "commands/diff.rs"]
mod diff;
#[path = "commands/doctor.rs"]
mod doctor;
#[path = "commands/followers.rs"]
mod followers;
#[path = "commands/generated.rs"]
mod generated;
#[path = "support/harness.rs"]
mod harness;
#[path = "commands/import.rs"]
mod import;
#[path = "support/in_process.rs"]
mod in_process;
#[path = "support/oracles.rs"]
mod oracles;
#[path = "commands/program.rs"]
mod program;
#[path = "support/recorder.rs"]
mod recorder;
#[path = "commands/template.rs"]
mod template;

use std::future::Future;

use adx_follower_operator::azure::client::ArmClient;
use adx_follower_operator::cli::{Cli, Command};
use adx_follower_operator::commands::{CommandError, Console, Ending};
use clap::Parser as _;
use kusto_arm_simulator::{Clock, Options, Simulator, World};
use serde_json::Value;

/// What a command wrote, and how it ended.
#[derive(Debug)]
struct Ran {
    ending: Result<Ending, CommandError>,
    output: String,
    remarks: String,
}

/// What a person at the terminal answers; `None`: nobody is there.
type Answer = Option<&'static str>;

/// Runs `command` on a console of its own.
async fn on_console(
    answer: Answer,
    command: impl AsyncFnOnce(&mut Console<'_>) -> Result<Ending, CommandError>,
) -> Ran {
    let (mut output, mut remarks) = (Vec::new(), Vec::new());
    let ending = command(&mut Console {
        input: &mut answer.unwrap_or_default().as_bytes(),
        interactive: answer.is_some(),
        output: &mut output,
        remarks: &mut remarks,
    })
    .await;
    Ran {
        ending,
        output: String::from_utf8(output).unwrap(),
        remarks: String::from_utf8(remarks).unwrap(),
    }
}

fn parsed(arguments: &[&str]) -> Command {
    let program = std::iter::once("adx-follower");
    Cli::try_parse_from(program.chain(arguments.iter().copied()))
        .unwrap()
        .command
}

/// An Azure without an operator, on tokio's clock.
fn azure(world: &Value) -> (Simulator, ArmClient) {
    let options = Options {
        clock: Clock::starting_at(api_server::EPOCH.parse().unwrap()),
        ..Options::default()
    };
    let simulator = Simulator::new(World::from_yaml(&world.to_string()).unwrap(), options);
    let arm = in_process::arm_client(&simulator);
    (simulator, arm)
}

/// Runs without a runtime of its own: for commands that ask nobody.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    futures::executor::block_on(work)
}

fn writes(arm: &Simulator) -> Vec<String> {
    let journal = arm.journal();
    let written = journal.iter().filter(|entry| entry.is_write());
    written
        .map(|entry| format!("{} {}", entry.request.method, entry.request.url))
        .collect()
}
