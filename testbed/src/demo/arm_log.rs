//! What Azure saw since the last look: the simulator's journal, a line for each call.

use super::DemoError;
use crate::simulator::{ArmCall, SimulatorProcess};

/// A place in the journal.
#[derive(Debug, Default)]
pub(super) struct ArmLog {
    seen: usize,
}

impl ArmLog {
    /// The calls since the last time.
    pub(super) async fn news(
        &mut self,
        simulator: &SimulatorProcess,
    ) -> Result<Vec<ArmCall>, DemoError> {
        let calls = simulator.calls().await?;
        let news = calls.get(self.seen..).unwrap_or_default().to_vec();
        self.seen = calls.len();
        Ok(news)
    }
}

/// A line for each call; equal calls in a row share one.
pub(super) fn lines(calls: &[ArmCall]) -> String {
    let runs = calls.chunk_by(|one, next| one.to_string() == next.to_string());
    let line = |run: &[ArmCall]| {
        let first = run.first()?;
        match run.len() {
            1 => Some(first.to_string()),
            count => Some(format!("{first}  ({count} times)")),
        }
    };
    runs.filter_map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_calls_in_a_row_share_a_line() {
        let call = |method: &str| ArmCall {
            method: method.to_owned(),
            path: "/x".to_owned(),
            status: Some(200),
            principal: None,
        };
        let calls = [call("PUT"), call("GET"), call("GET"), call("PUT")];
        assert_eq!(
            lines(&calls),
            "PUT    /x → 200\nGET    /x → 200  (2 times)\nPUT    /x → 200"
        );
    }
}
