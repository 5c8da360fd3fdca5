//! `adx-follower`: arguments in, exit code out.

use std::{io::Write as _, process::ExitCode};

use adx_follower_operator::{
    api::crd_yaml,
    app::{self, AppError},
    cli::{Cli, Command},
    lint,
};
use clap::Parser as _;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(arguments) => app::run(*arguments, |name| std::env::var(name).ok()),
        // A reader that has seen enough (`| head`) is no failure.
        Command::Crds => {
            let _ = std::io::stdout().write_all(crd_yaml().as_bytes());
            Ok(())
        }
        Command::Lint(arguments) => {
            return lint::run(&arguments, &mut std::io::stdin(), &mut std::io::stdout());
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            app::print(&error);
            ExitCode::from(match error {
                AppError::Config(_) => 2,
                _ => 1,
            })
        }
    }
}
