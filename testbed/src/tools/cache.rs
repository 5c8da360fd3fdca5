//! Where built tools are kept, outside the work tree: one directory for each set of pins, filled by
//! renames under a lock, so that nobody sees half a program and nobody builds twice.

use std::{
    env,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use super::{GO_MOD, GO_SUM, Tool, build};
use crate::{
    error::TestbedError,
    wait::{NotYet, eventually},
};

/// How long one process waits for another one's build.
const LOCK_DEADLINE: Duration = Duration::from_mins(45);

/// Makes sure that the tools are in the cache; returns the directory.
pub(super) async fn ensure(tools: &[Tool]) -> Result<PathBuf, TestbedError> {
    let version = kubernetes_version(GO_MOD)?;
    let directory = root()?.join(format!("tools/{version}-{:016x}", pins(GO_MOD, GO_SUM)));
    if missing(&directory, tools).is_empty() {
        return Ok(directory);
    }
    fs::create_dir_all(&directory)
        .map_err(TestbedError::io(format!("make {}", directory.display())))?;
    let _lock = lock(&directory.join(".lock")).await?;
    // Whoever held the lock before us may have built them.
    let missing = missing(&directory, tools);
    if missing.is_empty() {
        return Ok(directory);
    }
    let unfinished = directory.join(format!(".unfinished-{}", process::id()));
    let built = build::build(&missing, &version, &unfinished).await;
    let placed = built.and_then(|()| place(&missing, &unfinished, &directory));
    // Gone or not, it is in nobody's way: its name is ours alone.
    let _ = fs::remove_dir_all(&unfinished);
    placed.map(|()| directory)
}

fn missing(directory: &Path, tools: &[Tool]) -> Vec<Tool> {
    let is_missing = |tool: &Tool| !directory.join(tool.name()).is_file();
    tools.iter().copied().filter(is_missing).collect()
}

fn place(tools: &[Tool], from: &Path, to: &Path) -> Result<(), TestbedError> {
    for tool in tools {
        let target = to.join(tool.name());
        fs::rename(from.join(tool.name()), &target).map_err(TestbedError::io(format!(
            "put {} in place",
            target.display()
        )))?;
    }
    Ok(())
}

/// Holds the lock until the file is dropped; the operating system frees it when a process dies.
async fn lock(path: &Path) -> Result<File, TestbedError> {
    let doing = || format!("lock {}", path.display());
    let file = File::create(path).map_err(TestbedError::io(doing()))?;
    let mut is_told = false;
    let waited = eventually(
        LOCK_DEADLINE,
        "another process built the tools",
        async || match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                if !is_told {
                    eprintln!("Waiting for another process that is building the same tools.");
                    is_told = true;
                }
                Err(NotYet::observed("it is still building"))
            }
            Err(TryLockError::Error(error)) => Err(NotYet::hopeless(error)),
        },
    );
    waited
        .await
        .map_err(|error| TestbedError::unexpected(doing(), error.to_string()))?;
    Ok(file)
}

/// This project's directory in the user's cache.
fn root() -> Result<PathBuf, TestbedError> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let base = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache")));
    base.map(|base| base.join("adx-follower-operator"))
        .ok_or_else(|| {
            TestbedError::unexpected(
                "find the cache directory",
                "neither XDG_CACHE_HOME nor HOME is set",
            )
        })
}

/// The version of Kubernetes that the module requires, such as `v1.37.2`.
fn kubernetes_version(go_mod: &str) -> Result<String, TestbedError> {
    go_mod
        .lines()
        .filter_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "))
        .find_map(|rest| rest.split_whitespace().next())
        .map(str::to_owned)
        .ok_or_else(|| {
            TestbedError::unexpected("read testbed/tools/go.mod", "no k8s.io/kubernetes")
        })
}

/// A stable number for the pins (64-bit FNV-1a): a name for a cache directory, no protection.
fn pins(go_mod: &str, go_sum: &str) -> u64 {
    go_mod
        .bytes()
        .chain(go_sum.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_the_module() {
        let version = kubernetes_version("require (\n\tk8s.io/kubernetes v1.2.3 // x\n)").unwrap();
        assert_eq!(version, "v1.2.3");
        assert!(kubernetes_version(GO_MOD).unwrap().starts_with("v1."));
        assert!(kubernetes_version("module x").is_err());
    }

    #[test]
    fn other_pins_have_another_directory() {
        assert_ne!(pins("a", "b"), pins("a", "c"));
        // The published test vector of FNV-1a for "a".
        assert_eq!(pins("a", ""), 0xaf63_dc4c_8601_ec8c);
    }

    #[tokio::test]
    async fn a_lock_is_had_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let held = lock(&path).await.unwrap();
        let second = File::create(&path).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        lock(&path).await.unwrap();
    }

    #[test]
    fn only_a_whole_program_counts_as_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("etcd"), "").unwrap();
        fs::create_dir(folder.path().join("kubectl")).unwrap();
        let missing = missing(folder.path(), &Tool::ALL);
        assert_eq!(missing, [Tool::KubeApiserver, Tool::Kubectl]);
    }
}
