//! The Go modules under `testbed/tools`: one for each group of programs, so that the requirements of
//! one do not move the versions of another. Pure.

/// A Go module that pins programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Module {
    /// The newest Kubernetes that is tested against, and etcd.
    Kubernetes,
    /// The oldest Kubernetes that is supported.
    OldestKubernetes,
    /// Helm 3.
    Helm3,
    /// Helm 4.
    Helm4,
    /// Flux's source-controller.
    FluxSource,
    /// Flux's kustomize-controller.
    FluxKustomize,
    /// Argo CD with its cache.
    ArgoCd,
    /// kubeconform.
    Kubeconform,
    /// kube-score.
    KubeScore,
    /// Our judge of statuses.
    StatusJudge,
    /// Our server of Git repositories.
    GitServer,
}

/// What a module's programs are built from; all of it together is the cache's key.
struct Source {
    directory: &'static str,
    go_mod: &'static str,
    go_sum: &'static str,
    /// The code that is our own.
    program: &'static str,
}

/// The source of the module in a directory, with the files of our own.
macro_rules! source {
    ($directory:literal $(, $program:literal)*) => {
        Source {
            directory: $directory,
            go_mod: include_str!(concat!("../../tools/", $directory, "/go.mod")),
            go_sum: include_str!(concat!("../../tools/", $directory, "/go.sum")),
            program: concat!($(include_str!(concat!("../../tools/", $directory, "/", $program))),*),
        }
    };
}

impl Module {
    /// Every module, the one that most tests need first.
    pub(super) const ALL: [Self; 11] = [
        Self::Kubernetes,
        Self::Helm3,
        Self::Helm4,
        Self::GitServer,
        Self::StatusJudge,
        Self::Kubeconform,
        Self::KubeScore,
        Self::FluxSource,
        Self::FluxKustomize,
        Self::ArgoCd,
        Self::OldestKubernetes,
    ];

    const fn source(self) -> Source {
        match self {
            Self::Kubernetes => source!("kubernetes"),
            Self::OldestKubernetes => source!("kubernetes-oldest"),
            Self::Helm3 => source!("helm3"),
            Self::Helm4 => source!("helm4"),
            Self::FluxSource => source!("flux-source"),
            Self::FluxKustomize => source!("flux-kustomize"),
            Self::ArgoCd => source!("argocd", "redis/main.go", "health/main.go"),
            Self::Kubeconform => source!("kubeconform"),
            Self::KubeScore => source!("kube-score"),
            Self::StatusJudge => source!("status-judge", "main.go"),
            Self::GitServer => source!("git-server", "main.go"),
        }
    }

    /// The module's directory below `testbed/tools`; its name in the cache too.
    pub(super) const fn directory(self) -> &'static str {
        self.source().directory
    }

    /// The requirement whose version is the programs' version; nothing for a program of our own.
    const fn product(self) -> Option<&'static str> {
        match self {
            Self::Kubernetes | Self::OldestKubernetes => Some("k8s.io/kubernetes"),
            Self::Helm3 => Some("helm.sh/helm/v3"),
            Self::Helm4 => Some("helm.sh/helm/v4"),
            Self::FluxSource => Some("github.com/fluxcd/source-controller"),
            Self::FluxKustomize => Some("github.com/fluxcd/kustomize-controller"),
            Self::ArgoCd => Some("github.com/argoproj/argo-cd/v3"),
            Self::Kubeconform => Some("github.com/yannh/kubeconform"),
            Self::KubeScore => Some("github.com/zegl/kube-score"),
            Self::StatusJudge | Self::GitServer => None,
        }
    }

    /// Where the release keeps its CRDs: the required module, and the directory inside it.
    pub(super) const fn crds(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::FluxSource => Some(("github.com/fluxcd/source-controller", "config/crd/bases")),
            Self::FluxKustomize => {
                Some(("github.com/fluxcd/kustomize-controller", "config/crd/bases"))
            }
            Self::ArgoCd => Some(("github.com/argoproj/argo-cd/v3", "manifests/crds")),
            Self::Kubernetes
            | Self::OldestKubernetes
            | Self::Helm3
            | Self::Helm4
            | Self::Kubeconform
            | Self::KubeScore
            | Self::StatusJudge
            | Self::GitServer => None,
        }
    }

    /// How long a person waits for it on two idle cores with an empty build cache, once.
    pub(super) const fn takes(self) -> &'static str {
        match self {
            Self::Kubernetes => "about 6 minutes",
            Self::OldestKubernetes | Self::ArgoCd => "about 4 minutes",
            Self::FluxSource | Self::FluxKustomize => "about 3 minutes",
            Self::Helm3 | Self::Helm4 => "about 2 minutes",
            Self::KubeScore | Self::StatusJudge => "about a minute",
            Self::Kubeconform | Self::GitServer => "less than a minute",
        }
    }

    /// The version of the programs, such as `v1.37.2`.
    pub(super) fn version(self) -> Option<&'static str> {
        required(self.source().go_mod, self.product()?)
    }

    /// The programs' name in the cache: it changes with every pin.
    pub(super) fn key(self) -> String {
        let Source {
            directory,
            go_mod,
            go_sum,
            program,
        } = self.source();
        let flags = self.linker_flags();
        let hash = fnv([go_mod, go_sum, program, &flags]);
        match self.version() {
            Some(version) => format!("{directory}-{version}-{hash:016x}"),
            None => format!("{directory}-{hash:016x}"),
        }
    }

    /// What the linker is told. Programs take their version from it, and those who compare versions
    /// stumble over one that was not told its own: clients of an API server that is v0.0.0
    /// (control-plane.md §1), charts whose `kubeVersion` Helm 3 holds against Kubernetes 1.20.
    pub(super) fn linker_flags(self) -> String {
        let mut flags = vec![String::from("-s -w")];
        let mut set = |name: &str, value: &str| flags.push(format!("-X {name}={value}"));
        let version = self.version().unwrap_or_default();
        match self {
            Self::Kubernetes | Self::OldestKubernetes => {
                let package = "k8s.io/component-base/version";
                let (major, minor) = major_minor(version);
                set(&format!("{package}.gitVersion"), version);
                set(&format!("{package}.gitMajor"), major);
                set(&format!("{package}.gitMinor"), minor);
                set(&format!("{package}.gitTreeState"), "clean");
            }
            Self::Helm3 => {
                set("helm.sh/helm/v3/internal/version.version", version);
                // Kubernetes 1.N is `v0.N` of its client.
                let client = required(self.source().go_mod, "k8s.io/client-go");
                let (_, minor) = major_minor(client.unwrap_or_default());
                for package in ["lint/rules", "chartutil"] {
                    let package = format!("helm.sh/helm/v3/pkg/{package}");
                    set(&format!("{package}.k8sVersionMajor"), "1");
                    set(&format!("{package}.k8sVersionMinor"), minor);
                }
            }
            Self::Helm4 => set("helm.sh/helm/v4/internal/version.version", version),
            Self::ArgoCd => {
                let package = "github.com/argoproj/argo-cd/v3/common";
                set(
                    &format!("{package}.version"),
                    version.trim_start_matches('v'),
                );
            }
            Self::Kubeconform | Self::KubeScore => set("main.version", version),
            Self::FluxSource | Self::FluxKustomize | Self::StatusJudge | Self::GitServer => {}
        }
        flags.join(" ")
    }
}

/// The version in which a `go.mod` requires a module.
fn required<'a>(go_mod: &'a str, module: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("require ").unwrap_or(line);
        let mut words = line.strip_prefix(module)?.strip_prefix(' ')?.split(' ');
        words.next().filter(|word| word.starts_with('v'))
    })
}

fn major_minor(version: &str) -> (&str, &str) {
    let mut numbers = version.trim_start_matches('v').split('.');
    let major = numbers.next().unwrap_or_default();
    (major, numbers.next().unwrap_or_default())
}

/// A stable number for texts (64-bit FNV-1a): a name for a cache directory, no protection.
fn fnv(texts: [&str; 4]) -> u64 {
    texts
        .iter()
        .flat_map(|text| text.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::{super::Tool, *};

    /// Whether the module names the tool's package, or has it in its own directory.
    fn pins(module: Module, tool: Tool) -> bool {
        let package = tool.package();
        let names_it = |line: &str| {
            let line = line.trim();
            line == package || line.strip_prefix("tool ") == Some(package)
        };
        package.starts_with('.') || module.source().go_mod.lines().any(names_it)
    }

    #[test]
    fn every_module_pins_its_tools() {
        for tool in Tool::ALL {
            let module = tool.module();
            assert!(
                pins(module, tool),
                "{}/go.mod has no tool {}",
                module.directory(),
                tool.package()
            );
        }
    }

    #[test]
    fn every_module_has_a_tool_and_is_listed() {
        for module in Module::ALL {
            let is_its = |tool: &Tool| tool.module() == module;
            assert!(Tool::ALL.iter().any(is_its), "{}", module.directory());
        }
        for tool in Tool::ALL {
            assert!(Module::ALL.contains(&tool.module()), "{}", tool.name());
        }
    }

    #[test]
    fn a_module_is_called_after_its_directory() {
        for module in Module::ALL {
            let line = format!("\nmodule testbed/tools/{}\n", module.directory());
            assert!(module.source().go_mod.contains(&line), "{line}");
        }
    }

    #[test]
    fn what_is_not_our_own_has_a_version() {
        for module in Module::ALL {
            assert_eq!(
                module.version().is_some(),
                module.product().is_some(),
                "{}",
                module.directory()
            );
        }
        assert!(Module::Kubernetes.version().unwrap().starts_with("v1."));
    }

    #[test]
    fn a_requirement_is_found_in_either_form() {
        let go_mod = "require a.dev/b v1.2.3 // x\nrequire (\n\ta.dev/bc v2.0.0\n)\n\
                      replace a.dev/d => a.dev/d v9.0.0\n";
        assert_eq!(required(go_mod, "a.dev/b"), Some("v1.2.3"));
        assert_eq!(required(go_mod, "a.dev/bc"), Some("v2.0.0"));
        assert_eq!(required(go_mod, "a.dev/d"), None);
        assert_eq!(required(go_mod, "replace a.dev/d"), None);
    }

    #[test]
    fn programs_are_told_their_version() {
        let (_, minor) = major_minor(Module::Kubernetes.version().unwrap());
        let flags = Module::Kubernetes.linker_flags();
        assert!(flags.contains("gitMajor=1 "), "{flags}");
        assert!(flags.contains(&format!("gitMinor={minor} ")), "{flags}");
        let flags = Module::Helm3.linker_flags();
        assert!(flags.contains("chartutil.k8sVersionMajor=1 -X"), "{flags}");
        assert!(!flags.ends_with('='), "{flags}");
        assert_eq!(Module::GitServer.linker_flags(), "-s -w");
    }

    #[test]
    fn other_pins_have_another_directory() {
        assert_ne!(fnv(["a", "b", "", ""]), fnv(["a", "c", "", ""]));
        // The published test vector of FNV-1a for "a".
        assert_eq!(fnv(["a", "", "", ""]), 0xaf63_dc4c_8601_ec8c);
        let keys: std::collections::HashSet<String> =
            Module::ALL.into_iter().map(Module::key).collect();
        assert_eq!(keys.len(), Module::ALL.len());
    }
}
