//! Git repositories that GitOps controllers fetch from: bare ones in a temporary directory, served over
//! smart HTTP by `git http-backend`. Needs `git`. I/O.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{error::TestbedError, logs::Logs, process::Process, tools::Tool, wait::eventually};

const LISTENING_DEADLINE: Duration = Duration::from_secs(20);
/// The only branch of every repository.
const BRANCH: &str = "main";

/// A running server of Git repositories; dropping it ends it and removes the repositories.
#[derive(Debug)]
pub struct GitServer {
    // Dropped first: it reads the directory.
    #[allow(dead_code, reason = "held for its `Drop`")]
    process: Process,
    root: TempDir,
    url: String,
}

impl GitServer {
    /// Starts a server without repositories.
    ///
    /// # Errors
    /// When it cannot be built, ends or does not listen in time.
    pub async fn start(logs: &Logs) -> Result<Self, TestbedError> {
        let program = Tool::GitServer.ensure().await?;
        let root = tempfile::Builder::new()
            .prefix("adx-git-")
            .tempdir()
            .map_err(TestbedError::io("make a temporary directory"))?;
        let url_file = root.path().join("url");
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .arg("-root")
            .arg(root.path())
            .arg("-url-file")
            .arg(&url_file);
        let mut process = Process::spawn("git-server", command, logs, Some(root.path()))?;
        let url = eventually(LISTENING_DEADLINE, "the Git server listens", async || {
            process.still_running()?;
            Ok(fs::read_to_string(&url_file)?)
        })
        .await
        .map_err(|wait| logs.wait_error(wait))?;
        Ok(Self { process, root, url })
    }

    /// Makes an empty repository. Without a commit it has no branch.
    ///
    /// # Errors
    /// When git is missing or refuses; when there is a repository of this name.
    pub async fn create(&self, name: &str) -> Result<GitRepository, TestbedError> {
        let directory = self.root.path().join(format!("{name}.git"));
        let doing = || format!("make the repository {name}");
        fs::create_dir(&directory).map_err(TestbedError::io(doing()))?;
        let repository = GitRepository {
            url: format!("{}/{name}.git", self.url),
            directory,
        };
        let branch = format!("--initial-branch={BRANCH}");
        repository.git(&["init", "--bare", &branch], None).await?;
        Ok(repository)
    }
}

/// A repository of a [`GitServer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRepository {
    url: String,
    directory: PathBuf,
}

impl GitRepository {
    /// What a client fetches from.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The branch that [`Self::commit`] moves.
    #[must_use]
    pub const fn branch(&self) -> &'static str {
        BRANCH
    }

    /// Commits a tree that is exactly these files, given as path and content: what is not among them is
    /// deleted. Returns the commit's id.
    ///
    /// # Errors
    /// When git refuses, or a path leaves the tree.
    pub async fn commit<P, C>(
        &self,
        message: &str,
        files: impl IntoIterator<Item = (P, C)>,
    ) -> Result<String, TestbedError>
    where
        P: AsRef<Path>,
        C: AsRef<[u8]>,
    {
        let tree = tempfile::tempdir().map_err(TestbedError::io("make a temporary directory"))?;
        for (path, content) in files {
            write_below(tree.path(), path.as_ref(), content.as_ref())?;
        }
        let tree = Some(tree.path());
        self.git(&["add", "--all", "--force"], tree).await?;
        let commit = ["commit", "--quiet", "--allow-empty", "--message", message];
        self.git(&commit, tree).await?;
        self.git(&["rev-parse", "HEAD"], None).await
    }

    /// Runs git on the repository, with another directory as its work tree; returns what it printed.
    async fn git(&self, args: &[&str], tree: Option<&Path>) -> Result<String, TestbedError> {
        let doing = || format!("run git {}", args.join(" "));
        let mut command = Command::new("git");
        command
            .args(args)
            .current_dir(tree.unwrap_or(&self.directory))
            // Nobody's configuration changes what is committed, hooks and signatures included.
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_DIR", &self.directory)
            .env("GIT_AUTHOR_NAME", "testbed")
            .env("GIT_AUTHOR_EMAIL", "testbed@localhost")
            .env("GIT_COMMITTER_NAME", "testbed")
            .env("GIT_COMMITTER_EMAIL", "testbed@localhost")
            .envs(tree.map(|tree| ("GIT_WORK_TREE", tree)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => TestbedError::ProgramMissing {
                program: String::from("git"),
                hint: String::from("install it"),
            },
            _ => TestbedError::io(doing())(error),
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let answer = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(TestbedError::unexpected(doing(), answer))
    }
}

/// Every file below a directory as (`prefix`/path, content), for [`GitRepository::commit`].
///
/// # Errors
/// When something cannot be read.
pub fn files_below(
    directory: &Path,
    prefix: &str,
) -> Result<Vec<(PathBuf, Vec<u8>)>, TestbedError> {
    let doing = || format!("read {}", directory.display());
    let mut files = Vec::new();
    let mut folders = vec![(directory.to_owned(), PathBuf::from(prefix))];
    while let Some((folder, name)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(TestbedError::io(doing()))? {
            let entry = entry.map_err(TestbedError::io(doing()))?;
            let name = name.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push((entry.path(), name));
            } else {
                let content = fs::read(entry.path()).map_err(TestbedError::io(doing()))?;
                files.push((name, content));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn write_below(tree: &Path, path: &Path, content: &[u8]) -> Result<(), TestbedError> {
    let doing = || format!("write {}", path.display());
    let is_inside = path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_inside {
        return Err(TestbedError::unexpected(doing(), "it leaves the tree"));
    }
    let target = tree.join(path);
    let folder = target.parent().unwrap_or(tree);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&target, content))
        .map_err(TestbedError::io(doing()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn repository(root: &Path) -> GitRepository {
        let repository = GitRepository {
            url: String::from("http://127.0.0.1:1/test.git"),
            directory: root.to_owned(),
        };
        let init = ["init", "--bare", "--initial-branch=main"];
        repository.git(&init, None).await.unwrap();
        repository
    }

    #[tokio::test]
    async fn a_commit_is_exactly_its_files() {
        let root = tempfile::tempdir().unwrap();
        let repository = repository(root.path()).await;
        let files = [("a/one.yaml", "1"), ("two.yaml", "2")];
        let first = repository.commit("first", files).await.unwrap();
        let second = repository
            .commit("second", [("two.yaml", "22")])
            .await
            .unwrap();
        let list = |id: String| {
            let repository = &repository;
            async move {
                let args = ["ls-tree", "-r", "--name-only", &id];
                repository.git(&args, None).await.unwrap()
            }
        };
        assert_eq!(list(first).await, "a/one.yaml\ntwo.yaml");
        assert_eq!(list(second.clone()).await, "two.yaml");
        assert_eq!(
            repository.git(&["rev-parse", BRANCH], None).await.unwrap(),
            second
        );
        let none: [(&str, &str); 0] = [];
        let third = repository.commit("third", none).await.unwrap();
        assert_eq!(list(third).await, "");
    }

    #[tokio::test]
    async fn a_path_that_leaves_the_tree_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let repository = repository(root.path()).await;
        for path in ["../outside", "/tmp/outside"] {
            let error = repository.commit("no", [(path, "")]).await.unwrap_err();
            assert!(error.to_string().contains("leaves the tree"), "{error}");
        }
    }

    #[test]
    fn files_below_a_directory_keep_their_paths() {
        let directory = tempfile::tempdir().unwrap();
        write_below(directory.path(), Path::new("templates/a.yaml"), b"a").unwrap();
        write_below(directory.path(), Path::new("Chart.yaml"), b"c").unwrap();
        let files = files_below(directory.path(), "chart").unwrap();
        let expected = [
            (PathBuf::from("chart/Chart.yaml"), b"c".to_vec()),
            (PathBuf::from("chart/templates/a.yaml"), b"a".to_vec()),
        ];
        assert_eq!(files, expected);
    }
}
