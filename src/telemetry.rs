//! Owns the log: one line per event on standard error, as JSON for machines or as text for people.

use std::io;
use std::str::FromStr;

use thiserror::Error;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

/// Libraries whose lines at `info` and below help only their own authors. `--log-level` can name them to hear more.
const QUIET: &str = "azure_core=warn,azure_identity=warn,h2=warn,hyper=warn,hyper_util=warn,kube_client=warn,\
                     kube_runtime=warn,reqwest=warn,rustls=warn,tower=warn";

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, the event's fields at the top level.
    Json,
    /// Text for a person.
    Text,
}

/// What is logged: a level (`debug`), or a list of `target=level` directives with an optional level of their own.
///
/// ```
/// # use adx_follower_operator::telemetry::LogFilter;
/// assert!("info,adx_follower_operator::azure=debug".parse::<LogFilter>().is_ok());
/// assert!("loud".parse::<LogFilter>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

/// Why a text is not a log filter.
#[derive(Debug, Error)]
pub enum LogFilterError {
    /// A word that stands alone and is no level. The parser would take it for a target and silence all the others.
    #[error("`{word}` is not a level; levels are off, error, warn, info, debug and trace")]
    NotALevel {
        /// The word.
        word: String,
    },
    /// A directive that cannot be read.
    #[error("not a list of `target=level` directives")]
    Syntax(#[from] ParseError),
}

impl FromStr for LogFilter {
    type Err = LogFilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let filter = Self(text.trim().to_owned());
        let stray = filter
            .0
            .split(',')
            .filter(|directive| !directive.contains(['=', '[', ']', '{', '}']))
            .map(str::trim)
            .find(|word| word.is_empty() || word.parse::<LevelFilter>().is_err());
        if let Some(word) = stray {
            let word = word.to_owned();
            return Err(LogFilterError::NotALevel { word });
        }
        filter.directives()?;
        Ok(filter)
    }
}

impl LogFilter {
    /// Later directives replace earlier ones for the same target, so the user's words win over the defaults.
    fn directives(&self) -> Result<EnvFilter, ParseError> {
        EnvFilter::builder().parse(format!("info,{QUIET},{}", self.0))
    }
}

/// The log's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// How a line is written.
    pub format: LogFormat,
    /// Which lines are written.
    pub filter: LogFilter,
}

/// Why logging could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The filter was refused.
    #[error("cannot read the log filter")]
    Filter(#[from] ParseError),
    /// Somebody else set the process's subscriber first.
    #[error("cannot install the log subscriber")]
    Install(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Sends every event of the process to standard error. Call it once, before the first event.
///
/// # Errors
/// If the process has a subscriber already.
pub fn init(config: &LogConfig) -> Result<(), TelemetryError> {
    tracing::dispatcher::set_global_default(dispatch(config, io::stderr)?)?;
    Ok(())
}

fn dispatch<W>(config: &LogConfig, writer: W) -> Result<Dispatch, ParseError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt()
        .with_env_filter(config.filter.directives()?)
        .with_writer(writer);
    Ok(match config.format {
        LogFormat::Json => Dispatch::new(
            lines
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .finish(),
        ),
        // Escape codes would make a file or a collector's view unreadable; the lines are short enough without.
        LogFormat::Text => Dispatch::new(lines.with_ansi(false).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn captured(format: LogFormat, filter: &str, log: impl FnOnce()) -> String {
        let written = Captured::default();
        let writer = written.clone();
        let config = LogConfig {
            format,
            filter: filter.parse().unwrap(),
        };
        let dispatch = dispatch(&config, move || writer.clone()).unwrap();
        tracing::dispatcher::with_default(&dispatch, log);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_json_line_has_its_message_and_fields_at_the_top() {
        let text = captured(LogFormat::Json, "info", || {
            tracing::info!(server = "health", address = "127.0.0.1:1", "listening");
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "listening");
        assert_eq!(line["server"], "health");
        assert_eq!(line["level"], "INFO");
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn a_text_line_has_no_escape_codes() {
        let text = captured(LogFormat::Text, "info", || {
            tracing::info!(count = 2, "done");
        });
        assert!(text.contains("done count=2"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn libraries_stay_quiet_until_the_filter_names_them() {
        let chatter = || {
            tracing::debug!(target: "hyper", "chatter");
            tracing::debug!(target: "ours", "detail");
        };
        let text = captured(LogFormat::Text, "debug", chatter);
        assert!(
            text.contains("detail") && !text.contains("chatter"),
            "{text}"
        );
        let text = captured(LogFormat::Text, "hyper=debug", chatter);
        assert!(
            !text.contains("detail") && text.contains("chatter"),
            "{text}"
        );
    }

    #[test]
    fn a_filter_with_targets_only_keeps_the_others_at_info() {
        let text = captured(LogFormat::Text, "ours=debug", || {
            tracing::info!(target: "theirs", "kept");
            tracing::debug!(target: "theirs", "dropped");
        });
        assert!(text.contains("kept") && !text.contains("dropped"), "{text}");
    }

    #[test]
    fn what_is_not_a_level_is_refused() {
        for text in [
            "loud",
            "",
            "info,loud",
            "ours=loud",
            "adx_follower_operator",
        ] {
            assert!(text.parse::<LogFilter>().is_err(), "{text:?}");
        }
        for text in [
            "info",
            "WARN",
            "off",
            "a=debug",
            "info,a::b=trace",
            "[span]=debug",
        ] {
            assert!(text.parse::<LogFilter>().is_ok(), "{text:?}");
        }
    }
}
