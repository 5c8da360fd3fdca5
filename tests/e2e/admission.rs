//! Every admission rule, refused and accepted by a real API server.

use adx_follower_operator::api::crd_yaml;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, PostParams};
use serde_json::Value;
use testbed::{ControlPlane, Logs, Tools};

use crate::cases::{Case, cases};

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_accepts_and_refuses_every_example() {
    let tools = Tools::ensure().await.unwrap();
    let logs = Logs::create("admission").unwrap();
    let control_plane = ControlPlane::start(&tools, &logs).await.unwrap();
    control_plane.install_crds(&crd_yaml()).await.unwrap();
    let kind = GroupVersionKind::gvk("adx-follower.dev", "v1alpha1", "AttachedDatabase");
    let resource = ApiResource::from_gvk(&kind);
    let api = Api::default_namespaced_with(control_plane.client().await.unwrap(), &resource);

    let (mut accepted, mut refused) = (0, 0);
    for case in cases() {
        match case.rejected {
            None => accepted += 1,
            Some(_) => refused += 1,
        }
        check(&api, &case).await;
    }
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
