//! kubectl as a user of the demo would type it, with its real output.

use super::{DemoError, narrator::Narrator};
use crate::{control_plane::ControlPlane, paths};

/// What kubectl said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) command: String,
    pub(super) status: std::process::ExitStatus,
    pub(super) text: String,
}

/// Shows a command, runs it, shows its output. It has to succeed.
pub(super) async fn show(
    plane: &ControlPlane,
    narrator: &Narrator,
    args: &[&str],
) -> Result<String, DemoError> {
    let said = show_any(plane, narrator, args).await?;
    succeeded(said)
}

/// Shows a command, runs it, shows its output, whatever its exit code.
pub(super) async fn show_any(
    plane: &ControlPlane,
    narrator: &Narrator,
    args: &[&str],
) -> Result<Said, DemoError> {
    narrator.command(&shown(args));
    let said = run(plane, args).await?;
    narrator.output(&said.text);
    Ok(said)
}

/// Runs a command that the story does not show. It has to succeed.
pub(super) async fn ask(plane: &ControlPlane, args: &[&str]) -> Result<String, DemoError> {
    succeeded(run(plane, args).await?)
}

fn succeeded(said: Said) -> Result<String, DemoError> {
    if said.status.success() {
        return Ok(said.text);
    }
    Err(DemoError::Command {
        command: said.command,
        status: said.status,
    })
}

async fn run(plane: &ControlPlane, args: &[&str]) -> Result<Said, DemoError> {
    let command = shown(args);
    let output = plane
        .kubectl()
        .args(args)
        .current_dir(paths::workspace_root())
        .output();
    match output.await {
        Ok(output) => Ok(Said {
            command,
            status: output.status,
            text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        }),
        Err(source) => Err(DemoError::Spawn { command, source }),
    }
}

/// A command line that a shell would take as it was meant.
fn shown(args: &[&str]) -> String {
    let quoted = args.iter().map(|arg| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,".contains(c);
        if arg.chars().all(is_plain) {
            (*arg).to_owned()
        } else {
            format!("'{arg}'")
        }
    });
    std::iter::once(String::from("kubectl"))
        .chain(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_change_is_quoted() {
        let args = [
            "get",
            "attdb/sales",
            "-o",
            "jsonpath={.status}",
            "--timeout=60s",
        ];
        assert_eq!(
            shown(&args),
            "kubectl get attdb/sales -o 'jsonpath={.status}' --timeout=60s"
        );
    }
}
