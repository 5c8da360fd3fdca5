//! Who may do what where: role assignments on scopes. Pure.

use serde::{Deserialize, Serialize};

use crate::auth::Principal;
use crate::glob::text_matches;
use crate::world::{Role, RoleAssignment};

/// One question that ARM asked about a caller: may it do this there?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessCheck {
    /// The action, as in a role definition.
    pub action: String,
    /// The ARM id that the action was asked for.
    pub scope: String,
    /// What the roles said.
    pub allowed: bool,
}

/// The caller of one ARM call, and the checks that the call went through, in their order.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) principal: Principal,
    checks: Vec<AccessCheck>,
}

impl Access {
    pub(crate) fn of(principal: Principal) -> Self {
        Self {
            principal,
            checks: Vec::new(),
        }
    }

    /// Whether the caller may do `action` on `scope`; the answer is noted.
    pub(crate) fn allows(
        &mut self,
        assignments: Option<&[RoleAssignment]>,
        action: &str,
        scope: &str,
    ) -> bool {
        let allowed = allows(assignments, &self.principal, action, scope);
        self.checks.push(AccessCheck {
            action: action.to_owned(),
            scope: scope.to_owned(),
            allowed,
        });
        allowed
    }

    pub(crate) fn into_checks(self) -> Vec<AccessCheck> {
        self.checks
    }
}

/// Whether `principal` may do `action` on `scope`. No list of assignments means everyone may do everything.
fn allows(
    assignments: Option<&[RoleAssignment]>,
    principal: &Principal,
    action: &str,
    scope: &str,
) -> bool {
    let Some(assignments) = assignments else {
        return true;
    };
    assignments.iter().any(|assignment| {
        let RoleAssignment {
            principal: who,
            scope: at,
            role,
        } = assignment;
        let is_caller = who.eq_ignore_ascii_case(&principal.client_id)
            || who.eq_ignore_ascii_case(&principal.object_id);
        is_caller && covers(at, scope) && permits(role, action)
    })
}

/// Whether `scope` is `outer` or lies below it, segment by segment and without case.
fn covers(outer: &str, scope: &str) -> bool {
    let outer = outer.trim_matches('/').to_lowercase();
    let scope = scope.trim_matches('/').to_lowercase();
    match scope.strip_prefix(&outer) {
        Some(rest) => rest.is_empty() || outer.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

fn permits(role: &Role, action: &str) -> bool {
    match role {
        Role::Owner | Role::Contributor => true,
        Role::Reader => action.to_lowercase().ends_with("/read"),
        // `*` stands for any text, slashes included.
        Role::Custom(actions) => actions
            .iter()
            .any(|pattern| text_matches(&pattern.to_lowercase(), &action.to_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: &str = "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/write";
    const READ: &str = "Microsoft.Kusto/Clusters/read";
    const CLUSTER: &str =
        "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/f1";

    #[test]
    fn roles_cover_their_scope_and_what_lies_below() {
        let custom = |actions: &[&str]| {
            Role::Custom(actions.iter().map(|action| (*action).to_owned()).collect())
        };
        for (scope, role, action, expected, reason) in [
            (
                "/subscriptions/S1",
                Role::Contributor,
                WRITE,
                true,
                "the subscription covers the cluster",
            ),
            ("/", Role::Owner, WRITE, true, "the root covers all"),
            (CLUSTER, Role::Contributor, WRITE, true, "the scope itself"),
            (
                "/subscriptions/s",
                Role::Contributor,
                WRITE,
                false,
                "a prefix of a name is another name",
            ),
            (
                "/subscriptions/s1/resourceGroups/rg2",
                Role::Contributor,
                WRITE,
                false,
                "another group",
            ),
            (
                "/subscriptions/s1",
                Role::Reader,
                READ,
                true,
                "a reader reads",
            ),
            (
                "/subscriptions/s1",
                Role::Reader,
                WRITE,
                false,
                "a reader does not write",
            ),
            (
                "/subscriptions/s1",
                custom(&[WRITE]),
                &WRITE.to_lowercase(),
                true,
                "actions compare without case",
            ),
            (
                "/subscriptions/s1",
                custom(&["Microsoft.Kusto/*/read"]),
                READ,
                true,
                "a star stands for any text",
            ),
            (
                "/subscriptions/s1",
                custom(&["Microsoft.Kusto/*/read"]),
                WRITE,
                false,
                "and nothing more",
            ),
            (
                "/subscriptions/s1",
                custom(&[]),
                READ,
                false,
                "no action, no permission",
            ),
        ] {
            let assignments = [RoleAssignment {
                principal: "ME".to_owned(),
                scope: scope.to_owned(),
                role,
            }];
            let me = Principal {
                client_id: "me".to_owned(),
                object_id: "o".to_owned(),
                tenant_id: "t".to_owned(),
            };
            assert_eq!(
                allows(Some(&assignments), &me, action, CLUSTER),
                expected,
                "{reason}"
            );
            let other = Principal {
                client_id: "you".to_owned(),
                ..me
            };
            assert!(
                !allows(Some(&assignments), &other, action, CLUSTER),
                "{reason}: not for others"
            );
        }
    }

    #[test]
    fn without_a_list_everyone_may_and_with_an_empty_one_nobody() {
        let me = Principal {
            client_id: "me".to_owned(),
            object_id: "me".to_owned(),
            tenant_id: "t".to_owned(),
        };
        assert!(allows(None, &me, WRITE, CLUSTER));
        assert!(!allows(Some(&[]), &me, WRITE, CLUSTER));
    }
}
