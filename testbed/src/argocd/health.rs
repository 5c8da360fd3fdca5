//! The health that Argo CD gives to objects with a script, by its own code, without a server. I/O.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::{error::TestbedError, judge, tools::Tool};

/// What Argo CD makes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing` or `Unknown`; empty when the script
    /// returns nothing.
    pub status: String,
    /// What the script says, or why it failed.
    pub message: String,
}

/// Argo CD's judge of health, ready to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgoHealth {
    program: PathBuf,
}

impl ArgoHealth {
    /// Finds or builds the judge.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn new() -> Result<Self, TestbedError> {
        Ok(Self {
            program: Tool::ArgoCdHealth.ensure().await?,
        })
    }

    /// Judges objects with the Lua script in a file, all in one process; the answers are in their
    /// order.
    ///
    /// # Errors
    /// When the program cannot be run, or the script cannot be read.
    pub async fn judge(
        &self,
        script: &Path,
        objects: &[Value],
    ) -> Result<Vec<Health>, TestbedError> {
        let mut command = Command::new(&self.program);
        command.env_clear().arg("-script").arg(script);
        let answers = judge::ask("judge health", command, objects).await?;
        Ok(answers.iter().map(read).collect())
    }
}

fn read(answer: &Value) -> Health {
    let text = |field: &str| answer.get(field).and_then(Value::as_str);
    Health {
        status: text("status").unwrap_or_default().to_owned(),
        message: text("error")
            .or_else(|| text("message"))
            .unwrap_or_default()
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read() {
        let health = |status: &str, message: &str| Health {
            status: status.to_owned(),
            message: message.to_owned(),
        };
        let answer = json!({"status": "Healthy", "message": "fine"});
        assert_eq!(read(&answer), health("Healthy", "fine"));
        let answer = json!({"status": "Unknown", "error": "line 1: syntax"});
        assert_eq!(read(&answer), health("Unknown", "line 1: syntax"));
        assert_eq!(read(&json!({})), health("", ""));
    }
}
