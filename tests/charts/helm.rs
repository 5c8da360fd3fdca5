//! Helm as a program, and the profiles of values that it is run with. I/O.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use testbed::{Tool, Tools};

use super::objects::{Object, objects};

/// The chart of the operator.
pub(crate) const CHART: &str = "charts/adx-follower-operator";
/// The chart of the definitions alone.
pub(crate) const CRDS_CHART: &str = "charts/adx-follower-operator-crds";
/// What the release and its namespace are called.
pub(crate) const RELEASE: &str = "adx-follower-operator";
pub(crate) const NAMESPACE: &str = "adx-follower-system";

/// A Helm.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Helm {
    Three,
    Four,
}

/// A program that the tests run, built if it is missing; tests that ask at once wait for one build.
pub(crate) fn program(tool: Tool) -> &'static Path {
    static HELM3: OnceLock<PathBuf> = OnceLock::new();
    static HELM4: OnceLock<PathBuf> = OnceLock::new();
    static KUBECTL: OnceLock<PathBuf> = OnceLock::new();
    static KUBE_SCORE: OnceLock<PathBuf> = OnceLock::new();
    let found = match tool {
        Tool::Helm3 => &HELM3,
        Tool::Helm4 => &HELM4,
        Tool::KubeScore => &KUBE_SCORE,
        Tool::Kubectl => &KUBECTL,
        other => panic!("{other:?} is not run here"),
    };
    found.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        match tool {
            Tool::Kubectl => runtime.block_on(Tools::ensure()).unwrap().kubectl,
            tool => runtime.block_on(tool.ensure()).unwrap(),
        }
    })
}

impl Helm {
    fn tool(self) -> Tool {
        match self {
            Self::Three => Tool::Helm3,
            Self::Four => Tool::Helm4,
        }
    }

    /// What it writes when it is run in the repository, or what it says when it fails.
    pub(crate) fn run(self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(program(self.tool()))
            .current_dir(root())
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr) + &text(output.stdout))
        }
    }

    /// `chart` rendered with further arguments.
    pub(crate) fn render(self, chart: &str, arguments: &[&str]) -> Result<String, String> {
        let fixed = [
            "template",
            RELEASE,
            chart,
            "--namespace",
            NAMESPACE,
            "--kube-version",
            "1.37.0",
        ];
        self.run(&[&fixed, arguments].concat())
    }
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of the profiles.
pub(crate) fn profiles() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(CHART).join("ci"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| {
            name.strip_suffix("-values.yaml")
                .expect("chart-testing finds it")
                .to_owned()
        })
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    names
}

/// The file of a profile, below the repository.
pub(crate) fn profile(name: &str) -> String {
    format!("{CHART}/ci/{name}-values.yaml")
}

/// The objects of the operator's chart with these settings, each as for `--set`.
pub(crate) fn rendered_with(settings: &[&str]) -> Vec<Object> {
    let arguments: Vec<&str> = settings
        .iter()
        .flat_map(|setting| ["--set", setting])
        .collect();
    objects(&Helm::Three.render(CHART, &arguments).unwrap())
}

/// The objects of the operator's chart with a profile's values.
pub(crate) fn rendered(name: &str) -> Vec<Object> {
    objects(
        &Helm::Three
            .render(CHART, &["--values", &profile(name)])
            .unwrap(),
    )
}

/// Compares the file at `path` below the repository with `expected`, or writes it when `UPDATE` is set.
pub(crate) fn assert_generated(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, expected).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let differing = found
        .lines()
        .zip(expected.lines())
        .position(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{path} differs from its source from line {} on; run `make generate`",
        differing.unwrap_or_else(|| found.lines().count().min(expected.lines().count())) + 1
    );
}
