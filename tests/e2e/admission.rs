//! Every admission rule, refused and accepted by a real API server.

use adx_follower_operator::api::crd_yaml;
use kube::{
    Client,
    api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, PostParams},
};
use serde_json::{Value, json};
use testbed::{ControlPlane, Logs, Tools};

use crate::cases::{Case, cases, policies, policy};

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_accepts_and_refuses_every_example() {
    let tools = Tools::ensure().await.unwrap();
    let logs = Logs::create("admission").unwrap();
    let control_plane = ControlPlane::start(&tools, &logs).await.unwrap();
    control_plane.install_crds(&crd_yaml()).await.unwrap();
    let client = control_plane.client().await.unwrap();
    let resource =
        |kind| ApiResource::from_gvk(&GroupVersionKind::gvk("adx-follower.dev", "v1alpha1", kind));
    let kinds = [
        (
            Api::default_namespaced_with(client.clone(), &resource("AttachedDatabase")),
            cases(),
        ),
        (
            Api::all_with(client.clone(), &resource("AttachmentPolicy")),
            policies(),
        ),
    ];
    let (mut accepted, mut refused) = (0, 0);
    for (api, cases) in kinds {
        for case in cases {
            match case.rejected {
                None => accepted += 1,
                Some(_) => refused += 1,
            }
            check(&api, &case).await;
        }
    }
    columns_say_what_a_policy_allows(&client, &resource("AttachmentPolicy")).await;
    println!("{accepted} examples accepted, {refused} refused");
    assert!(accepted > 0 && refused > 0);
    control_plane.stop().await.unwrap();
    logs.remove().unwrap();
}

async fn check(api: &Api<DynamicObject>, case: &Case) {
    let name = &case.name;
    let result = match &case.old {
        None => api.create(&strict(), &object(&case.object)).await,
        Some(old) => {
            let old = api
                .create(&strict(), &object(old))
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut new = object(&case.object);
            new.metadata
                .resource_version
                .clone_from(&old.metadata.resource_version);
            api.replace(&object_name(&new), &strict(), &new).await
        }
    };
    match (case.rejected, result) {
        (None, Ok(_)) => {}
        (None, Err(error)) => panic!("{name}: must be accepted, but {error}"),
        (Some(part), Ok(_)) => panic!("{name}: must be refused with `{part}`"),
        (Some(part), Err(kube::Error::Api(status))) => {
            assert_eq!(status.code, 422, "{name}: {}", status.message);
            assert!(
                status.message.contains(part),
                "{name}: must say `{part}`, but says: {}",
                status.message
            );
        }
        (Some(_), Err(error)) => panic!("{name}: {error}"),
    }
    // Whatever was created goes, so that the next example finds its name free.
    for left in api.list(&kube::api::ListParams::default()).await.unwrap() {
        api.delete(&object_name(&left), &DeleteParams::default())
            .await
            .unwrap();
    }
}

/// A list or a map in a column is told as JSON: `{}` for every namespace.
async fn columns_say_what_a_policy_allows(client: &Client, resource: &ApiResource) {
    let labels = json!({"matchLabels": {"team": "analytics"}});
    let value = policy(&[("spec.namespaces", labels.clone())]);
    let api: Api<DynamicObject> = Api::all_with(client.clone(), resource);
    api.create(&strict(), &object(&value)).await.unwrap();
    let request = http::Request::get("/apis/adx-follower.dev/v1alpha1/attachmentpolicies")
        .header(
            http::header::ACCEPT,
            "application/json;as=Table;v=v1;g=meta.k8s.io",
        )
        .body(Vec::new())
        .unwrap();
    let table: Value = serde_json::from_str(&client.request_text(request).await.unwrap()).unwrap();
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    let told = |index: usize| -> Value {
        serde_json::from_str(cells[index].as_str().unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", cells[index]))
    };
    assert_eq!(cells[0], "analytics");
    assert_eq!(told(1), labels);
    assert_eq!(told(2), json!(["Union", "None"]));
    assert_eq!(told(4), value["spec"]["followers"]);
    assert_eq!(told(5), value["spec"]["leaders"]);
}

fn strict() -> PostParams {
    PostParams {
        field_manager: Some("admission".into()),
        ..PostParams::default()
    }
}

fn object(value: &Value) -> DynamicObject {
    serde_json::from_value(value.clone()).unwrap()
}

fn object_name(object: &DynamicObject) -> String {
    object.metadata.name.clone().unwrap()
}
