//! Where built tools are kept, outside the work tree: one directory for each module and set of pins,
//! filled by renames under a lock, so that nobody sees half a program and nobody builds twice. I/O.

use std::{
    env,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use super::{Module, Tool, build};
use crate::{
    error::TestbedError,
    wait::{NotYet, eventually},
};

/// How long one process waits for another one's build.
const LOCK_DEADLINE: Duration = Duration::from_mins(45);

/// The directory beside the programs with the CRDs of their release, if it has any.
pub(super) const CRDS: &str = "crds";

/// Makes sure that tools of a module are in the cache; returns the directory.
pub(super) async fn ensure(module: Module, tools: &[Tool]) -> Result<PathBuf, TestbedError> {
    let directory = root()?.join("tools").join(module.key());
    if is_whole(module, &directory, tools) {
        return Ok(directory);
    }
    fs::create_dir_all(&directory)
        .map_err(TestbedError::io(format!("make {}", directory.display())))?;
    let _lock = lock(&directory.join(".lock")).await?;
    // Whoever held the lock before us may have built them.
    if is_whole(module, &directory, tools) {
        return Ok(directory);
    }
    let unfinished = directory.join(format!(".unfinished-{}", process::id()));
    let filled = fill(module, tools, &unfinished, &directory).await;
    // Gone or not, it is in nobody's way: its name is ours alone.
    let _ = fs::remove_dir_all(&unfinished);
    filled.map(|()| directory)
}

async fn fill(
    module: Module,
    tools: &[Tool],
    unfinished: &Path,
    directory: &Path,
) -> Result<(), TestbedError> {
    let missing = missing(directory, tools);
    if !missing.is_empty() {
        build::build(module, &missing, unfinished).await?;
        for tool in missing {
            place(
                &unfinished.join(tool.built_as()),
                &directory.join(tool.name()),
            )?;
        }
    }
    let crds = directory.join(CRDS);
    if let Some((required, folder)) = module.crds().filter(|_| !crds.is_dir()) {
        let source = build::source_of(module, required).await?.join(folder);
        let copied = unfinished.join(CRDS);
        copy(&source, &copied)?;
        place(&copied, &crds)?;
    }
    Ok(())
}

fn is_whole(module: Module, directory: &Path, tools: &[Tool]) -> bool {
    let has_crds = || module.crds().is_none() || directory.join(CRDS).is_dir();
    missing(directory, tools).is_empty() && has_crds()
}

fn missing(directory: &Path, tools: &[Tool]) -> Vec<Tool> {
    let is_missing = |tool: &Tool| !directory.join(tool.name()).is_file();
    tools.iter().copied().filter(is_missing).collect()
}

fn place(from: &Path, to: &Path) -> Result<(), TestbedError> {
    let doing = || format!("put {} in place", to.display());
    fs::rename(from, to).map_err(TestbedError::io(doing()))
}

/// Copies the CRDs of a directory: its `.yaml` files but for the list that kustomize reads.
fn copy(from: &Path, to: &Path) -> Result<(), TestbedError> {
    let doing = || format!("copy {} to {}", from.display(), to.display());
    fs::create_dir_all(to).map_err(TestbedError::io(doing()))?;
    for entry in fs::read_dir(from).map_err(TestbedError::io(doing()))? {
        let entry = entry.map_err(TestbedError::io(doing()))?;
        let name = entry.file_name();
        let is_crd = Path::new(&name)
            .extension()
            .is_some_and(|end| end == "yaml")
            && name != "kustomization.yaml";
        if is_crd {
            // Read and written, since a copy would be as read-only as Go's module cache is.
            let text = fs::read(entry.path()).map_err(TestbedError::io(doing()))?;
            fs::write(to.join(&name), text).map_err(TestbedError::io(doing()))?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let missing = missing(folder.path(), &Tool::CONTROL_PLANE);
        assert_eq!(missing, [Tool::KubeApiserver, Tool::Kubectl]);
    }

    #[test]
    fn a_release_without_its_crds_is_not_whole() {
        let folder = tempfile::tempdir().unwrap();
        let tool = Tool::FluxSourceController;
        fs::write(folder.path().join(tool.name()), "").unwrap();
        let is_whole = || is_whole(tool.module(), folder.path(), &[tool]);
        assert!(!is_whole());
        fs::create_dir(folder.path().join(CRDS)).unwrap();
        assert!(is_whole());
    }

    #[test]
    fn crds_are_copied_without_what_lists_them() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir(&from).unwrap();
        for name in ["a.yaml", "kustomization.yaml", "README.md"] {
            fs::write(from.join(name), name).unwrap();
        }
        let to = folder.path().join("to");
        copy(&from, &to).unwrap();
        let names: Vec<_> = fs::read_dir(&to)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["a.yaml"]);
    }
}
