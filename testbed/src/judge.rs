//! Programs that read objects as lines of JSON and answer each with a line of JSON. I/O.

use std::process::Stdio;

use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::error::TestbedError;

/// Runs such a program over objects and returns its answers, in their order. `doing` names the work
/// for errors, as an infinitive.
pub(crate) async fn ask(
    doing: &str,
    mut command: Command,
    objects: &[Value],
) -> Result<Vec<Value>, TestbedError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(TestbedError::io(doing))?;
    let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let input = child.stdin.take();
    // It answers while it reads: both at once, or both wait for each other.
    let write = async {
        if let Some(mut input) = input {
            input.write_all(lines.as_bytes()).await?;
        }
        Ok(())
    };
    let (written, output) = tokio::join!(write, child.wait_with_output());
    let output = output.map_err(TestbedError::io(doing))?;
    // First what it says itself: a pipe that it closed early is only the consequence.
    if !output.status.success() {
        let answer = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(TestbedError::unexpected(doing, answer));
    }
    written.map_err(TestbedError::io(doing))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answers: Vec<Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .map_err(|error| TestbedError::unexpected(doing, error.to_string()))?;
    if answers.len() != objects.len() {
        let answer = format!("{} answers on {} objects", answers.len(), objects.len());
        return Err(TestbedError::unexpected(doing, answer));
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn each_object_has_its_answer() {
        let objects: Vec<Value> = (0..2000).map(|number| json!({"number": number})).collect();
        let answers = ask("echo", shell("cat"), &objects).await.unwrap();
        assert_eq!(answers, objects);
    }

    #[tokio::test]
    async fn an_answer_too_few_is_an_error() {
        let objects = [json!({}), json!({})];
        let error = ask("echo", shell("head -n 1"), &objects).await.unwrap_err();
        assert_eq!(error.to_string(), "echo: 1 answers on 2 objects");
    }

    #[tokio::test]
    async fn a_program_that_fails_says_why() {
        let objects = vec![json!({}); 100_000];
        let script = "echo no script >&2; exit 1";
        let error = ask("judge", shell(script), &objects).await.unwrap_err();
        assert_eq!(error.to_string(), "judge: no script\n");
    }
}
