//! Namespaces, service accounts and policies: who keeps them, and how much of them is shown.

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::PartialObjectMeta;
use serde_json::{Value, json};

use super::api_server::{FakeApi, Kind, Verb};
use super::{code, merge, no_params, objects, policies};

const NAME_LABEL: &str = "kubernetes.io/metadata.name";

fn names<K: ResourceExt>(objects: &[K]) -> Vec<String> {
    objects.iter().map(ResourceExt::name_any).collect()
}

/// The answer to a GET, as it is on the wire.
async fn raw(server: &FakeApi, path: &str, accept: &str) -> Result<Value, kube::Error> {
    let request = http::Request::get(path)
        .header(http::header::ACCEPT, accept)
        .body(Vec::new())
        .unwrap();
    server.client().request(request).await
}

#[tokio::test(start_paused = true)]
async fn three_namespaces_are_there_and_each_keeps_the_label_of_its_name() {
    let server = FakeApi::new();
    let namespaces = Api::<Namespace>::all(server.client());
    let first = namespaces.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(names(&first), ["analytics", "default", "other"]);
    assert!(
        first
            .iter()
            .all(|namespace| namespace.labels()[NAME_LABEL] == namespace.name_any())
    );

    server.create_namespace("team", &[("tier", "gold")]);
    server.label_namespace("team", "tenant", "a");
    server.label_namespace("team", NAME_LABEL, "analytics");
    server.unlabel_namespace("team", "tier");
    server.unlabel_namespace("analytics", NAME_LABEL);
    let team = namespaces.get("team").await.unwrap();
    let labels: Vec<_> = team.labels().iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(labels, [(NAME_LABEL, "team"), ("tenant", "a")]);
    assert_eq!(team.metadata.generation, None);
    assert_eq!(
        names(
            &namespaces
                .list(&ListParams::default().labels("kubernetes.io/metadata.name=analytics"))
                .await
                .unwrap()
                .items
        ),
        ["analytics"]
    );

    server.delete_namespace("team");
    assert!(namespaces.get_opt("team").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn service_accounts_are_of_a_namespace_and_changed_by_somebody_else() {
    let server = FakeApi::new();
    server.create_service_account("analytics", "adx", &[("a", "1")]);
    server.create_service_account("other", "adx", &[]);
    let everywhere = Api::<ServiceAccount>::all(server.client());
    let accounts = Api::<ServiceAccount>::namespaced(server.client(), "analytics");
    let params = ListParams::default();
    assert_eq!(everywhere.list(&params).await.unwrap().items.len(), 2);
    assert_eq!(accounts.list(&params).await.unwrap().items.len(), 1);

    server.annotate_service_account("analytics", "adx", "b", "2");
    server.edit_service_account("analytics", "adx", |account| {
        account["metadata"]["annotations"]
            .as_object_mut()
            .unwrap()
            .remove("a");
    });
    let account = accounts.get("adx").await.unwrap();
    assert_eq!(account.annotations().len(), 1);
    assert_eq!(account.annotations()["b"], "2");

    server.delete_service_account("analytics", "adx");
    assert!(accounts.get_opt("adx").await.unwrap().is_none());
    server.create_service_account("analytics", "adx", &[]);
    assert_ne!(
        accounts.get("adx").await.unwrap().uid(),
        account.uid(),
        "another account of the same name"
    );
    assert_eq!(
        (
            server.count_on(Kind::ServiceAccount, Verb::List),
            server.count_on(Kind::ServiceAccount, Verb::Get)
        ),
        (2, 3)
    );
    assert_eq!((server.count(Verb::List), server.count(Verb::Get)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn policies_are_served_cluster_wide_while_their_crd_is_installed() {
    let server = FakeApi::new();
    let policies = policies(server.client());
    server.create_policy("analytics", json!({"namespaces": {}, "leaders": []}));
    server.edit_policy("analytics", |policy| {
        policy["spec"]["followers"] = json!(["/subscriptions/a"]);
    });
    let policy = policies.get("analytics").await.unwrap();
    assert_eq!(policy.metadata.generation, Some(2));
    assert_eq!(policy.metadata.namespace, None);
    assert_eq!(
        policy.data["spec"]["principalsModificationKinds"],
        json!(["Union", "None"]),
        "the default of the CRD"
    );
    assert_eq!(
        policy.data["spec"]["followers"],
        json!(["/subscriptions/a"])
    );

    let status = merge(json!({"status": {"ready": true}}));
    let refused = policies
        .patch_status("analytics", &no_params(), &status)
        .await;
    assert_eq!(code(&refused.unwrap_err()), 404, "there is no status");

    server.remove_policy_crd();
    let params = ListParams::default();
    assert_eq!(code(&policies.list(&params).await.unwrap_err()), 404);
    assert!(objects(server.client()).list(&params).await.is_ok());

    let server = FakeApi::new();
    let policies = super::policies(server.client());
    server.remove_crd();
    server.create_policy("analytics", json!({}));
    assert!(policies.get("analytics").await.is_ok());
    server.delete_policy("analytics");
    assert!(policies.get_opt("analytics").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn metadata_can_be_had_without_the_rest() {
    let server = FakeApi::new();
    server.create(super::object("sales"));
    server.create_policy("analytics", json!({"namespaces": {}}));
    server.create_service_account("analytics", "adx", &[("a", "1")]);
    let partial = ("meta.k8s.io/v1", "PartialObjectMetadata");

    let namespaces = Api::<Namespace>::all(server.client());
    let accounts = Api::<ServiceAccount>::namespaced(server.client(), "analytics");
    let types = [
        namespaces.get_metadata("other").await.unwrap().types,
        accounts.get_metadata("adx").await.unwrap().types,
        policies(server.client())
            .get_metadata("analytics")
            .await
            .unwrap()
            .types,
        objects(server.client())
            .get_metadata("sales")
            .await
            .unwrap()
            .types,
    ];
    for types in types.map(Option::unwrap) {
        assert_eq!((&*types.api_version, &*types.kind), partial);
    }
    let absent = accounts.get_metadata("gone").await;
    assert_eq!(code(&absent.unwrap_err()), 404);

    let listed = Api::<PartialObjectMeta<ServiceAccount>>::all(server.client())
        .list(&ListParams::default().fields("metadata.name=adx"))
        .await
        .unwrap();
    assert_eq!(names(&listed.items), ["adx"]);
    assert_eq!(listed.items[0].annotations()["a"], "1");
}

#[tokio::test(start_paused = true)]
async fn on_the_wire_metadata_is_all_there_is_and_a_wrong_form_is_refused() {
    let server = FakeApi::new();
    let one = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let many = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json";
    let fields =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };

    let namespace = raw(&server, "/api/v1/namespaces/other", one).await.unwrap();
    assert_eq!(fields(&namespace), ["apiVersion", "kind", "metadata"]);
    let whole = raw(&server, "/api/v1/namespaces/other", "application/json")
        .await
        .unwrap();
    assert_eq!(whole["kind"], "Namespace");
    assert_eq!(whole["status"]["phase"], "Active");
    assert_eq!(whole["metadata"], namespace["metadata"]);

    let list = raw(&server, "/api/v1/namespaces", many).await.unwrap();
    assert_eq!(list["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    for item in list["items"].as_array().unwrap() {
        assert_eq!(fields(item), ["apiVersion", "kind", "metadata"]);
        assert_eq!(item["kind"], "PartialObjectMetadata");
    }
    let list = raw(&server, "/api/v1/namespaces", "").await.unwrap();
    assert_eq!(list["kind"], "NamespaceList");
    assert_eq!(fields(&list["items"][0]), ["metadata", "spec", "status"]);

    for (path, accept) in [
        ("/api/v1/namespaces", one),
        ("/api/v1/namespaces/other", many),
        ("/api/v1/namespaces?watch=true", many),
    ] {
        let refused = raw(&server, path, accept).await;
        assert_eq!(code(&refused.unwrap_err()), 406, "{path}");
    }
    for path in [
        "/api/v1/serviceaccounts/adx",
        "/api/v1/namespaces/other/secrets",
        "/api/v1/namespaces/other/token",
        "/api/v2/namespaces",
    ] {
        let refused = raw(&server, path, "").await;
        assert_eq!(code(&refused.unwrap_err()), 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn clients_may_write_them_and_see_as_much_as_they_ask_for() {
    let server = FakeApi::new();
    let accounts = Api::<ServiceAccount>::namespaced(server.client(), "analytics");
    let mut account = ServiceAccount::default();
    account.metadata.name = Some("adx".to_owned());
    let params = PostParams::default();
    accounts.create(&params, &account).await.unwrap();
    assert_eq!(
        code(&accounts.create(&params, &account).await.unwrap_err()),
        409
    );
    let patch = merge(json!({"metadata": {"annotations": {"a": "1"}}}));
    let patched = accounts
        .patch_metadata("adx", &no_params(), &patch)
        .await
        .unwrap();
    assert_eq!(patched.types.unwrap().kind, "PartialObjectMetadata");
    assert_eq!(patched.metadata.annotations.unwrap()["a"], "1");
    accounts
        .delete("adx", &DeleteParams::default())
        .await
        .unwrap();
    for (verb, times) in [(Verb::Create, 2), (Verb::Patch, 1), (Verb::Delete, 1)] {
        assert_eq!(server.count_on(Kind::ServiceAccount, verb), times);
        assert_eq!(server.count(verb), 0, "{verb:?} means AttachedDatabase");
    }
    assert_eq!(server.writes(), 0);

    let policy: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachmentPolicy", "metadata": {"name": "open"},
    }))
    .unwrap();
    let policies = policies(server.client());
    policies.create(&params, &policy).await.unwrap();
    assert_eq!(server.count_on(Kind::AttachmentPolicy, Verb::Create), 1);
}
