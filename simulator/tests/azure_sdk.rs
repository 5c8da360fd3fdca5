//! The proof from outside: `azure-mgmt-kusto`, Microsoft's Python package, drives the program.
//!
//! The package and all it needs are pinned in `azure_sdk/requirements.txt` and installed once into the
//! user's cache directory; a change of that file makes a new installation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; that shows in the checks.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_azure_sdk_for_python_creates_lists_and_detaches() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/azure_sdk");
    let python = installed(&files.join("requirements.txt"));
    // Small pages, so that every list of the checks has more than one.
    let mut program = Command::new(env!("CARGO_BIN_EXE_kusto-arm-simulator"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--operation-duration",
            "500ms",
            "--page-size",
            "1",
            "--world",
        ])
        .arg(files.join("world.yaml"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map(Program)
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap_or_else(|| panic!("{line:?}"));
    let output = Command::new(python)
        .arg("-B")
        .arg(files.join("check.py"))
        .arg(url)
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    let (checks, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    println!("{checks}");
    assert!(output.status.success(), "{checks}\n{errors}");
    assert!(checks.lines().count() > 20, "{checks}");
}

/// The Python of a virtual environment that holds `requirements`; made when it is not there.
fn installed(requirements: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    std::fs::read(requirements).unwrap().hash(&mut hasher);
    let cache = cache_directory().join("adx-follower-operator");
    let home = cache.join(format!("azure-sdk-{:016x}", hasher.finish()));
    let python = home.join("bin/python");
    if python.exists() {
        return python;
    }
    eprintln!("installing azure-mgmt-kusto into {} (once)", home.display());
    std::fs::create_dir_all(&cache).unwrap();
    // Made under another name and renamed when whole: a test that runs beside this one sees all or nothing.
    let making = tempfile::tempdir_in(&cache).unwrap();
    let draft = making.path().join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&draft));
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
        "-r",
    ];
    run(Command::new(draft.join("bin/python"))
        .args(pip)
        .arg(requirements));
    if let Err(error) = std::fs::rename(&draft, &home) {
        assert!(python.exists(), "cannot keep the environment: {error}");
    }
    python
}

fn cache_directory() -> PathBuf {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    named("XDG_CACHE_HOME")
        .or_else(|| Some(named("HOME")?.join(".cache")))
        .expect("XDG_CACHE_HOME or HOME")
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{text}");
}
