//! Tells a person on standard error how far a build is; a line that is rewritten on a terminal, a new
//! line now and then in a log. I/O.

use std::{
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use tokio::time::Instant;

use super::Module;

/// How far a build is.
pub(super) struct Progress {
    started: Instant,
    is_terminal: bool,
    packages: u32,
    downloads: u32,
}

impl Progress {
    /// Announces the build of the tools in `names`.
    pub(super) fn start(names: &str, module: Module) -> Self {
        let version = module.version().unwrap_or("this project's");
        eprintln!(
            "Building {names} ({version}) from Go modules: {}, once.",
            module.takes()
        );
        Self {
            started: Instant::now(),
            is_terminal: std::io::stderr().is_terminal(),
            packages: 0,
            downloads: 0,
        }
    }

    /// How often [`Self::show`] is to be called.
    pub(super) const fn period(&self) -> Duration {
        Duration::from_secs(if self.is_terminal { 1 } else { 15 })
    }

    /// Takes note of a line that `go build -v` printed.
    pub(super) fn count(&mut self, line: &str) {
        if line.starts_with("go: downloading ") {
            self.downloads += 1;
        } else {
            self.packages += 1;
        }
    }

    /// Says how far it is.
    pub(super) fn show(&self) {
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

    /// Says how it ended.
    pub(super) fn end(&self, is_success: bool) {
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
    fn downloads_and_packages_are_counted_apart() {
        let mut progress = Progress::start("nothing", Module::GitServer);
        progress.count("go: downloading k8s.io/api v0.37.2");
        progress.count("k8s.io/api/core/v1");
        progress.count("net/http");
        assert_eq!((progress.downloads, progress.packages), (1, 2));
    }
}
