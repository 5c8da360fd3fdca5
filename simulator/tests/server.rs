//! The program itself: arguments, exit codes, sockets, TLS, journal file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const FOLLOWER: &str =
    "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";
const WORLD: &str = "\
clusters:
- {id: /subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1, location: West Europe, databases: [{name: Sales}]}
- {id: /subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1, location: West Europe}
";

struct Program {
    child: Child,
    url: String,
    directory: TempDir,
}

impl Program {
    /// Starts the program on a free port and reads its address from the line that it prints.
    async fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let world = directory.path().join("world.yaml");
        std::fs::write(&world, WORLD).unwrap();
        let mut child = program()
            .args([
                "--listen",
                "127.0.0.1:0",
                "--operation-duration",
                "100ms",
                "--world",
            ])
            .arg(&world)
            .args(arguments)
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .await
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line:?}"))
            .to_owned();
        Self {
            child,
            url,
            directory,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    async fn stop(&mut self, signal: &str) -> ExitStatus {
        let pid = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .await
                .unwrap()
                .success()
        );
        self.child.wait().await.unwrap()
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kusto-arm-simulator"));
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

async fn get(client: &reqwest::Client, url: &str, token: Option<&str>) -> (u16, Value) {
    let mut request = client.get(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = request.send().await.unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null),
    )
}

async fn token(client: &reqwest::Client, url: &str) -> String {
    let url = format!(
        "{url}/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com"
    );
    let answer = client
        .get(url)
        .header("metadata", "true")
        .send()
        .await
        .unwrap();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

fn certificates_of(path: &Path) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(&std::fs::read(path).unwrap()).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([ca])
        .no_proxy()
        .build()
        .unwrap()
}

fn plain() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = program()
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .await
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[tokio::test]
async fn it_says_where_it_listens_and_signals_end_it_with_0() {
    for signal in ["-TERM", "-INT"] {
        let mut program = Program::start(&[]).await;
        let client = plain();
        let url = format!("{}{FOLLOWER}?api-version=2024-04-13", program.url);
        let (status, body) = get(&client, &url, None).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (401, &json!("AuthenticationFailed"))
        );
        let token = token(&client, &program.url).await;
        let (status, body) = get(&client, &url, Some(&token)).await;
        assert_eq!(
            (status, &body["properties"]["state"]),
            (200, &json!("Running"))
        );
        assert_eq!(program.stop(signal).await.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_2_and_what_cannot_be_used_is_1() {
    let running = Program::start(&[]).await;
    let directory = tempfile::tempdir().unwrap();
    let wrong = directory.path().join("wrong.yaml");
    std::fs::write(&wrong, "clusters:\n- {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Kusto/clusters/c}\n").unwrap();
    let broken = directory.path().join("broken.yaml");
    std::fs::write(&broken, "clusters: [").unwrap();
    let half = directory.path().join("half");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("tls.crt"), "").unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    for (arguments, code, message) in [
        (vec!["--listne".to_owned()], 2, "--listne"),
        (
            vec!["--listen".to_owned(), "0.0.0.0:0".to_owned()],
            2,
            "must be a loopback address",
        ),
        (
            vec!["--listen".to_owned(), running.address().to_owned()],
            1,
            "cannot listen on 127.0.0.1:",
        ),
        (
            vec![
                "--world".to_owned(),
                text(&directory.path().join("none.yaml")),
            ],
            1,
            "cannot read the world file",
        ),
        (
            vec!["--world".to_owned(), text(&wrong)],
            1,
            "`clusters[0].location` must be given",
        ),
        (
            vec!["--world".to_owned(), text(&broken)],
            1,
            "not valid YAML",
        ),
        (
            vec!["--tls-dir".to_owned(), text(&half)],
            1,
            "must hold both tls.crt and tls.key",
        ),
        (
            vec!["--journal".to_owned(), text(directory.path())],
            1,
            "cannot write the journal",
        ),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (found, error) = refused(&arguments).await;
        assert_eq!(found, Some(code), "{arguments:?}: {error}");
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}

#[tokio::test]
async fn https_with_a_made_ca_and_poll_urls_of_the_same_scheme() {
    let mut program = Program::start(&["--tls-dir", "tls"]).await;
    assert!(
        program.url.starts_with("https://127.0.0.1:"),
        "{}",
        program.url
    );
    let client = certificates_of(&program.file("tls/ca.crt"));
    let token = token(&client, &program.url).await;
    let body = json!({"properties": {
        "databaseName": "*", "clusterResourceId": FOLLOWER.replace("follower1", "leader1"), "defaultPrincipalsModificationKind": "Union",
    }});
    let url = format!(
        "{}{FOLLOWER}/attachedDatabaseConfigurations/a?api-version=2024-04-13",
        program.url
    );
    let answer = client
        .put(&url)
        .header("authorization", format!("Bearer {token}"))
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    let poll = answer.headers()["azure-asyncoperation"].to_str().unwrap();
    assert!(poll.starts_with(&program.url), "{poll}");
    assert_eq!(get(&client, poll, Some(&token)).await.0, 200);
    assert_eq!(program.stop("-TERM").await.code(), Some(0));

    // A second start takes the certificate that is there.
    let directory = program.file("tls");
    let again = Program::start(&["--tls-dir", directory.to_str().unwrap()]).await;
    assert_eq!(
        get(&client, &format!("{}/_sim/health", again.url), None)
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn the_journal_file_has_a_line_for_each_arm_call() {
    let mut program = Program::start(&["--journal", "calls.jsonl"]).await;
    let client = plain();
    let token = token(&client, &program.url).await;
    let url = format!("{}{FOLLOWER}?api-version=2024-04-13", program.url);
    get(&client, &url, Some(&token)).await;
    get(&client, &url, None).await;
    program.stop("-TERM").await;
    let text = std::fs::read_to_string(program.file("calls.jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let statuses: Vec<&Value> = lines
        .iter()
        .map(|line| &line["liveResponse"]["statusCode"])
        .collect();
    assert_eq!(statuses, [&json!(200), &json!(401)]);
    assert_eq!(lines[0]["liveRequest"]["url"], json!(url));
    assert!(!text.contains(&token));
}

/// Sends one request on a bare socket and reads to the end.
async fn raw(program: &Program, path: &str) -> (std::io::Result<usize>, String) {
    let mut stream = TcpStream::connect(program.address()).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        program.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    (end, String::from_utf8_lossy(&bytes).into_owned())
}

async fn arm(program: &Program, act: Value) {
    let fault = json!({"match": {"path": "/metadata/endpoints"}, "act": act});
    let answer = plain()
        .post(format!("{}/_sim/faults", program.url))
        .body(fault.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 201);
}

#[tokio::test]
async fn a_reset_is_a_real_one_and_a_truncated_body_ends_the_connection() {
    let program = Program::start(&[]).await;
    arm(&program, json!({"reset": true})).await;
    let (end, text) = raw(&program, "/metadata/endpoints").await;
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(text, "");

    arm(&program, json!({"truncate": 10})).await;
    let (_, text) = raw(&program, "/metadata/endpoints").await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length: usize = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .and_then(|length| length.parse().ok())
        .unwrap();
    assert!(length > 100, "{head}");
    assert_eq!(body.len(), 10);

    let (end, text) = raw(&program, "/metadata/endpoints").await;
    assert!(end.is_ok() && text.starts_with("HTTP/1.1 200"), "{text}");
}
