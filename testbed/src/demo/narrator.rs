//! What the reader of the demo sees: numbered steps, commands, their output, facts.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
};

use tokio::time::Instant;

/// Writes the story to standard output.
#[derive(Debug)]
pub(super) struct Narrator {
    began: Instant,
    step: u32,
    style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    /// Bold titles and dim output.
    Terminal,
}

impl Narrator {
    pub(super) fn new() -> Self {
        let wants_plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let style = if io::stdout().is_terminal() && !wants_plain {
            Style::Terminal
        } else {
            Style::Plain
        };
        Self {
            began: Instant::now(),
            step: 0,
            style,
        }
    }

    /// The title; the clock of the story starts here.
    pub(super) fn begin(&mut self) {
        self.began = Instant::now();
        let title =
            "adx-follower-operator: Azure Data Explorer follower databases, kept as declared";
        self.line(&self.bold(title));
    }

    /// A new step.
    pub(super) fn step(&mut self, title: &str) {
        self.step += 1;
        let number = self.step;
        let seconds = self.began.elapsed().as_secs_f64();
        let heading = self.bold(&format!("{number}. {title}"));
        self.line(&format!("\n{heading}  (at {seconds:.0} s)"));
    }

    /// A sentence.
    pub(super) fn say(&self, text: &str) {
        for line in text.lines() {
            self.line(&format!("   {line}"));
        }
    }

    /// A command as a user types it.
    pub(super) fn command(&self, command: &str) {
        self.line(&format!("\n   {}", self.bold(&format!("$ {command}"))));
    }

    /// What a command printed, or a list of facts.
    pub(super) fn output(&self, text: &str) {
        for line in text.trim_end().lines() {
            self.line(&self.dim(&format!("     {line}")));
        }
    }

    /// The last line.
    pub(super) fn end(&self) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.line(&format!(
            "\nDone in {seconds:.0} s. Nothing is left running."
        ));
    }

    fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn styled(&self, code: &str, text: &str) -> String {
        match self.style {
            Style::Plain => text.to_owned(),
            Style::Terminal => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    #[allow(clippy::unused_self, reason = "the narrator is the one who may write")]
    fn line(&self, line: &str) {
        // A reader who closes the pipe (`| head`) is no reason to leave processes running.
        let _ = writeln!(io::stdout().lock(), "{line}");
    }
}
