//! `adx-follower`: arguments in, exit code out.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use adx_follower_operator::{
    api::crd_yaml,
    app::{self, AppError},
    cli::{Cli, Command},
    commands::{self, CommandError, Console, Ending},
    lint,
};
use clap::Parser as _;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(arguments) => app::run(*arguments, variable),
        // A reader that has seen enough (`| head`) is no failure.
        Command::Crds => {
            let _ = std::io::stdout().write_all(crd_yaml().as_bytes());
            Ok(())
        }
        Command::Lint(arguments) => {
            return lint::run(&arguments, &mut std::io::stdin(), &mut std::io::stdout());
        }
        Command::Diff(arguments) => {
            return ended(with_console(|console| {
                commands::diff(&arguments, variable, console)
            }));
        }
        Command::Import(arguments) => {
            return ended(with_console(|console| {
                commands::import(&arguments, variable, console)
            }));
        }
        Command::Followers(arguments) => {
            return ended(with_console(|console| {
                commands::followers(&arguments, variable, console)
            }));
        }
        Command::Doctor(arguments) => {
            return ended(with_console(|console| {
                commands::doctor(&arguments, variable, console)
            }));
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

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn with_console<T>(command: impl FnOnce(&mut Console<'_>) -> T) -> T {
    let stdin = std::io::stdin();
    command(&mut Console {
        interactive: stdin.is_terminal(),
        input: &mut stdin.lock(),
        output: &mut std::io::stdout(),
        remarks: &mut std::io::stderr(),
    })
}

fn ended(result: Result<Ending, CommandError>) -> ExitCode {
    match result {
        Ok(ending) => ending.into(),
        Err(error) => {
            app::print(&error);
            ExitCode::from(error.code())
        }
    }
}
