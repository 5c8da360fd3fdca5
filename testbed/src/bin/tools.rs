//! `tools`: makes sure that kube-apiserver, etcd and kubectl are there, and says where.

use std::process::ExitCode;

use testbed::{Tools, wait};

#[tokio::main]
async fn main() -> ExitCode {
    match Tools::ensure().await {
        Ok(tools) => {
            for path in [tools.kube_apiserver, tools.etcd, tools.kubectl] {
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
