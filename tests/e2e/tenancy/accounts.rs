//! ServiceAccounts that change under objects which use them.

use std::time::Duration;

use serde_json::json;

use super::teams::{OWN, Teams};
use super::witness::{OPERATOR, TEAM_A, TEAM_B};
use super::world::{object, with};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_changes_opens_no_door() {
    let mut teams = Teams::settle("tenancy-accounts", Duration::from_millis(500)).await;
    let own = teams.configurations().await;
    let web = ("team-b", "web");

    for (name, client_id) in [
        ("the annotation names the other team", TEAM_A),
        ("the annotation names the operator", OPERATOR),
    ] {
        teams
            .way(name, async || {
                teams.annotate_account(("team-b", "adx"), client_id).await;
                teams
                    .until_refused(web, "FederatedCredentialNotFound")
                    .await;
            })
            .await;
        teams.annotate_account(("team-b", "adx"), TEAM_B).await;
        teams.until_ready(web).await;
    }

    teams
        .way(
            "the account is deleted while its object is Ready",
            async || {
                teams.delete_account(("team-b", "adx")).await;
                teams.edit_in_portal("follower-b", "web").await;
                teams.still_refused(web, "ServiceAccountNotFound").await;
                assert!(teams.is_edited("follower-b", "web").await, "repaired");
            },
        )
        .await;
    teams
        .way("the account has another name from now on", async || {
            teams.make_account(("team-b", "renamed"), TEAM_B).await;
            let renamed = json!({"spec": {"serviceAccountName": "renamed"}});
            teams.patch(web, &renamed).await;
            teams
                .until_refused(web, "FederatedCredentialNotFound")
                .await;
        })
        .await;
    teams
        .way("the operator starts anew meanwhile", async || {})
        .await;
    teams.stage.kill_operator().await;
    teams.start_operator().await;
    teams
        .way("the operator has started anew", async || {
            teams
                .still_refused(web, "FederatedCredentialNotFound")
                .await;
            assert!(teams.is_edited("follower-b", "web").await, "repaired");
        })
        .await;
    teams
        .way("the object of a deleted account is deleted", async || {
            let adx = json!({"spec": {"serviceAccountName": "adx"}});
            teams.patch(web, &adx).await;
            teams.delete(web).await;
            teams.still_refused(web, "ServiceAccountNotFound").await;
        })
        .await;
    teams
        .way("it is let go when it says Orphan", async || {
            let orphan = json!({"spec": {"deletionPolicy": "Orphan"}});
            teams.patch(web, &orphan).await;
            teams.until_gone(web).await;
            assert!(teams.is_edited("follower-b", "web").await, "still there");
        })
        .await;
    teams
        .honestly(
            "an account of the old name is somebody else, and as good",
            async || {
                teams.make_account(("team-b", "adx"), TEAM_B).await;
                let mine = with(
                    object("b", "web", "Web"),
                    &[("/adoptionPolicy", json!("Always"))],
                );
                teams.create(mine).await;
                teams.until_ready(web).await;
            },
        )
        .await;
    assert_eq!(teams.configurations().await, own, "as in the beginning");
    for key in OWN {
        teams.until_ready(key).await;
    }
    teams.stage.clear().await;
}
