//! A child process that never outlives its owner.
//!
//! Three things end it: [`Process::terminate`] or [`Process::kill`]; dropping the [`Process`], which a
//! panic does too; and, when this whole process is killed or leaves a `static` undropped, its
//! *guardian*: a two-line shell script that reads from a pipe whose other end only this process holds.
//! The end of that pipe means that this process is gone, and the guardian kills its ward.
//! (The kernel's parent-death signal would need `unsafe`, and follows the thread, not the process.)

use std::{
    path::{Path, PathBuf},
    process::{self, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{
    error::TestbedError,
    logs::{self, Logs},
    wait::NotYet,
};

/// `$1` is the ward's process id, `$2` a directory to remove after it, or empty.
const GUARDIAN: &str =
    r#"while read -r _; do :; done; kill -9 "$1"; [ -z "$2" ] || rm -rf -- "$2""#;

/// A running child and its log.
#[derive(Debug)]
pub struct Process {
    // Dropped first: the ward has to be gone before its guardian.
    child: Child,
    #[allow(dead_code, reason = "held for its `Drop`")]
    guardian: Guardian,
    name: String,
    pid: u32,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, with both outputs in a log called after `name`.
    ///
    /// `scratch` is removed by the guardian if this process is killed; whoever made it removes it
    /// otherwise.
    pub(crate) fn spawn(
        name: &str,
        mut command: Command,
        logs: &Logs,
        scratch: Option<&Path>,
    ) -> Result<Self, TestbedError> {
        let doing = || format!("start {name}");
        let (log, output) = logs.open(name)?;
        let errors = output.try_clone().map_err(TestbedError::io(doing()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // A group of its own: Ctrl-C in a terminal reaches the parent alone, which stops its
            // children in their order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(TestbedError::io(doing()))?;
        let pid = child
            .id()
            .ok_or_else(|| TestbedError::unexpected(doing(), "no process id"))?;
        Ok(Self {
            guardian: Guardian::of(pid, scratch)?,
            child,
            name: name.to_owned(),
            pid,
            log,
        })
    }

    /// The process id. It may be that of another process once this one has ended.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The file that both outputs go to.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How the process ended, or `None` while it runs.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, TestbedError> {
        self.child
            .try_wait()
            .map_err(TestbedError::io(format!("look after {}", self.name)))
    }

    /// For probes: hopeless once the process has ended.
    pub(crate) fn still_running(&mut self) -> Result<(), NotYet> {
        match self.exited() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(NotYet::hopeless(self.exit_error(status))),
            Err(error) => Err(NotYet::from(error)),
        }
    }

    fn exit_error(&self, status: ExitStatus) -> TestbedError {
        TestbedError::Exited {
            name: self.name.clone(),
            status,
            log: self.log.clone(),
            tail: logs::tail(&self.log),
        }
    }

    /// Waits for the process to end by itself.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub async fn wait(&mut self) -> Result<ExitStatus, TestbedError> {
        let waited = self.child.wait().await;
        waited.map_err(TestbedError::io(format!("wait for {}", self.name)))
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// [`TestbedError::WouldNotStop`] when it still runs after `grace`; it is killed then.
    pub async fn terminate(&mut self, grace: Duration) -> Result<ExitStatus, TestbedError> {
        self.signal(Signal::TERM)?;
        if let Ok(status) = timeout(grace, self.wait()).await {
            return status;
        }
        self.kill().await?;
        Err(TestbedError::WouldNotStop {
            name: self.name.clone(),
            grace_seconds: grace.as_secs(),
            log: self.log.clone(),
        })
    }

    /// Kills the process (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill(&mut self) -> Result<(), TestbedError> {
        let killed = self.child.kill().await;
        killed.map_err(TestbedError::io(format!("kill {}", self.name)))
    }

    /// Sends a signal, unless the process has ended already.
    fn signal(&mut self, signal: Signal) -> Result<(), TestbedError> {
        if self.exited()?.is_some() {
            return Ok(());
        }
        let doing = format!("signal {}", self.name);
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| TestbedError::unexpected(&doing, "no valid process id"))?;
        kill_process(pid, signal)
            .map_err(Into::into)
            .map_err(TestbedError::io(doing))
    }
}

/// See the module's comment.
#[derive(Debug)]
struct Guardian {
    script: process::Child,
}

impl Guardian {
    fn of(ward: u32, scratch: Option<&Path>) -> Result<Self, TestbedError> {
        use std::os::unix::process::CommandExt as _;
        let script = process::Command::new("/bin/sh")
            .args(["-c", GUARDIAN, "testbed-guardian", &ward.to_string()])
            .arg(scratch.unwrap_or_else(|| Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(TestbedError::io("start a guardian (/bin/sh)"))?;
        Ok(Self { script })
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        // Its ward is gone: nothing is left to guard, and nobody to tell if this fails.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::test_kill_process;

    use super::*;
    use crate::wait::eventually;

    const SOON: Duration = Duration::from_secs(10);

    fn sleeper() -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "while :; do sleep 1; done"]);
        command
    }

    fn is_alive(pid: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let raw = i32::try_from(pid).unwrap();
        // A killed process that nobody has waited for yet is as good as gone.
        !stat.contains(") Z ") && test_kill_process(Pid::from_raw(raw).unwrap()).is_ok()
    }

    async fn gone(pid: u32) {
        eventually(SOON, "the process is gone", async || {
            if is_alive(pid) {
                return Err(NotYet::observed("alive"));
            }
            Ok(())
        })
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn a_process_ends_on_sigterm_and_its_guardian_with_it() {
        let logs = Logs::create("process-unit").unwrap();
        let mut process = Process::spawn("sleeper", sleeper(), &logs, None).unwrap();
        let guardian = process.guardian.script.id();
        assert!(is_alive(process.pid()));
        assert!(!process.terminate(SOON).await.unwrap().success());
        gone(process.pid()).await;
        drop(process);
        gone(guardian).await;
        logs.remove().unwrap();
    }

    #[tokio::test]
    async fn a_process_that_ignores_sigterm_is_killed_after_its_grace() {
        let logs = Logs::create("process-unit").unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]);
        let mut process = Process::spawn("deaf", command, &logs, None).unwrap();
        eventually(SOON, "the trap is set", async || {
            if logs::tail(process.log()).contains("deaf") {
                return Ok(());
            }
            Err(NotYet::observed("no line"))
        })
        .await
        .unwrap();
        let error = process
            .terminate(Duration::from_millis(300))
            .await
            .unwrap_err();
        assert!(matches!(error, TestbedError::WouldNotStop { .. }));
        gone(process.pid()).await;
        logs.remove().unwrap();
    }

    #[tokio::test]
    async fn dropping_a_process_ends_it() {
        let logs = Logs::create("process-unit").unwrap();
        let process = Process::spawn("sleeper", sleeper(), &logs, None).unwrap();
        let pid = process.pid();
        drop(process);
        gone(pid).await;
        logs.remove().unwrap();
    }

    #[tokio::test]
    async fn a_guardian_kills_its_ward_when_the_pipe_ends() {
        let scratch = tempfile::tempdir().unwrap();
        let mut ward = sleeper().kill_on_drop(true).spawn().unwrap();
        let pid = ward.id().unwrap();
        let mut guardian = Guardian::of(pid, Some(scratch.path())).unwrap();
        drop(guardian.script.stdin.take());
        timeout(SOON, ward.wait()).await.unwrap().unwrap();
        guardian.script.wait().unwrap();
        assert!(!scratch.path().exists(), "the scratch directory remains");
    }

    #[tokio::test]
    async fn an_early_end_is_hopeless_and_quotes_the_log() {
        let logs = Logs::create("process-unit").unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo wrong flag; exit 3"]);
        let mut process = Process::spawn("early", command, &logs, None).unwrap();
        process.wait().await.unwrap();
        let NotYet::Hopeless(reason) = process.still_running().unwrap_err() else {
            panic!("a process that has ended will not come back");
        };
        assert!(reason.contains("exit status: 3") && reason.contains("wrong flag"));
        logs.remove().unwrap();
    }
}
