//! Where requests go: through the proxy of the environment, to the hosts of the cloud and nowhere else, and only to who
//! holds a certificate of the authority that is trusted now.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use adx_follower_operator::azure::cloud::{Cloud, CloudName, CloudOverrides};
use adx_follower_operator::azure::credential::CredentialKind;
use adx_follower_operator::azure::transport::HttpTransport;
use kusto_arm_simulator::{Background, Options, Simulator, World};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::azure::{Azure, Proof, TENANT, environment, is_exchange, secret_of, tokens_of, world};
use crate::harness;
use crate::relay::{Front, Proxy};

const HOUR: Duration = Duration::from_hours(1);

/// The hosts and the audience of a cloud, and the arguments that choose it.
struct Region {
    arm: &'static str,
    entra: &'static str,
    audience: &'static str,
    arguments: &'static [&'static str],
}

const REGIONS: [Region; 5] = [
    Region {
        arm: "management.azure.com",
        entra: "login.microsoftonline.com",
        audience: "https://management.azure.com",
        arguments: &[],
    },
    Region {
        arm: "management.usgovcloudapi.net",
        entra: "login.microsoftonline.us",
        audience: "https://management.usgovcloudapi.net",
        arguments: &["--cloud=usgovernment"],
    },
    Region {
        arm: "management.chinacloudapi.cn",
        entra: "login.chinacloudapi.cn",
        audience: "https://management.chinacloudapi.cn",
        arguments: &["--cloud=china"],
    },
    // ARM says where the rest is: here, at the same host.
    Region {
        arm: "arm.region.example",
        entra: "arm.region.example",
        audience: "https://management.region.example",
        arguments: &[
            "--cloud=custom",
            "--arm-endpoint=https://arm.region.example",
        ],
    },
    Region {
        arm: "arm.region.example",
        entra: "entra.region.example",
        audience: "https://tokens.region.example",
        arguments: &[
            "--cloud=custom",
            "--arm-endpoint=https://arm.region.example",
            "--authority-host=https://entra.region.example/",
            "--arm-audience=https://tokens.region.example/",
        ],
    },
];

/// All of Azure at one address, with a certificate for each of its hosts.
fn everywhere(region: &Region, folder: &Path) -> Background {
    let tls = folder.join("tls");
    fs::create_dir(&tls).unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let names: BTreeSet<&str> = [region.arm, region.entra, "127.0.0.1"].into();
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    for (name, text) in [
        ("ca.crt", certificate.pem()),
        ("tls.crt", leaf.pem()),
        ("tls.key", key.serialize_pem()),
    ] {
        fs::write(tls.join(name), text).unwrap();
    }
    let options = Options {
        audiences: vec![region.audience.to_owned()],
        ..tokens_of(HOUR)
    };
    let world = World::from_yaml(&world(&["traveller"]).to_string()).unwrap();
    Background::https(Simulator::new(world, options), &tls).unwrap()
}

/// The real program, which reads one cluster's followers behind this proxy.
async fn followers(azure: &Background, proxy: &Proxy, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adx-follower"));
    command
        .args(["followers", "--no-kubernetes", "--credential=client-secret"])
        .arg(format!("--leader={}", harness::cluster("leader1")))
        .arg(format!(
            "--azure-ca-file={}",
            azure.ca_file().unwrap().display()
        ))
        .args(arguments)
        .env_clear()
        .env("AZURE_TENANT_ID", TENANT)
        .env("AZURE_CLIENT_ID", "traveller")
        .env("AZURE_CLIENT_SECRET", secret_of("traveller"))
        .env("HTTPS_PROXY", proxy.url())
        .env("HTTP_PROXY", proxy.url())
        .stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = ended.await.unwrap();
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        for secret in azure.simulator().secrets().all() {
            assert!(!text.contains(secret), "{text}");
        }
    }
    output
}

fn assert_done(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[tokio::test]
async fn a9_each_cloud_is_asked_at_its_own_hosts_for_its_own_audience_through_the_proxy() {
    for region in &REGIONS {
        let folder = TempDir::new().unwrap();
        let azure = everywhere(region, folder.path());
        let proxy = Proxy::before(azure.address()).await;
        assert_done(&followers(&azure, &proxy, region.arguments).await);

        let Region {
            arm,
            entra,
            audience,
            ..
        } = region;
        let hosts: BTreeSet<String> = proxy.asked().into_iter().collect();
        let expected = [arm, entra].map(|host| format!("CONNECT {host}:443 HTTP/1.1"));
        assert_eq!(hosts, expected.into(), "these hosts and no other");

        let journal = azure.simulator().journal_with_tokens();
        let (exchanges, calls): (Vec<_>, Vec<_>) = journal.iter().partition(|e| is_exchange(e));
        assert_eq!(exchanges.len(), 1);
        assert_eq!(
            exchanges[0].request.url,
            format!("https://{entra}/{TENANT}/oauth2/v2.0/token")
        );
        assert_eq!(
            exchanges[0].request.body["scope"],
            format!("{audience}/.default")
        );
        assert!(!calls.is_empty());
        for call in calls {
            let url = &call.request.url;
            assert!(url.starts_with(&format!("https://{arm}/")), "{url}");
        }
    }
}

#[tokio::test]
async fn a_loopback_address_is_not_asked_for_at_the_proxy() {
    let folder = TempDir::new().unwrap();
    let azure = everywhere(&REGIONS[0], folder.path());
    let proxy = Proxy::before(azure.address()).await;
    let url = azure.url();
    let arguments = [
        format!("--arm-endpoint={url}"),
        format!("--authority-host={url}"),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert_done(&followers(&azure, &proxy, &arguments).await);
    assert_eq!(proxy.asked(), Vec::<String>::new());
    assert!(!azure.simulator().journal().is_empty());
}

/// H2, for Entra as for ARM: the bundle of a mounted `ConfigMap` changes some time before or after the certificates do.
#[tokio::test]
async fn a_rotated_authority_is_trusted_without_a_restart_and_the_old_one_no_more() {
    let azure = Azure::start(&world(&["traveller"]), tokens_of(HOUR));
    let folder = TempDir::new().unwrap();
    let renewed = Background::https(azure.simulator().clone(), folder.path()).unwrap();
    let mut front = Front::before(azure.address()).await;
    let url = front.url();
    let overrides = CloudOverrides {
        endpoint: Some(&url),
        authority_host: Some(&url),
        audience: None,
    };
    let cloud = Cloud::new(CloudName::Public, overrides).unwrap();
    let bundle = azure.file("bundle.crt", &fs::read_to_string(azure.ca_file()).unwrap());
    let transport = HttpTransport::new(Some(&bundle)).unwrap();
    let client = || {
        azure.client_at(
            &cloud,
            CredentialKind::ClientSecret,
            &environment("traveller", Proof::Secret),
            &transport,
        )
    };
    let holder = client();
    azure.look(&holder).await.unwrap();

    front.turn_to(renewed.address());
    assert_eq!(
        azure.refusal(&holder).await.reason,
        "ArmUnavailable",
        "the open connection breaks"
    );
    let (arm, entra) = (azure.refusal(&holder).await, azure.refusal(&client()).await);
    assert_eq!(
        (arm.reason, entra.reason),
        ("ArmUnavailable", "TokenUnavailable")
    );
    for told in [arm, entra] {
        assert!(told.message.contains("certificate"), "{told:?}");
    }

    // The next failure to connect reads the file again.
    azure.file(
        "bundle.crt",
        &fs::read_to_string(renewed.ca_file().unwrap()).unwrap(),
    );
    azure.refusal(&holder).await;
    azure.look(&holder).await.unwrap();
    azure.look(&client()).await.unwrap();

    front.turn_to(azure.address());
    assert_eq!(azure.refusal(&client()).await.reason, "TokenUnavailable");
}
