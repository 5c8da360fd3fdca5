//! What `diff` foresees is what the controller does, in a thousand worlds.

use std::collections::BTreeMap;
use std::time::Duration;

use adx_follower_operator::api::AttachedDatabase;
use adx_follower_operator::commands::forecast::{Action, Forecast, Forecaster, Stance};
use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::generated::{Case, case};
use crate::harness::{Harness, condition};
use crate::in_process::arm_client;
use crate::writes;

/// Worlds; fewer only to look into one that fails.
const WORLDS: u64 = 1_000;

/// The first world, and how many, as numbers in these variables.
const SEED: &str = "ADX_FOLLOWER_TEST_SEED";
const COUNT: &str = "ADX_FOLLOWER_TEST_WORLDS";

/// Long enough for a decision and its request, since answers take no time here; too short for a second look.
const A_WHILE: Duration = Duration::from_millis(500);

fn number(variable: &str, otherwise: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(otherwise, |text| text.parse().expect("a number"))
}

/// What the controller did.
#[derive(Debug)]
struct Deed {
    puts: Vec<Option<u16>>,
    reason: Option<String>,
    ownership: Option<String>,
}

async fn foresee(harness: &Harness, case: &Case) -> Forecast {
    let stance = if case.owned {
        Stance::Owned
    } else {
        Stance::Unowned
    };
    let object: AttachedDatabase = serde_json::from_value(case.object.clone()).unwrap();
    let forecaster = Forecaster::new(arm_client(&harness.arm), stance, harness.api.now());
    let forecast = forecaster.forecast(&object).await;
    assert_eq!(
        writes(&harness.arm),
        Vec::<String>::new(),
        "a forecast writes nothing"
    );
    forecast
}

async fn see(harness: &Harness, case: &Case) -> Deed {
    harness.arm.clear_journal();
    let mut object = case.object.clone();
    if case.owned {
        object["metadata"]["finalizers"] = json!(["adx-follower.dev/detach"]);
    }
    harness.api.create(object);
    if case.owned {
        harness.api.edit_status("analytics", "sales", |object| {
            object["status"]["ownership"] = json!("Created");
        });
    }
    harness.pass(A_WHILE).await;
    let object = harness.api.get("analytics", "sales").unwrap();
    let ownership = object["status"]["ownership"].as_str();
    Deed {
        puts: harness
            .calls("PUT")
            .iter()
            .map(kusto_arm_simulator::JournalEntry::status)
            .collect(),
        reason: condition(&object, "Ready").map(|(_, reason)| reason.to_owned()),
        ownership: ownership.map(str::to_owned),
    }
}

/// What is wrong with the forecast.
fn disagreement(forecast: &Forecast, deed: &Deed) -> Option<&'static str> {
    let writes = match forecast.action {
        Action::Attach | Action::Update | Action::AdoptAndUpdate => true,
        Action::Nothing
        | Action::Suspended
        | Action::Adopt
        | Action::Report
        | Action::Wait
        | Action::Blocked
        | Action::Invalid => false,
    };
    let adopts = matches!(forecast.action, Action::Adopt | Action::AdoptAndUpdate);
    let adopted = deed.ownership.as_deref() == Some("Adopted");
    // That a request would be refused can't be foreseen.
    let refused = deed
        .puts
        .first()
        .is_some_and(|status| status.is_none_or(|status| status >= 400));
    if writes == deed.puts.is_empty() {
        Some("a PUT")
    } else if adopts && !adopted && !refused {
        Some("ownership")
    } else if forecast.action == Action::Suspended {
        deed.reason.is_some().then_some("suspended")
    } else if !refused && deed.reason.as_ref() != Some(&forecast.reason) {
        Some("the reason")
    } else {
        None
    }
}

#[tokio::test(start_paused = true)]
async fn diff_and_the_controller_agree() {
    let first = number(SEED, 0);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for seed in first..first + number(COUNT, WORLDS) {
        let mut case = case(seed);
        let harness = Harness::start_with(&case.world, std::mem::take(&mut case.options));
        for fault in &case.faults {
            harness.arm.arm_fault(fault.clone()).unwrap();
        }
        let forecast = foresee(&harness, &case).await;
        let deed = see(&harness, &case).await;
        harness.kill();
        if let Some(what) = disagreement(&forecast, &deed) {
            panic!(
                "{SEED}={seed}: {what}\n{forecast:#?}\n{deed:#?}\nowned {}\n{:#}\n{:#}\n{:?}",
                case.owned, case.object, case.world, case.faults
            );
        }
        let label = format!("{:?} {}", forecast.action, forecast.reason);
        *seen.entry(label).or_default() += 1;
    }
    if first == 0 && number(COUNT, WORLDS) == WORLDS {
        assert!(seen.len() >= 25, "the worlds are too much alike: {seen:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_forecast_of_many_objects_reads_each_cluster_once() {
    let harness = Harness::start_with(&crate::harness::world(), Options::default());
    let forecaster = Forecaster::new(arm_client(&harness.arm), Stance::Owned, harness.api.now());
    for number in 0..20 {
        let mut object: Value = crate::harness::attached_database(&format!("sales-{number}"));
        object["spec"]["databaseNameOverride"] = json!(format!("Sales{number}"));
        let object = serde_json::from_value(object).unwrap();
        assert_eq!(forecaster.forecast(&object).await.action, Action::Attach);
    }
    // Two clusters, two lists; and of the leader its one database for each object.
    assert_eq!(harness.arm.journal().len(), 4 + 20);
}
