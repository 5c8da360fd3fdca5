//! `go build` of the pinned tools, with progress for the person who waits for it.

use std::{
    collections::VecDeque,
    fs,
    io::{ErrorKind, IsTerminal as _, Write as _},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::{Instant, MissedTickBehavior, interval},
};

use super::Tool;
use crate::error::TestbedError;

/// How much of the compiler's output an error quotes, in lines.
const OUTPUT_LINES: usize = 20;

/// Builds the tools into `output` as files of their names.
pub(super) async fn build(
    tools: &[Tool],
    version: &str,
    output: &Path,
) -> Result<(), TestbedError> {
    fs::create_dir_all(output).map_err(TestbedError::io(format!("make {}", output.display())))?;
    let names = tools
        .iter()
        .map(|tool| tool.name())
        .collect::<Vec<_>>()
        .join(", ");
    let mut child = go_build(tools, version, output).spawn().map_err(|error| {
        match error.kind() {
            ErrorKind::NotFound => TestbedError::ProgramMissing {
                program: String::from("go"),
                hint: String::from(
                    "install Go 1.26 or later (https://go.dev/dl/), or set `KUBEBUILDER_ASSETS` \
                     to a directory that holds kube-apiserver and etcd",
                ),
            },
            _ => TestbedError::io("start `go build`")(error),
        }
    })?;
    let stderr = child
        .stderr
        .take()
        .ok_or_else(|| TestbedError::unexpected("start `go build`", "no standard error"))?;

    let mut progress = Progress::start(&names, version);
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
    rename_etcd(tools, output)
}

fn go_build(tools: &[Tool], version: &str, output: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tools"))
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        // `-v` names each package when its turn comes: that is what the progress counts.
        .args(["build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"])
        .arg(format!("-ldflags={}", linker_flags(version)))
        .arg("-o")
        .arg(output)
        .args(tools.iter().map(|tool| tool.package()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Kubernetes' programs call themselves v0.0.0 unless the linker tells them who they are, and clients
/// that compare versions stumble over it (control-plane.md §1).
fn linker_flags(version: &str) -> String {
    let package = "k8s.io/component-base/version";
    let mut numbers = version.trim_start_matches('v').split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} \
         -X {package}.gitMinor={minor} -X {package}.gitTreeState=clean"
    )
}

/// The package of etcd's `main` ends in `server/v3`: Go calls the program `server`.
fn rename_etcd(tools: &[Tool], output: &Path) -> Result<(), TestbedError> {
    if !tools.contains(&Tool::Etcd) {
        return Ok(());
    }
    fs::rename(output.join("server"), output.join(Tool::Etcd.name()))
        .map_err(TestbedError::io("rename etcd's program"))
}

/// Tells a person on standard error how far the build is; a line that is rewritten on a terminal, a
/// new line now and then in a log.
struct Progress {
    started: Instant,
    is_terminal: bool,
    packages: u32,
    downloads: u32,
}

impl Progress {
    fn start(names: &str, version: &str) -> Self {
        eprintln!(
            "Building {names} (Kubernetes {version}) from Go modules: about 5 minutes, once."
        );
        Self {
            started: Instant::now(),
            is_terminal: std::io::stderr().is_terminal(),
            packages: 0,
            downloads: 0,
        }
    }

    const fn period(&self) -> Duration {
        Duration::from_secs(if self.is_terminal { 1 } else { 15 })
    }

    fn count(&mut self, line: &str) {
        if line.starts_with("go: downloading ") {
            self.downloads += 1;
        } else {
            self.packages += 1;
        }
    }

    fn show(&self) {
        let line = format!(
            "  {} s: {} modules downloaded, {} packages compiled",
            self.started.elapsed().as_secs(),
            self.downloads,
            self.packages
        );
        if self.is_terminal {
            // The line is rewritten in place, and cleared to its end.
            eprint!("\r{line}\u{1b}[K");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    fn end(&self, is_success: bool) {
        if self.is_terminal {
            eprint!("\r\u{1b}[K");
        }
        let word = if is_success { "Built" } else { "Failed" };
        eprintln!("  {word} after {} s.", self.started.elapsed().as_secs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_told_their_version() {
        let flags = linker_flags("v1.37.2");
        assert!(flags.contains("gitVersion=v1.37.2 "));
        assert!(flags.contains("gitMajor=1 ") && flags.contains("gitMinor=37 "));
    }

    #[test]
    fn downloads_and_packages_are_counted_apart() {
        let mut progress = Progress::start("nothing", "v0");
        progress.count("go: downloading k8s.io/api v0.37.2");
        progress.count("k8s.io/api/core/v1");
        progress.count("net/http");
        assert_eq!((progress.downloads, progress.packages), (1, 2));
    }
}
