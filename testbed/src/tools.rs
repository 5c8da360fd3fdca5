//! The pinned programs beside the operator: kube-apiserver, etcd and kubectl. Finds or builds them.

mod build;
mod cache;

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::error::TestbedError;

/// The module that pins the versions, and its checksums: together the cache's key.
const GO_MOD: &str = include_str!("../tools/go.mod");
const GO_SUM: &str = include_str!("../tools/go.sum");

/// A directory with kube-apiserver, etcd and maybe kubectl, as other Kubernetes test kits use it.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// The programs, ready to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// kube-apiserver.
    pub kube_apiserver: PathBuf,
    /// etcd.
    pub etcd: PathBuf,
    /// kubectl.
    pub kubectl: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    KubeApiserver,
    Etcd,
    Kubectl,
}

impl Tool {
    const ALL: [Self; 3] = [Self::KubeApiserver, Self::Etcd, Self::Kubectl];

    const fn name(self) -> &'static str {
        match self {
            Self::KubeApiserver => "kube-apiserver",
            Self::Etcd => "etcd",
            Self::Kubectl => "kubectl",
        }
    }

    /// The Go package of its `main`.
    const fn package(self) -> &'static str {
        match self {
            Self::KubeApiserver => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::Kubectl => "k8s.io/kubernetes/cmd/kubectl",
        }
    }
}

impl Tools {
    /// Finds the programs, building what is missing: 5 minutes on two cores, once for each pinned
    /// version. Progress goes to standard error. Processes that ask at once share one build.
    ///
    /// `KUBEBUILDER_ASSETS` is used when it is set; a kubectl that is missing there is taken from
    /// `PATH`. Otherwise everything comes from the cache,
    /// `${XDG_CACHE_HOME:-~/.cache}/adx-follower-operator/tools/`.
    ///
    /// # Errors
    /// When `KUBEBUILDER_ASSETS` lacks a program, when Go is missing, or when the build fails.
    pub async fn ensure() -> Result<Self, TestbedError> {
        if let Some(directory) = env::var_os(ASSETS).filter(|value| !value.is_empty()) {
            return Self::from_assets(Path::new(&directory)).await;
        }
        let directory = cache::ensure(&Tool::ALL).await?;
        Ok(Self {
            kube_apiserver: directory.join(Tool::KubeApiserver.name()),
            etcd: directory.join(Tool::Etcd.name()),
            kubectl: directory.join(Tool::Kubectl.name()),
        })
    }

    async fn from_assets(directory: &Path) -> Result<Self, TestbedError> {
        let kube_apiserver = asset(directory, Tool::KubeApiserver)?;
        let etcd = asset(directory, Tool::Etcd)?;
        let kubectl = match asset(directory, Tool::Kubectl) {
            Ok(kubectl) => kubectl,
            Err(_missing) => match on_path(Tool::Kubectl.name()) {
                Some(kubectl) => kubectl,
                None => cache::ensure(&[Tool::Kubectl])
                    .await?
                    .join(Tool::Kubectl.name()),
            },
        };
        Ok(Self {
            kube_apiserver,
            etcd,
            kubectl,
        })
    }
}

fn asset(directory: &Path, tool: Tool) -> Result<PathBuf, TestbedError> {
    let path = directory.join(tool.name());
    if path.is_file() {
        return Ok(path);
    }
    Err(TestbedError::ProgramMissing {
        program: path.display().to_string(),
        hint: format!("`{ASSETS}` must name a directory that holds it, or be unset"),
    })
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn assets_with_all_three_are_taken_as_they_are() {
        let assets = tempfile::tempdir().unwrap();
        for tool in Tool::ALL {
            fs::write(assets.path().join(tool.name()), "").unwrap();
        }
        let tools = Tools::from_assets(assets.path()).await.unwrap();
        assert_eq!(tools.kubectl, assets.path().join("kubectl"));
        assert_eq!(tools.etcd, assets.path().join("etcd"));
    }

    #[tokio::test]
    async fn assets_without_an_api_server_are_refused_with_the_path() {
        let assets = tempfile::tempdir().unwrap();
        fs::write(assets.path().join("etcd"), "").unwrap();
        let error = Tools::from_assets(assets.path()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("kube-apiserver` is missing"), "{text}");
        assert!(text.contains(ASSETS), "{text}");
    }

    #[test]
    fn the_module_pins_every_tool() {
        for tool in Tool::ALL {
            let line = format!("\t{}\n", tool.package());
            assert!(GO_MOD.contains(&line), "go.mod has no tool {}", tool.name());
        }
    }
}
