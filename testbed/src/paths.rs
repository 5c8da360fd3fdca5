//! Where things are: the work tree, the build's output and the binaries under test.

use std::{env, path::Path, path::PathBuf};

use crate::error::TestbedError;

/// The root of the work tree that this crate was compiled in.
#[must_use]
pub fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The build's output for the profile in use, such as `target/debug`: the directory of the running
/// executable, or the one above it for a test (`deps`) or an example.
///
/// # Errors
/// When the operating system does not tell the path of the running executable.
pub fn profile_dir() -> Result<PathBuf, TestbedError> {
    let executable = env::current_exe().map_err(TestbedError::io("find the running executable"))?;
    let folder = executable.parent().unwrap_or_else(|| Path::new("."));
    let is_nested = folder
        .file_name()
        .is_some_and(|name| name == "deps" || name == "examples");
    let profile = if is_nested {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    Ok(profile.to_owned())
}

/// A binary of this workspace that the testbed runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// The operator.
    Operator,
    /// The ARM simulator.
    Simulator,
}

impl Binary {
    const fn name(self) -> &'static str {
        match self {
            Self::Operator => "adx-follower",
            Self::Simulator => "kusto-arm-simulator",
        }
    }

    const fn package(self) -> &'static str {
        match self {
            Self::Operator => "adx-follower-operator",
            Self::Simulator => "kusto-arm-simulator",
        }
    }

    /// The environment variable that names another build of the binary.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Operator => "ADX_FOLLOWER_BIN",
            Self::Simulator => "KUSTO_ARM_SIMULATOR_BIN",
        }
    }

    /// Finds the binary: the path in [`Self::variable`] if that is set, else the one that cargo built
    /// beside the running executable.
    ///
    /// # Errors
    /// [`TestbedError::ProgramMissing`] with the cargo command that builds it.
    pub fn find(self) -> Result<PathBuf, TestbedError> {
        let (path, hint) = if let Some(path) = env::var_os(self.variable()) {
            let hint = format!("`{}` names a file that does not exist", self.variable());
            (PathBuf::from(path), hint)
        } else {
            let profile = profile_dir()?;
            let release = if profile.ends_with("release") {
                " --release"
            } else {
                ""
            };
            let hint = format!(
                "build it with `cargo build{release} -p {} --bin {}`",
                self.package(),
                self.name()
            );
            (profile.join(self.name()), hint)
        };
        if path.is_file() {
            return Ok(path);
        }
        Err(TestbedError::ProgramMissing {
            program: path.display().to_string(),
            hint,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_root_holds_the_lock_file() {
        assert!(workspace_root().join("Cargo.lock").is_file());
    }

    #[test]
    fn a_test_finds_the_profile_directory_above_deps() {
        let profile = profile_dir().unwrap();
        assert!(profile.join("deps").is_dir(), "{}", profile.display());
    }
}
