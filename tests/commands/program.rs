//! The program itself, with the simulator on a port of this machine: arguments, exit codes, one line for an error.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use kusto_arm_simulator::{Options, Simulator, World, serve};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::harness::{attached_database, cluster, configuration, world};

struct Stage {
    url: String,
    folder: TempDir,
    server: JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Stage {
    async fn new() -> Self {
        let mut world = world();
        world["configurations"] = json!([{
            "id": configuration("follower1", "sales"),
            "properties": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"},
        }]);
        let options = Options {
            operation_duration: Duration::from_millis(200),
            ..Options::default()
        };
        let simulator = Simulator::new(World::from_yaml(&world.to_string()).unwrap(), options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            folder: TempDir::new().unwrap(),
            server: tokio::spawn(serve(simulator, listener, std::future::pending())),
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_adx-follower"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("ADX_FOLLOWER_ARM_ENDPOINT", &self.url)
            .env("ADX_FOLLOWER_CREDENTIAL", "managed-identity")
            .env("IDENTITY_ENDPOINT", format!("{}/msi/token", self.url))
            .env("IDENTITY_HEADER", "testbed")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exit_codes_are_those_of_the_documentation() {
    let stage = Stage::new().await;
    let mut changed = attached_database("sales");
    changed["spec"]["databaseNamePrefix"] = json!("eu_");
    let mut lost = attached_database("sales");
    lost["spec"]["follower"]["clusterResourceId"] = json!(cluster("follower9"));
    for (name, object) in [
        ("same.json", attached_database("sales")),
        ("changed.json", changed),
        ("lost.json", lost),
    ] {
        fs::write(stage.folder.path().join(name), object.to_string()).unwrap();
    }
    let (leader, follower, other) = (
        cluster("leader1"),
        cluster("follower1"),
        cluster("follower9"),
    );
    let target = format!("{follower}/sales");
    for (arguments, code) in [
        (&["diff", "same.json"][..], 0),
        (&["diff", "changed.json"], 10),
        (&["diff", "changed.json", "lost.json"], 1),
        (&["diff", "absent.json"], 1),
        (&["diff"], 2),
        (
            &["diff", "same.json", "--arm-endpoint", "http://example.com"],
            2,
        ),
        (&["import", "--cluster", &follower], 0),
        (&["import", "--cluster", &other], 1),
        (&["import", "--cluster", "follower1"], 2),
        (&["import", "--cluster", &follower, "-n", "Team"], 2),
        (&["import", "--cluster", &follower, "--file", "x"], 2),
        (&["import"], 2),
        (&["import", "--file", "absent.json"], 1),
        (&["followers", "--leader", &leader, "--no-kubernetes"], 0),
        (&["followers", "--leader", &leader], 0),
        (&["followers", "--leader", &other, "--no-kubernetes"], 1),
        (&["followers", "--leader", "x"], 2),
        (&["followers", "--leader", &leader, "--yes"], 2),
        (
            &[
                "followers",
                "--leader",
                &leader,
                "--no-kubernetes",
                "--detach",
                &target,
            ],
            2,
        ),
        (
            &[
                "followers",
                "--leader",
                &leader,
                "--no-kubernetes",
                "--detach",
                &target,
                "--yes",
            ],
            0,
        ),
        (&["diff", "same.json"], 10),
        // Nobody says how to reach Kubernetes.
        (&["doctor"], 1),
        (&["doctor", "sales", "-n", "analytics", "-o", "json"], 1),
        (&["doctor", "-A", "sales"], 2),
        (&["doctor", "-A", "-n", "analytics"], 2),
        (&["doctor", "sales", "stock"], 2),
        (&["doctor", "Sales"], 2),
        (&["doctor", "a/b"], 2),
        (&["doctor", "-n", "Team"], 2),
        (&["doctor", "-o", "yaml"], 2),
        (
            &["doctor", "--allow-all", "--default-service-account", "a"],
            2,
        ),
        (&["doctor", "--arm-api-version", "latest"], 2),
    ] {
        let output = stage.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        if code == 1 && !["diff", "doctor"].contains(&arguments[0]) {
            let line = text(&output.stderr);
            assert!(
                line.starts_with("error: ") && line.lines().count() == 1,
                "{line}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_import_prints_is_what_diff_calls_as_declared() {
    let stage = Stage::new().await;
    let imported = stage.run(&[
        "import",
        "--cluster",
        &cluster("follower1"),
        "-n",
        "analytics",
    ]);
    fs::write(stage.folder.path().join("a.yaml"), &imported.stdout).unwrap();
    let output = stage.run(&["diff", "a.yaml", "--unowned", "-o", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let entries: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(entries[0]["action"], "adopt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tells_what_it_can_without_kubernetes() {
    let stage = Stage::new().await;
    let output = stage.run(&["doctor"]);
    let told = text(&output.stdout);
    for line in [
        "fail  kubernetes: cannot find out how to connect to Kubernetes",
        "skip  crd: needs `kubernetes`\n",
        "ok    credential: managed-identity, as `--credential` says\n",
        "ok    token: got one: the machine's managed identity",
        &format!("ok    arm: {} answers\n", stage.url),
        "skip  objects: needs `kubernetes`\n",
        "\n# kubernetes\nkubectl config get-contexts\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert_eq!(text(&output.stderr), "");
}
