//! The program `kusto-arm-simulator`: arguments in, exit code out.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use kusto_arm_simulator::cli::{self, Arguments};

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("error: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprint!(": {inner}");
                cause = inner.source();
            }
            eprintln!();
            ExitCode::from(error.exit_code())
        }
    }
}
