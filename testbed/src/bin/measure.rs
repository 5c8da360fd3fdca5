//! `measure`: see `make bench`. `OBJECTS=1000` measures with another number of objects than 200.

use std::{env, process::ExitCode};

use testbed::{measure, wait};

#[tokio::main]
async fn main() -> ExitCode {
    let objects = env::var("OBJECTS").ok().filter(|text| !text.is_empty());
    let Ok(objects) = objects.map_or(Ok(200), |text| text.parse()) else {
        eprintln!("measure: `OBJECTS` must be a whole number");
        return ExitCode::from(2);
    };
    match measure::run(objects).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("measure: {}", wait::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}
