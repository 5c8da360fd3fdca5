//! `tools [NAME…]`: makes sure that the tools of these names are there, or all of them, and says where.

use std::{env, process::ExitCode};

use testbed::{tools, wait};

#[tokio::main]
async fn main() -> ExitCode {
    let names: Vec<String> = env::args().skip(1).collect();
    match tools::provide(&names).await {
        Ok(paths) => {
            for path in paths {
                println!("{}", path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("tools: {}", wait::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}
