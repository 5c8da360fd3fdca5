//! Which ServiceAccount serves whom, and what it has to say of itself.

use super::*;

fn facts(client_id: Option<&str>, tenant_id: Option<&str>) -> AccountFacts {
    AccountFacts {
        uid: "uid-1".to_owned(),
        client_id: client_id.map(str::to_owned),
        tenant_id: tenant_id.map(str::to_owned),
    }
}

#[test]
fn an_account_serves_its_own_namespace_with_both_halves_of_its_identity() {
    let tenancy = Tenancy::Policies(OwnIdentities::Enabled);
    let own = || Wish {
        account: Some("adx"),
        ..Wish::default()
    };
    let incomplete = |annotation, flaw| Refusal::AccountIncomplete {
        name: "adx".to_owned(),
        annotation,
        flaw,
    };
    for (reason, namespace, annotated, refusal) in [
        (
            "both are there",
            "analytics",
            (Some("c-1"), Some("contoso.onmicrosoft.com")),
            None,
        ),
        (
            "blanks around an id are no part of it",
            "analytics",
            (Some(" c-1 "), Some("t-1\n")),
            None,
        ),
        (
            "an account of that name elsewhere is somebody else's",
            "other",
            (Some("c-1"), Some("t-1")),
            Some(Refusal::AccountNotFound {
                name: "adx".to_owned(),
                named_by: NamedBy::Object,
            }),
        ),
        (
            "no client",
            "analytics",
            (None, Some("t-1")),
            Some(incomplete(CLIENT_ID_ANNOTATION, Flaw::Missing)),
        ),
        (
            "no tenant",
            "analytics",
            (Some("c-1"), None),
            Some(incomplete(TENANT_ID_ANNOTATION, Flaw::Missing)),
        ),
        (
            "an empty tenant",
            "analytics",
            (Some("c-1"), Some(" ")),
            Some(incomplete(TENANT_ID_ANNOTATION, Flaw::Missing)),
        ),
        (
            "a way up",
            "analytics",
            (Some("c-1"), Some("../common")),
            Some(incomplete(TENANT_ID_ANNOTATION, Flaw::Malformed)),
        ),
        (
            "a path",
            "analytics",
            (Some("c-1"), Some("t/oauth2")),
            Some(incomplete(TENANT_ID_ANNOTATION, Flaw::Malformed)),
        ),
        (
            "only periods",
            "analytics",
            (Some("c-1"), Some("..")),
            Some(incomplete(TENANT_ID_ANNOTATION, Flaw::Malformed)),
        ),
        (
            "a query",
            "analytics",
            (Some("c?x=1"), Some("t-1")),
            Some(incomplete(CLIENT_ID_ANNOTATION, Flaw::Malformed)),
        ),
        (
            "encoded",
            "analytics",
            (Some("c%2f"), Some("t-1")),
            Some(incomplete(CLIENT_ID_ANNOTATION, Flaw::Malformed)),
        ),
    ] {
        let mut known = known(vec![]);
        let (client_id, tenant_id) = annotated;
        known.accounts.put(
            (namespace.to_owned(), "adx".to_owned()),
            facts(client_id, tenant_id),
        );
        match (own().judged(&tenancy, &known), refusal) {
            (Access::Granted(Identity::Account(account)), None) => {
                assert_eq!(account.client_id, "c-1", "{reason}");
                assert_eq!(
                    (account.namespace.as_str(), account.uid.as_str()),
                    ("analytics", "uid-1")
                );
            }
            (found, refusal) => assert_eq!(Some(found), refusal.map(Access::Refused), "{reason}"),
        }
    }
}

#[test]
fn what_no_credential_can_be_made_of_is_told_of_the_annotation() {
    let longest = "c".repeat(253);
    let longer = "c".repeat(254);
    for (id, flaw) in [
        ("c", None),
        (longest.as_str(), None),
        (longer.as_str(), Some(Flaw::Malformed)),
        ("-c", Some(Flaw::Malformed)),
        (".c", Some(Flaw::Malformed)),
        ("{c}", Some(Flaw::Malformed)),
        ("\t", Some(Flaw::Missing)),
    ] {
        let mut known = known(vec![]);
        known.accounts.put(
            ("analytics".to_owned(), "adx".to_owned()),
            facts(Some(id), Some("t")),
        );
        let found = known.account("analytics", "adx", NamedBy::Object);
        let refusal = flaw.map(|flaw| Refusal::AccountIncomplete {
            name: "adx".to_owned(),
            annotation: CLIENT_ID_ANNOTATION,
            flaw,
        });
        assert_eq!(found.err(), refusal, "{id:?}");
    }
}

#[test]
fn the_settings_say_whose_identity_it_can_be() {
    let mut known = known(vec![policy(&json!({}))]);
    known.accounts.put(
        ("analytics".to_owned(), "adx".to_owned()),
        facts(Some("c"), Some("t")),
    );
    let lockdown = || Tenancy::Lockdown {
        default_account: "adx".to_owned(),
    };
    let (named, unnamed) = (Some("adx"), None);
    for (tenancy, account, served) in [
        (
            Tenancy::Policies(OwnIdentities::Enabled),
            unnamed,
            "operator",
        ),
        (Tenancy::Policies(OwnIdentities::Enabled), named, "account"),
        (
            Tenancy::Policies(OwnIdentities::Disabled),
            unnamed,
            "operator",
        ),
        (
            Tenancy::Policies(OwnIdentities::Disabled),
            named,
            "disabled",
        ),
        (
            Tenancy::AllowAll(OwnIdentities::Enabled),
            unnamed,
            "operator",
        ),
        (Tenancy::AllowAll(OwnIdentities::Enabled), named, "account"),
        (
            Tenancy::AllowAll(OwnIdentities::Disabled),
            named,
            "disabled",
        ),
        (lockdown(), unnamed, "account"),
        (lockdown(), named, "account"),
        (lockdown(), Some("missing"), "not found"),
    ] {
        let found = Wish {
            account,
            ..Wish::default()
        }
        .judged(&tenancy, &known);
        let said = match found {
            Access::Granted(Identity::Operator) => "operator",
            Access::Granted(Identity::Account(_)) => "account",
            Access::Refused(Refusal::OwnIdentityDisabled) => "disabled",
            Access::Refused(Refusal::AccountNotFound { .. }) => "not found",
            Access::Refused(refusal) => panic!("{refusal:?}"),
        };
        assert_eq!(said, served, "{tenancy:?} {account:?}");
    }
    let elsewhere = Wish {
        namespace: "other",
        ..Wish::default()
    };
    assert_eq!(
        elsewhere.judged(&lockdown(), &known),
        Access::Refused(Refusal::AccountNotFound {
            name: "adx".to_owned(),
            named_by: NamedBy::Operator
        }),
        "in a lockdown the operator's identity is nobody's, whatever a policy says"
    );
}
