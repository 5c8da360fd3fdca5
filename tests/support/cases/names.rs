//! Examples of ids, names and other texts.

use serde_json::json;

use super::{Case, SUBSCRIPTION, accept, reject, values};

pub(super) fn cluster_ids(field: &'static str, malformed: &'static str) -> Vec<Case> {
    let id = |group: &str, cluster: &str| {
        format!(
            "{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Kusto/clusters/{cluster}"
        )
    };
    let good = id("rg", "cluster9");
    let accepted = [
        good.clone(),
        good.to_uppercase(),
        good.to_lowercase(),
        id("-A.b_(c)-", "abcd"),
        id(&"g".repeat(90), &"c".repeat(22)),
    ];
    let rejected = [
        String::new(),
        "cluster9".to_owned(),
        "https://cluster9.westeurope.kusto.windows.net".to_owned(),
        format!("{good}/"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{good}/databases/Sales"),
        format!("{good}?api-version=1"),
        good.replacen('/', "//", 1),
        good.replace("11111111-2222", "my-subscription"),
        good.replace("Kusto", "\u{212a}usto"),
        good.replace("Kusto", "Storage"),
        good.replace("Microsoft.", "MicrosoftX"),
        id("..", "cluster9"),
        id("group.", "cluster9"),
        id("a%2Fb", "cluster9"),
        id(&"g".repeat(91), "cluster9"),
        id("rg", "abc"),
        id("rg", &"c".repeat(23)),
        id("rg", "9cluster"),
        id("rg", "a_cluster"),
        id("rg", ".."),
        "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Kusto/clusters/CLUSTER".to_owned(),
    ];
    let accepted: Vec<&str> = accepted.iter().map(String::as_str).collect();
    let mut rejected: Vec<(&str, _)> = rejected
        .iter()
        .map(|value| (value.as_str(), malformed))
        .collect();
    let long = "x".repeat(257);
    rejected.push((&long, "Too long"));
    values(field, &accepted, &rejected)
}

pub(super) fn names() -> Vec<Case> {
    [
        database_names(),
        configuration_names(),
        account_names(),
        intervals(),
    ]
    .concat()
}

fn long(size: usize) -> String {
    "n".repeat(size)
}

fn database_names() -> Vec<Case> {
    const DATABASE: &str = "`leader.databaseName` must be";
    const OVERRIDE: &str = "`databaseNameOverride` must be 1 to 260";
    const PREFIX: &str = "`databaseNamePrefix` must be 1 to 259";
    let (longest, too_long) = (long(260), long(261));
    [
        values(
            "leader.databaseName",
            &["*", "Sales", "a", "My db-1.x_y", "_", "-", &longest],
            &[
                ("", DATABASE),
                (" ", DATABASE),
                (".", DATABASE),
                ("..", DATABASE),
                ("**", DATABASE),
                ("Sales*", DATABASE),
                ("a/b", DATABASE),
                ("a\nb", DATABASE),
                ("Verkäufe", DATABASE),
                (&too_long, "Too long"),
            ],
        ),
        values(
            "databaseNameOverride",
            &["SalesRO", "a", "My db-1.x_y", &longest],
            &[
                ("", OVERRIDE),
                ("..", OVERRIDE),
                ("*", OVERRIDE),
                ("a/b", OVERRIDE),
                (&too_long, "Too long"),
            ],
        ),
        values(
            "databaseNamePrefix",
            &["eu_", ".", "e u-"],
            &[
                ("", PREFIX),
                ("*", PREFIX),
                ("eu/", PREFIX),
                (&longest, "Too long"),
            ],
        ),
    ]
    .concat()
}

fn configuration_names() -> Vec<Case> {
    const CONFIGURATION: &str = "`configurationName` must be 1 to 40";
    const OBJECT: &str = "`metadata.name` must have at most 40 characters";
    let (longest, too_long) = (long(40), long(41));
    let mut cases = values(
        "configurationName",
        &["sales", "S", "My config-1.x_y", "_a", "a.", &longest],
        &[
            ("", CONFIGURATION),
            (".", CONFIGURATION),
            ("..", CONFIGURATION),
            (".a", CONFIGURATION),
            (" a", CONFIGURATION),
            ("a ", CONFIGURATION),
            ("a/b", CONFIGURATION),
            ("a?b", CONFIGURATION),
            ("a%2Fb", CONFIGURATION),
            (&too_long, "Too long"),
        ],
    );
    cases.extend([
        accept(
            "an object name of 40 characters names the configuration",
            &[("metadata.name", json!(longest))],
        ),
        reject(
            "an object name of 41 characters is too long for a configuration",
            OBJECT,
            &[("metadata.name", json!(too_long))],
        ),
        accept(
            "an object name may be longer when the configuration has its own",
            &[
                ("metadata.name", json!(too_long)),
                ("spec.configurationName", json!("sales")),
            ],
        ),
    ]);
    cases
}

fn account_names() -> Vec<Case> {
    const ACCOUNT: &str = "`serviceAccountName` must be";
    let (longest, too_long) = (long(253), long(254));
    values(
        "serviceAccountName",
        &["adx", "analytics-adx", "a.b-c.d0", &longest],
        &[
            ("", ACCOUNT),
            ("Adx", ACCOUNT),
            ("a_b", ACCOUNT),
            ("-a", ACCOUNT),
            ("a-", ACCOUNT),
            ("a..b", ACCOUNT),
            ("other/adx", ACCOUNT),
            (&too_long, "Too long"),
        ],
    )
}

fn intervals() -> Vec<Case> {
    const INTERVAL: &str = "`interval` must be a duration from 1s to 24h";
    values(
        "interval",
        &[
            "1s",
            "1000ms",
            "90s",
            "10m",
            "1h30m",
            "1h0m0s",
            "1.5s",
            "24h",
            "23h59m59.999s",
        ],
        &[
            ("", INTERVAL),
            ("10", INTERVAL),
            ("0s", INTERVAL),
            ("999ms", INTERVAL),
            ("24h1ms", INTERVAL),
            ("-10m", INTERVAL),
            ("1d", INTERVAL),
            ("10 m", INTERVAL),
            ("PT10M", INTERVAL),
            ("99999h99999h99999h99999h", INTERVAL),
            ("1111111111111111111111s", INTERVAL),
            ("1s1s1s1s1s1s1s1s1s1s1s1s1s", "Too long"),
        ],
    )
}
