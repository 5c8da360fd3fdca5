//! Which addresses get a token, and which never do.

use proptest::prelude::*;

use super::*;

#[test]
fn each_cloud_has_its_addresses() {
    let cases = [
        (
            "public",
            "https://management.azure.com",
            "https://login.microsoftonline.com",
        ),
        (
            "usgovernment",
            "https://management.usgovcloudapi.net",
            "https://login.microsoftonline.us",
        ),
        (
            "China",
            "https://management.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
        ),
    ];
    for (name, arm, entra) in cases {
        let cloud = Cloud::new(name.parse().unwrap(), CloudOverrides::default()).unwrap();
        assert_eq!(cloud.endpoint.to_string(), arm);
        assert_eq!(cloud.authority_host, entra);
        assert_eq!(cloud.scope(), format!("{arm}/.default"));
    }
    assert_eq!(
        "azure".parse::<CloudName>().unwrap_err().to_string(),
        "`azure` must be public, usgovernment or china"
    );
}

#[test]
fn a_replaced_endpoint_keeps_the_clouds_audience() {
    let overrides = CloudOverrides {
        endpoint: Some("http://127.0.0.1:8090/"),
        ..CloudOverrides::default()
    };
    let cloud = Cloud::new(CloudName::Public, overrides).unwrap();
    assert_eq!(cloud.endpoint.to_string(), "http://127.0.0.1:8090");
    assert_eq!(cloud.audience, "https://management.azure.com");
}

#[test]
fn a_wrong_audience_is_refused() {
    for audience in ["", "management.azure.com", "https://", "https://a b"] {
        let overrides = CloudOverrides {
            audience: Some(audience),
            ..CloudOverrides::default()
        };
        assert!(
            matches!(
                Cloud::new(CloudName::Public, overrides),
                Err(CloudError::Audience(_))
            ),
            "{audience:?}"
        );
    }
}

#[test]
fn addresses_are_kept_in_one_spelling() {
    let cases = [
        (
            "https://Management.Azure.com/",
            "https://management.azure.com",
        ),
        (
            "https://management.azure.com:443",
            "https://management.azure.com",
        ),
        ("HTTPS://host:8443", "https://host:8443"),
        ("http://127.9.9.9:80", "http://127.9.9.9"),
        ("http://[::1]:8090", "http://[::1]:8090"),
        ("http://localhost:1", "http://localhost:1"),
    ];
    for (raw, expected) in cases {
        assert_eq!(Endpoint::parse(raw).unwrap().to_string(), expected, "{raw}");
    }
}

#[test]
fn plain_http_is_for_loopback_alone() {
    for raw in [
        "http://management.azure.com",
        "http://10.0.0.1:80",
        "http://127.0.0.1.evil.test",
        "http://[::2]",
    ] {
        assert_eq!(Endpoint::parse(raw), Err(CloudError::Plain(raw.to_owned())));
    }
}

#[test]
fn anything_but_scheme_host_and_port_is_refused() {
    let cases = [
        "",
        "management.azure.com",
        "/subscriptions",
        "ftp://host",
        "https://",
        "https://host/path",
        "https://host?x=1",
        "https://host/#x",
        "https://user@host",
        "https://user:secret@host",
        "https://host:",
        "https://host:99999",
        "https://host:x",
        "https://ho st",
        "https://host//",
    ];
    for raw in cases {
        assert!(
            matches!(Endpoint::parse(raw), Err(CloudError::Endpoint(_))),
            "{raw:?} was accepted"
        );
    }
}

proptest! {
    #[test]
    fn what_is_accepted_reads_back_as_itself(raw in "(https|http)://[a-z0-9.:@\\[\\]/?#-]{0,30}") {
        if let Ok(endpoint) = Endpoint::parse(&raw) {
            prop_assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint.clone()));
            prop_assert!(!endpoint.is_plain() || endpoint.is_loopback());
        }
    }
}
