//! `go build` of the pinned tools, with progress for the person who waits for it. I/O.

use std::{
    collections::VecDeque,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::{MissedTickBehavior, interval},
};

use super::{Module, Tool, progress::Progress};
use crate::error::TestbedError;

/// How much of the compiler's output an error quotes, in lines.
const OUTPUT_LINES: usize = 20;

/// Builds tools of a module into `output`, as files of the names that Go gives them.
pub(super) async fn build(
    module: Module,
    tools: &[Tool],
    output: &Path,
) -> Result<(), TestbedError> {
    fs::create_dir_all(output).map_err(TestbedError::io(format!("make {}", output.display())))?;
    let names = tools
        .iter()
        .map(|tool| tool.name())
        .collect::<Vec<_>>()
        .join(", ");
    let mut child = go_build(module, tools, output)
        .spawn()
        .map_err(not_started)?;
    let stderr = child
        .stderr
        .take()
        .ok_or_else(|| TestbedError::unexpected("start `go build`", "no standard error"))?;

    let mut progress = Progress::start(&names, module);
    let mut lines = BufReader::new(stderr).lines();
    let mut last_lines = VecDeque::new();
    let mut ticks = interval(progress.period());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.reset();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let line = line.map_err(TestbedError::io("read from `go build`"))?;
                let Some(line) = line else { break };
                progress.count(&line);
                if last_lines.len() == OUTPUT_LINES {
                    last_lines.pop_front();
                }
                last_lines.push_back(line);
            }
            _ = ticks.tick() => progress.show(),
        }
    }
    let status = child
        .wait()
        .await
        .map_err(TestbedError::io("wait for `go build`"))?;
    progress.end(status.success());
    if !status.success() {
        return Err(TestbedError::ToolBuild {
            tools: names,
            status,
            output: Vec::from(last_lines).join("\n"),
        });
    }
    Ok(())
}

/// Where Go keeps the source of a module that `module` requires, after it was built.
pub(super) async fn source_of(module: Module, required: &str) -> Result<PathBuf, TestbedError> {
    let doing = format!("find the source of {required}");
    let output = go(module)
        .args(["list", "-m", "-mod=readonly", "-f", "{{.Dir}}", required])
        .output()
        .await
        .map_err(not_started)?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || path.is_empty() {
        let answer = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(TestbedError::unexpected(doing, answer));
    }
    Ok(PathBuf::from(path))
}

fn go_build(module: Module, tools: &[Tool], output: &Path) -> Command {
    let mut command = go(module);
    command
        // `-v` names each package when its turn comes: that is what the progress counts.
        .args(["build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"])
        .arg(format!("-ldflags={}", module.linker_flags()))
        .arg("-o")
        .arg(output)
        .args(tools.iter().map(|tool| tool.package()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Go in the module's directory.
fn go(module: Module) -> Command {
    let tools = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tools"));
    let mut command = Command::new("go");
    command
        .current_dir(tools.join(module.directory()))
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn not_started(error: io::Error) -> TestbedError {
    match error.kind() {
        ErrorKind::NotFound => TestbedError::ProgramMissing {
            program: String::from("go"),
            hint: String::from(
                "install Go 1.26 or later (https://go.dev/dl/), or, for a control plane alone, set \
                 `KUBEBUILDER_ASSETS` to a directory that holds kube-apiserver and etcd",
            ),
        },
        _ => TestbedError::io("start `go`")(error),
    }
}
