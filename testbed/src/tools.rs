//! The pinned programs beside the operator: a Kubernetes control plane, Helm, the GitOps controllers
//! and the judges of manifests and statuses. Finds or builds them; each only when somebody asks.

mod build;
mod cache;
mod module;
mod progress;
mod tool;

use std::{
    env,
    path::{Path, PathBuf},
};

use self::module::Module;
pub use self::tool::Tool;
use crate::error::TestbedError;

/// A directory with kube-apiserver, etcd and maybe kubectl, as other Kubernetes test kits use it.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// The programs of a control plane, ready to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// kube-apiserver.
    pub kube_apiserver: PathBuf,
    /// etcd.
    pub etcd: PathBuf,
    /// kubectl.
    pub kubectl: PathBuf,
}

impl Tool {
    /// Finds the program, building it if it is missing: minutes, once for each pinned version, with
    /// progress on standard error. Processes that ask at once share one build.
    ///
    /// # Errors
    /// When Go is missing or the build fails.
    pub async fn ensure(self) -> Result<PathBuf, TestbedError> {
        let directory = cache::ensure(self.module(), &[self]).await?;
        Ok(directory.join(self.name()))
    }

    /// The directory with the CRDs of the program's release, as YAML files; builds the program if it
    /// is missing.
    ///
    /// # Errors
    /// As [`Self::ensure`]; also for a program that has no CRDs.
    pub async fn crds(self) -> Result<PathBuf, TestbedError> {
        if self.module().crds().is_none() {
            let what = format!("find the CRDs of {}", self.name());
            return Err(TestbedError::unexpected(what, "it has none"));
        }
        let directory = cache::ensure(self.module(), &[self]).await?;
        Ok(directory.join(cache::CRDS))
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
        let directory = cache::ensure(Module::Kubernetes, &Tool::CONTROL_PLANE).await?;
        Ok(Self {
            kube_apiserver: directory.join(Tool::KubeApiserver.name()),
            etcd: directory.join(Tool::Etcd.name()),
            kubectl: directory.join(Tool::Kubectl.name()),
        })
    }

    /// As [`Self::ensure`], with the kube-apiserver of the oldest Kubernetes that is supported.
    ///
    /// # Errors
    /// As [`Self::ensure`].
    pub async fn ensure_oldest() -> Result<Self, TestbedError> {
        let kube_apiserver = Tool::OldestKubeApiserver.ensure().await?;
        Ok(Self {
            kube_apiserver,
            ..Self::ensure().await?
        })
    }

    async fn from_assets(directory: &Path) -> Result<Self, TestbedError> {
        let kube_apiserver = asset(directory, Tool::KubeApiserver)?;
        let etcd = asset(directory, Tool::Etcd)?;
        let kubectl = match asset(directory, Tool::Kubectl) {
            Ok(kubectl) => kubectl,
            Err(_missing) => match on_path(Tool::Kubectl.name()) {
                Some(kubectl) => kubectl,
                None => Tool::Kubectl.ensure().await?,
            },
        };
        Ok(Self {
            kube_apiserver,
            etcd,
            kubectl,
        })
    }
}

/// Finds or builds the tools that are named, or all of them if none is, and returns where they are.
///
/// # Errors
/// For an unknown name (before anything is built), and as [`Tools::ensure`] and [`Tool::ensure`].
pub async fn provide(names: &[String]) -> Result<Vec<PathBuf>, TestbedError> {
    let mut wanted = names
        .iter()
        .map(|name| Tool::named(name))
        .collect::<Result<Vec<Tool>, _>>()?;
    if wanted.is_empty() {
        wanted.extend(Tool::ALL);
    }
    let mut paths = Vec::new();
    let is_of_control_plane = |tool: &Tool| Tool::CONTROL_PLANE.contains(tool);
    // They may come from elsewhere.
    let (control_plane, built): (Vec<Tool>, Vec<Tool>) =
        wanted.into_iter().partition(is_of_control_plane);
    if !control_plane.is_empty() {
        let tools = Tools::ensure().await?;
        paths.extend([tools.kube_apiserver, tools.etcd, tools.kubectl]);
    }
    for module in Module::ALL {
        let mut of_module = built.clone();
        of_module.retain(|tool| tool.module() == module);
        if !of_module.is_empty() {
            let directory = cache::ensure(module, &of_module).await?;
            paths.extend(of_module.iter().map(|tool| directory.join(tool.name())));
        }
    }
    Ok(paths)
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
        for tool in Tool::CONTROL_PLANE {
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

    #[tokio::test]
    async fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = provide(&["helm5".to_owned()])
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("`helm5` is missing: "), "{error}");
        assert!(error.contains("helm3, helm4"), "{error}");
        assert_eq!(Tool::named("argocd").unwrap(), Tool::ArgoCd);
    }

    #[tokio::test]
    async fn a_tool_without_crds_says_so() {
        let error = Tool::Helm4.crds().await.unwrap_err().to_string();
        assert!(error.contains("helm4: it has none"), "{error}");
    }
}
