//! The pinned programs by name. Pure.

use super::Module;
use crate::error::TestbedError;

/// A pinned program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// kube-apiserver of the newest Kubernetes that is tested against.
    KubeApiserver,
    /// etcd.
    Etcd,
    /// kubectl.
    Kubectl,
    /// kube-controller-manager.
    KubeControllerManager,
    /// Helm 3.
    Helm3,
    /// Helm 4.
    Helm4,
    /// An HTTP server of Git repositories: this project's, around `git http-backend`.
    GitServer,
    /// The judge of statuses: this project's, around kstatus and Flux's checker of conditions.
    StatusJudge,
    /// kubeconform, which holds manifests against schemas.
    Kubeconform,
    /// kube-score, which finds fault with manifests.
    KubeScore,
    /// Flux's source-controller.
    FluxSourceController,
    /// Flux's kustomize-controller.
    FluxKustomizeController,
    /// Argo CD: one program, which acts as the one that it is called by.
    ArgoCd,
    /// Argo CD's cache: this project's, around miniredis.
    ArgoCdRedis,
    /// The judge of objects' health: this project's, around Argo CD's own code.
    ArgoCdHealth,
    /// kube-apiserver of the oldest Kubernetes that is supported.
    OldestKubeApiserver,
}

impl Tool {
    /// Every tool, in the order in which they are built.
    pub const ALL: [Self; 16] = [
        Self::KubeApiserver,
        Self::Etcd,
        Self::Kubectl,
        Self::KubeControllerManager,
        Self::Helm3,
        Self::Helm4,
        Self::GitServer,
        Self::StatusJudge,
        Self::Kubeconform,
        Self::KubeScore,
        Self::FluxSourceController,
        Self::FluxKustomizeController,
        Self::ArgoCd,
        Self::ArgoCdRedis,
        Self::ArgoCdHealth,
        Self::OldestKubeApiserver,
    ];

    /// What a control plane needs.
    pub(super) const CONTROL_PLANE: [Self; 3] = [Self::KubeApiserver, Self::Etcd, Self::Kubectl];

    /// The program's name: its file's, and the one that `tools` takes as an argument.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KubeApiserver => "kube-apiserver",
            Self::Etcd => "etcd",
            Self::Kubectl => "kubectl",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Helm3 => "helm3",
            Self::Helm4 => "helm4",
            Self::GitServer => "git-server",
            Self::StatusJudge => "status-judge",
            Self::Kubeconform => "kubeconform",
            Self::KubeScore => "kube-score",
            Self::FluxSourceController => "source-controller",
            Self::FluxKustomizeController => "kustomize-controller",
            Self::ArgoCd => "argocd",
            Self::ArgoCdRedis => "argocd-redis",
            Self::ArgoCdHealth => "argocd-health",
            Self::OldestKubeApiserver => "kube-apiserver-oldest",
        }
    }

    /// The tool of a name.
    ///
    /// # Errors
    /// When there is none; the error lists the names.
    pub fn named(name: &str) -> Result<Self, TestbedError> {
        let found = Self::ALL.into_iter().find(|tool| tool.name() == name);
        found.ok_or_else(|| TestbedError::ProgramMissing {
            program: name.to_owned(),
            hint: format!("the tools are {}", Self::ALL.map(Self::name).join(", ")),
        })
    }

    /// The Go package of its `main`.
    pub(super) const fn package(self) -> &'static str {
        match self {
            Self::KubeApiserver | Self::OldestKubeApiserver => {
                "k8s.io/kubernetes/cmd/kube-apiserver"
            }
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::Kubectl => "k8s.io/kubernetes/cmd/kubectl",
            Self::KubeControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::Helm3 => "helm.sh/helm/v3/cmd/helm",
            Self::Helm4 => "helm.sh/helm/v4/cmd/helm",
            Self::GitServer | Self::StatusJudge => ".",
            Self::Kubeconform => "github.com/yannh/kubeconform/cmd/kubeconform",
            Self::KubeScore => "github.com/zegl/kube-score/cmd/kube-score",
            Self::FluxSourceController => "github.com/fluxcd/source-controller",
            Self::FluxKustomizeController => "github.com/fluxcd/kustomize-controller",
            Self::ArgoCd => "github.com/argoproj/argo-cd/v3/cmd",
            Self::ArgoCdRedis => "./redis",
            Self::ArgoCdHealth => "./health",
        }
    }

    pub(super) const fn module(self) -> Module {
        match self {
            Self::KubeApiserver | Self::Etcd | Self::Kubectl | Self::KubeControllerManager => {
                Module::Kubernetes
            }
            Self::Helm3 => Module::Helm3,
            Self::Helm4 => Module::Helm4,
            Self::GitServer => Module::GitServer,
            Self::StatusJudge => Module::StatusJudge,
            Self::Kubeconform => Module::Kubeconform,
            Self::KubeScore => Module::KubeScore,
            Self::FluxSourceController => Module::FluxSource,
            Self::FluxKustomizeController => Module::FluxKustomize,
            Self::ArgoCd | Self::ArgoCdRedis | Self::ArgoCdHealth => Module::ArgoCd,
            Self::OldestKubeApiserver => Module::OldestKubernetes,
        }
    }

    /// The name that `go build` gives the program: the last element of its package's path that is no
    /// major version, and that of the module for the package in the module's own directory.
    pub(super) fn built_as(self) -> &'static str {
        let package = match self.package() {
            "." => self.module().directory(),
            package => package,
        };
        let is_version = |element: &&str| {
            element
                .strip_prefix('v')
                .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        package
            .rsplit('/')
            .find(|element| !is_version(element))
            .unwrap_or(package)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_tool_has_a_name_of_its_own() {
        let names: HashSet<&str> = Tool::ALL.into_iter().map(Tool::name).collect();
        assert_eq!(names.len(), Tool::ALL.len());
    }

    #[test]
    fn go_names_a_program_after_its_package() {
        assert_eq!(Tool::Etcd.built_as(), "server");
        assert_eq!(Tool::Helm4.built_as(), "helm");
        assert_eq!(Tool::ArgoCd.built_as(), "cmd");
        assert_eq!(Tool::ArgoCdRedis.built_as(), "redis");
        assert_eq!(Tool::StatusJudge.built_as(), "status-judge");
        assert_eq!(Tool::KubeScore.built_as(), "kube-score");
    }
}
