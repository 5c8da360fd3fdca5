//! `demo`: see `make demo`. `KEEP=1` leaves everything running until Ctrl-C.

use std::{env, process::ExitCode};

use testbed::demo::{self, Afterwards};

#[tokio::main]
async fn main() -> ExitCode {
    let is_kept = env::var("KEEP").is_ok_and(|value| !value.is_empty() && value != "0");
    demo::run(if is_kept {
        Afterwards::Keep
    } else {
        Afterwards::Stop
    })
    .await
}
